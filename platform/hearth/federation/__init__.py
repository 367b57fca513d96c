"""The federation's pages: what all organisations did together, read from protected cubes alone.

Board    the pages' figures: one sheet for each indicator over a range of whole months.
Sheet    one indicator by region and month, with the sums of what is shown.
Region   an organisation's region, by the name the registry gives it in the reader's language.

Nobody is in these figures twice over within an organisation and month, but the federation cannot
know that two organisations helped one family: its totals are sums of per-organisation counts.
"""
