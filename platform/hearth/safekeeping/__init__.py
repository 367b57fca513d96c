"""An organisation's data, kept and handed back.

* **backup** – everything of one organisation at one moment, sealed with its own key.
* **restore** – a backup comes back; who was erased stays so, and what was closed stays closed.
* **drill** – a backup is restored to scratch, looked over, and dropped again.
* **export** – everything in words and numbers that any program can read.
* **off-boarding** – export, destruction, and a certificate that names two people.
"""
