"""Placeholder."""

from typing import Any


def add_to(organisations: Any) -> None:
    """Nothing yet."""
