"""Effects that must happen exactly once, kept in PostgreSQL until they have happened.

* **inbox** – a provider's event that this organisation has handled; handling it again does nothing.
* **outbox** – something that must reach the outside (a mail); it stays until it was delivered.
* **wake-up** – a message through Redis that there is work; losing one only costs a little time.
"""
