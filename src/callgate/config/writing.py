"""Settings written: a TOML file that `reading` reads to the same settings, but for secrets, which it never holds."""

import json
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

from pydantic import BaseModel, SecretStr

from callgate.config.sections import Settings


def render_settings(settings: Settings) -> str:
    """The file's text: every setting that is not as it is by itself. Paths in it are absolute."""
    sections = ((name, getattr(settings, name)) for name in Settings.model_fields)
    written = ((name, tuple(_changed(section))) for name, section in sections)
    return "\n".join(f"[{name}]\n" + "".join(f"{line}\n" for line in lines) for name, lines in written if lines)


def _changed(section: BaseModel) -> Iterator[str]:
    for name, field in type(section).model_fields.items():
        value: object = getattr(section, name)
        if value != field.default and not isinstance(value, SecretStr):
            yield f"{name} = {_toml(value)}"


def _toml(value: object) -> str:
    match value:
        case bool() | int():
            return json.dumps(value)
        case Enum():
            return _text(str(value.value))
        case Path():
            return _text(str(value.absolute()))
        case tuple():
            return f"[{', '.join(_text(str(part)) for part in value)}]"
        case _:
            return _text(str(value))


def _text(text: str) -> str:
    """A basic string: JSON's, and the one control character that JSON takes as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
