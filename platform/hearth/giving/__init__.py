"""Gifts, the payments that carry them and the funds they are meant for.

A **fund** is a purpose with a goal; a **donor** gives a **gift** for one fund. A **payment** is one
attempt to bring the money; a **refund** gives some of it back. The provider is spoken to through a
**gateway** and answers with **snapshots**: what a payment looks like at this moment. Snapshots come
twice, late and in any order, so a payment's state only moves forward and each effect – ledger
entry, mail – has a key that lets it happen once. Thanks and receipt follow the money, never the
return page.
"""
