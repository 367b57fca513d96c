"""The pages of the records: who looked at a family, and everything that was done."""
