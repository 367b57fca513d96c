"""Staff accounts: who works here, what they may do, and whether this request is theirs.

* **user** – a member of one organisation's staff, or of the federation's; never of both at once.
* **role** – what somebody is here (social worker, bookkeeper …); a role is a set of permissions.
* **session** – one sign-in on one host; it lives in the database and ends there.
* **guard** – the decorator that every view bears: ``permit`` with a permission, or ``public``.
"""
