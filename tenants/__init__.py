"""Whose data is this: registry, roles, sessions, provisioning and migrations of organisations."""
