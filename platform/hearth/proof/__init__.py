"""Proof, for people outside, that no organisation reaches another's data.

* **probe organisation** – one of two that are made for the proof and removed after it.
* **belongings** – one of everything, so that every id in every address is a real one.
* **canary** – a word that stands in one organisation's data and must never be seen elsewhere.
* **surprise** – an answer that is not the one that was promised; the proof ends red.
"""
