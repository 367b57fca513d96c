"""The revisions of the database of keys, which holds nothing else."""
