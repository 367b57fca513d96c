"""Answers to whoever runs the house: is the process alive, and can it serve."""
