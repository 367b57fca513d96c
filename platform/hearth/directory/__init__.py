"""The page at the platform's own address: which organisations work here, and where they live."""
