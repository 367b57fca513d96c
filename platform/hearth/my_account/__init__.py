"""One's own account: name and language, password, second factors, sessions, and keys for programs.

* **second factor** – what somebody has beside the password: an app with codes, or a passkey.
* **recovery code** – one of ten for the day the telephone is lost; each works once.
* **key for programs** – lets a program read figures in its owner's name, for a while.
"""
