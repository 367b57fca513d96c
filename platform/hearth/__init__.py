"""The web service of the federation, one folder per feature."""
