"""An organisation's own figures, exact, for those of its staff who may read numbers.

Report       the page's figures over a range of whole months, oldest month first.
Running      the month that is not over; it is counted up to and including yesterday.
Line         one indicator: its count in every month, over the whole range, and in the range before.
Over all     the count over the complete months of the range, counted anew over all their days, so
             that a family helped in March and in April is one family; months are never added up.
Before       as many complete months, just before; nothing where the organisation's figures did not
             yet reach back so far.

Nothing here crosses the organisation's border: that is for protected cubes alone.
"""
