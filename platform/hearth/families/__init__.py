"""The families an organisation accompanies, as cases of their own.

Household    a mother (or another carer) and her children, one case with one readable number.
Episode      the time from opening to closing a case; a family that returns begins a new one.
Member       a person's time in a household, dated; a correction is a new fact, never an overwrite.
Needs        what a family asked for when an episode began: several, one of them the primary need.
Key worker   the person of the organisation who accompanies the family at a given time.
File read    one look into a family's file, kept for good.
"""
