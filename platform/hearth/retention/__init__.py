"""How long data are kept, and how they end: after a notice to a human, and with a certificate.

* **clock** – runs from the day a case was closed, a request was decided, a gift was the last one.
* **notice** – thirty days in which somebody may keep the data longer, with a reason.
* **ends soon** – the page with everything whose clock has run out.
"""
