"""Where payment providers tell what happened: check the signature, keep the ids, answer."""
