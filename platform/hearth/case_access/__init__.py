"""Who may open one family's file besides those whose work it is, and files that few may open.

* **grant** – one family opened to one colleague for a reason, from when to when; never to oneself.
* **restriction** – a family whose file opens by grant alone: a colleague's relative, or somebody
  who is threatened by a person with friends among us.
"""
