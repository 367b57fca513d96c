"""What every host answers to machines: reports of blocked scripts, security contact, robots."""
