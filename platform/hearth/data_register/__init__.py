"""What we hold, about whom and why: the register of processing, read off the tables themselves.

* **register** – every column of every table with its class, its purpose, ground and group; a new
  slice is in it by its ``__record__`` and needs no other list.
* **legal profile** – what the law of the organisation's country says of clocks and periods.
* **paper** – a page set as a PDF, for an authority, a mother or a folder.
"""
