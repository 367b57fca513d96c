"""A look at one closed case in an emergency: allowed at once, told at once, reviewed afterwards.

* **look** – one case, one colleague, one hour, with a reason that somebody else will read.
* **review** – what somebody else decided about a look; it is due on the third working day.
"""
