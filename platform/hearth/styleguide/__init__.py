"""Every token, macro and page kind on pages of their own, in each theme by day and by night.

For whoever builds a page: look here first, use what is there, invent nothing. The pages show sample
data only, ask no database, and are not part of a production site.
"""
