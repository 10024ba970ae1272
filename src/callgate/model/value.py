"""Values made for every request: frozen for whoever reads and checks the source, and cheap to make.

`dataclass(frozen=True)` stops assignments while the program runs, and takes three times as long to make one: its own
`__init__` may not assign either. mypy stops them before it runs, for both kinds alike.
"""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """A frozen slotted dataclass for the hot path, in place of `dataclass(frozen=True, slots=True)`."""
    made: type[T] = dataclass(slots=True, unsafe_hash=True)(cls)
    return made


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def keyword_value(cls: type[T]) -> type[T]:
    """The same with fields by keyword, for more than two."""
    made: type[T] = dataclass(slots=True, unsafe_hash=True, kw_only=True)(cls)
    return made
