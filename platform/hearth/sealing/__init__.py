"""Seals personal data with a key per person, kept apart from the data it opens.

A model names a field's class and whose it is; everything else follows from that: the column, the
encryption when it is written, the key when it is read, and the index under which it is found.
"""

# Whoever declares a sealed field needs the flush that seals it.
from hearth.sealing import flushing as flushing
from hearth.sealing.fields import sealed as sealed
from hearth.sealing.fields import sealed_bytes as sealed_bytes
from hearth.sealing.fields import sealed_record as sealed_record
from hearth.sealing.kinds import Kind as Kind
