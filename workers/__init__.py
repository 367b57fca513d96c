"""The doors of the background: thin RQ jobs that call the same services as the pages."""
