"""Documents in a family's file: added with a title, opened by link, withdrawn with a reason.

A document is never deleted by hand. One that was withdrawn stays on the list, closed.
"""
