"""The whole service on one machine, with sample data: for trying it out, never in production.

Words used here:

* **step** – one thing done on the way to a running demo, shown with the time it took.
* **part** – a server or process that the demo keeps running: database, queue, web, workers.
* **supervisor** – starts the parts in order, restarts one that dies, stops them in reverse.
* **mail catcher** – an SMTP server that delivers nothing and shows every message on a page.
"""
