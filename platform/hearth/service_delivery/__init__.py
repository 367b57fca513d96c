"""What was done with and for a family, one entry per service.

Service      something done on a day for a household: a visit, a talk, legal help, food, a lesson.
Recipients   the persons it was for, among those who belonged to the household.
Mode         where it took place: with us, at the family's home, from a distance, or elsewhere.
Correction   a new entry that supersedes a wrong one. Cancellation: an entry that never happened.
             Neither erases anything: what was once recorded can still be read.
"""
