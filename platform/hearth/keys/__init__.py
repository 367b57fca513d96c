"""The administrator's page about the organisation's key: who keeps it, unlocking and locking."""
