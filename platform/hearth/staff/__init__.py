"""The people who work in an organisation: who they are here, and when that ended.

* **colleague** – a member of staff with an account on this organisation's host.
* **role** – what somebody is here; it opens pages at the next request, and closes them.
* **disabled** – the account is closed and its sessions are worth nothing; it is never deleted,
  because what the person did stays signed with the name.
"""
