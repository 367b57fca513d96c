"""The revisions of schema ``shared``."""
