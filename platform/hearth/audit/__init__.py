"""Who looked at whom, and who changed what: two records that nobody can rewrite unnoticed.

* **event** – something that was done, as the next link of the organisation's chain: each holds the
  hash of the one before. Facts name fields and codes, never contents.
* **read** – a page or a list that showed somebody; with whom it showed and to whom.
* **head** – the hash of the newest event, signed.
* **anchor** – a head that was kept outside the database, so that a cut end is noticed too.
"""
