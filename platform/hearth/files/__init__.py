"""Files people hand in: looked through, cleaned, kept with the organisation, handed out elsewhere.

To *clean* a file is to write it anew from what can be seen of it, so that nothing else comes along.
A *link* opens one file once, within a minute, on a host that has no cookies and no pages.
"""
