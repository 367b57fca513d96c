"""What people may ask about their own data: to see, correct, take along, object, be forgotten.

* **request** – somebody asks for a person, a donor or a colleague; a clock runs from that day.
* **safeguarding check** – a look at who asks: an abuser may ask for a child's file, so that no
  such file is given out by itself.
* **redaction queue** – everything that may tell of somebody else; a person reads each entry.
* **proposal** – one person asks for an erasure, another one decides.
* **legal hold** – while it stands, nothing of its subject is erased.
"""
