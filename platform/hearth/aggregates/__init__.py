"""Protected figures: what an organisation may tell the federation without telling on anybody.

Indicator     what is counted, stated by a slice (`hearth.indicators`).
Lattice       every cell of an indicator's closed dimensions, zeros included.
Margin        the sum of a lattice along some of its dimensions; the last one is the grand total.
Small count   an exact count from 1 to base - 1. It never leaves the organisation.
Protected cube  a lattice in which each small count became 0 or the base; frozen once published.
Snapshot      one drawing of the secret weights for one period; there is never a second.
Publication   the organisation's own record of what it published, and the cube itself.

Only months are published. A quarter rounded apart from its three months could give them away: if
the quarter says 12 families and each month says 0 (that is, 0 to 4), every month had exactly four.
"""
