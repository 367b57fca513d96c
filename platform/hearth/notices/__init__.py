"""What every host answers to machines: blocked scripts reported, whom to tell about a hole, robots."""
