"""What the environment says: settings, logging and error reporting. Imports nothing of ours."""
