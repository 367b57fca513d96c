"""When something went wrong with people's data: what to do, by when, and whom to tell safely.

* **incident** – what happened, and the moment from which the law's clocks run.
* **entry** – one dated fact, measure or notice; a wrong one is corrected by another entry.
* **search** – a question that finds whose data are concerned; its answer is frozen.
* **safe notice** – telling a person by a way that brings her into no danger, and ticking it off.
"""
