"""One way to give out only what a reader may see: views that copy a row field by field.

A view is a frozen dataclass whose every field names its class of data. A field of a class that the
reader does not have is covered; a field without a class refuses to be defined.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar, dataclass_transform

from hearth.data_classes import FieldClass

Sees = Callable[[FieldClass], bool]
View = TypeVar("View")
_KEY = "field_class"


def of_class(field_class: FieldClass | None, *, hidden: Any = None) -> Any:
    """A field of a view: its class of data (None: everybody's who sees the row), and its cover."""
    return dataclasses.field(metadata={_KEY: field_class, "hidden": hidden})


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(of_class,))
def view(cls: type[View]) -> type[View]:
    """Make a frozen view of a class whose every field says what kind of data it holds."""
    made = dataclasses.dataclass(frozen=True, kw_only=True)(cls)
    unclassed = [f.name for f in dataclasses.fields(made) if _KEY not in f.metadata]  # type: ignore[arg-type]
    if unclassed:
        raise TypeError(f"{cls.__name__}: nobody says what kind of data {unclassed} hold")
    return made


def seen(kind: type[View], row: object, sees: Sees, /, **known: Any) -> View:
    """Copy what a reader may see of a row; ``known`` stands in for attributes of the row."""
    values = {}
    for one in dataclasses.fields(kind):  # type: ignore[arg-type]
        field_class = one.metadata[_KEY]
        if field_class is None or sees(field_class):
            values[one.name] = known[one.name] if one.name in known else getattr(row, one.name)
        else:
            values[one.name] = one.metadata["hidden"]
    return kind(**values)


def classes_of(kind: type[Any]) -> dict[str, FieldClass | None]:
    """The fields of a view with their classes, for the tests and the register."""
    return {one.name: one.metadata[_KEY] for one in dataclasses.fields(kind)}
