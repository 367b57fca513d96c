"""What somebody agreed to: for which purpose, towards whom, until when, and that it can end.

* **consent** – one purpose, one text in one version and language, one giver.
* **assent** – a child's own yes beside its guardian's, from the age the legal profile names.
* **withdrawal** – takes effect within a day; what has to stop then is ticked off.
"""
