"""The page by which an organisation is known: what happens here, for whom, and how to help.

A **house text** holds one organisation's own words and facts; a house without one of its own gets
words that are true of every house. Progress comes from the funds as they stand.
"""
