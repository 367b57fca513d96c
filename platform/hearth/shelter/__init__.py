"""Houses, the places in them, and the nights families sleep there.

House: a crisis flat, a shelter or a family house, open from a day on and perhaps until another.
Place: one bed or cot of a house, with its own days of being open.
Stay: one household under our roof, from the day of admission to the day it leaves; until when is
agreed with each family (`planned_until`) and may be agreed anew.
Stay place: who sleeps where from one day to another. The first night counts, the last day does not:
`[from, to)`. A baby may share the mother's bed and then has no place of its own.
Bed night: one person asleep at midnight. No place has two sleepers and no person two places in
one night; the database itself refuses it.
Stay change: what was decided about a stay, when and by whom. It is written once and never altered.
"""
