"""The file of one family: everything the other features know about it, on one page.

It stands above families, intake, shelter and services and owns no table. Whatever has a date lands
on one *timeline*. Closing a case is decided here too, because only here is it known whether the
family still sleeps in one of the houses.
"""
