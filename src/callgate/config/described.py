"""Settings described, for people: what each is, what it may be, and what it is set to."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from callgate.config.database import shown_url
from callgate.config.reading import variable_of
from callgate.config.sections import Settings


class SettingEntry(NamedTuple):
    """One setting as documents and `config check` show it: a secret's value is masked, an empty one unset."""

    key: str
    variable: str
    kind: str
    default: str
    value: str
    description: str


@dataclass(frozen=True, slots=True)
class SectionEntry:
    """One section: its name in the file, what it is about, its settings."""

    name: str
    description: str
    settings: tuple[SettingEntry, ...]


def describe(settings: Settings) -> tuple[SectionEntry, ...]:
    """Every section and setting, with what it is and what it is set to."""
    return tuple(_describe_section(name, getattr(settings, name)) for name in Settings.model_fields)


def _describe_section(name: str, section: BaseModel) -> SectionEntry:
    fields = type(section).model_fields
    entries = tuple(_describe(f"{name}.{key}", field, value=getattr(section, key)) for key, field in fields.items())
    return SectionEntry(name, (type(section).__doc__ or "").strip(), entries)


def _describe(key: str, field: FieldInfo, *, value: object) -> SettingEntry:
    return SettingEntry(
        key=key,
        variable=variable_of(key),
        kind=_kind(field.annotation),
        default=_text(field.default),
        value=_text(value),
        description=" ".join((field.description or "").split()),
    )


def _kind(annotation: object) -> str:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " | ".join(str(member.value) for member in annotation)
    return "true | false" if annotation is bool else "number" if annotation in {int, int | None} else "text"


def _text(value: object) -> str:
    match value:
        case None | ():
            return ""
        case SecretStr():
            return "********"
        case bool():
            return str(value).lower()
        case Enum():
            return str(value.value)
        case str():
            return shown_url(value)
        case tuple():
            return ", ".join(str(part) for part in value)
        case _:
            return str(value)
