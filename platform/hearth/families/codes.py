"""Columns that hold one code of a closed list, and how the database keeps to the list."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, Enum


def code_column(codes: type[StrEnum]) -> Enum:
    """A text column that reads and writes members of ``codes`` by their value."""
    return Enum(
        codes,
        native_enum=False,
        create_constraint=False,
        length=30,
        values_callable=lambda members: [member.value for member in members],
    )


def one_of(column: str, codes: type[StrEnum]) -> CheckConstraint:
    """The check that refuses any other code; named after its column."""
    listed = ", ".join(f"'{code.value}'" for code in codes)
    return CheckConstraint(f"{column} IN ({listed})", name=column)
