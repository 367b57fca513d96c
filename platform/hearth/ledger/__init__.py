"""The books: what came in, what it is meant for and what it cost, in double entry.

A **ledger transaction** is one fact of money with an *effect key*, so that it is booked once,
however often its news arrives. It has two or more **entries** that sum to zero in each currency; a
positive amount is a debit, a negative one a credit. An entry belongs to an **account** of the chart
and may be earmarked for a **fund**. Nothing is ever changed or deleted: a mistake is put right by a
**reversal**, which is a transaction of its own. The database keeps these rules by itself.
"""
