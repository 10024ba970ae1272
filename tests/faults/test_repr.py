"""What a value says of itself (repr, str) hides the secrets it carries: it may stand in a trace, a log, a debugger.

Every value class of the product is made from its annotations, with a mark in each text, and printed. A field whose name
says that it holds a secret must not show its mark, in its own class nor in one around it.
"""

import dataclasses
import enum
import importlib
import inspect
import itertools
import pkgutil
import re
import types
import typing
from base64 import b64encode
from typing import NamedTuple, NewType

import pytest
from pydantic import SecretStr

import callgate
from callgate.config import KeySettings, Settings, describe

SECRET = re.compile(
    r"(^|_)(secrets?|passwords?|tokens?|jwt|assertion|authorization|body|query|cookie|binding|form_state|code|codes"
    r"|verifier|wrapped|sealed|sealed_secret|password_hash|pairs|sign_in_cookie|client_secret)$"
)

PUBLIC = {
    "admin.postman_requests.Ask.code": "the code of the refusal that is expected",
    "admin.postman_requests.Ask.query": "of a file for everybody, in which secrets are variables",
    "model.faults.Fault.code": "the vendor's number of an error",
    "service.explain.Explained.code": "likewise",
    "web.pages.static.StaticFile.body": "a file anybody may fetch",
}
"""Fields whose name sounds so, and why they may be seen."""


def value_classes() -> list[type]:
    """Every dataclass and named tuple of the product."""
    found: dict[str, type] = {}
    for info in pkgutil.walk_packages(callgate.__path__, "callgate."):
        if ".migrations." in info.name:
            continue  # scripts that only Alembic can run
        module = importlib.import_module(info.name)
        for _, kind in inspect.getmembers(module, inspect.isclass):
            is_value = dataclasses.is_dataclass(kind) or (issubclass(kind, tuple) and hasattr(kind, "_fields"))
            if is_value and kind.__module__.startswith("callgate."):
                found[f"{kind.__module__}.{kind.__qualname__}"] = kind
    return [found[name] for name in sorted(found)]


class Example:
    """Makes one value of a class, marking every text, and remembers the marks of secrets."""

    def __init__(self, classes: frozenset[type]) -> None:
        self._classes = classes
        self.hidden: dict[str, str] = {}
        self._serial = itertools.count(1)

    def make(self, kind: type, depth: int = 0) -> object:
        """A value of the class."""
        hints = typing.get_type_hints(kind)
        names = (
            [f.name for f in dataclasses.fields(kind) if f.init] if dataclasses.is_dataclass(kind) else _fields(kind)
        )
        place = f"{kind.__module__.removeprefix('callgate.')}.{kind.__qualname__}"
        return kind(**{name: self._fill(hints.get(name, object), f"{place}.{name}", depth) for name in names})

    def _fill(self, hint: object, place: str, depth: int) -> object:
        may_lack, hint = hint, _plain(hint)
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if hint is str or hint is bytes:
            return self._marked(hint, place)
        if origin in {tuple, list, frozenset, set}:
            return self._collection(origin, arguments, place, depth)
        if origin is dict:
            return {self._fill(arguments[0], place, depth): self._fill(arguments[1], place, depth)}
        if isinstance(hint, type) and issubclass(hint, enum.Enum):
            return next(iter(hint))
        if hint in {int, float, bool}:
            return 1 if may_lack is hint else None
        if isinstance(hint, type) and depth < 4 and hint in self._classes:
            return self.make(hint, depth + 1)
        return None

    def _collection(self, origin: object, arguments: tuple[object, ...], place: str, depth: int) -> object:
        wanted = [each for each in arguments if each is not Ellipsis]
        filled = [self._fill(each, place, depth) for each in wanted]
        return {tuple: tuple, list: list, frozenset: frozenset, set: set}[origin](filled)  # type: ignore[index] # one of them

    def _marked(self, hint: object, place: str) -> str | bytes:
        mark = f"mark{next(self._serial):04d}"
        if SECRET.search(place.rpartition(".")[2]) and place not in PUBLIC:
            self.hidden[mark] = place
        return mark if hint is str else mark.encode()


def shown(value: object, example: Example) -> list[str]:
    """The places of secrets that a value tells."""
    said = f"{value!r} {value!s} {value}"
    return [place for mark, place in example.hidden.items() if mark in said]


def _fields(kind: type) -> list[str]:
    return list(getattr(kind, "_fields", ()))


def _plain(hint: object) -> object:
    """Without Annotated, NewType and None."""
    while True:
        if isinstance(hint, NewType):
            hint = hint.__supertype__
        elif typing.get_origin(hint) is typing.Annotated:
            hint = typing.get_args(hint)[0]
        elif typing.get_origin(hint) in {typing.Union, types.UnionType}:
            hint = next(each for each in typing.get_args(hint) if each is not type(None))
        else:
            return hint


_CLASSES = frozenset(value_classes())


class Careless(NamedTuple):
    """A breach."""

    client_id: str
    client_secret: str


@dataclasses.dataclass(frozen=True, slots=True)
class Around:
    """A breach inside another value."""

    name: str
    inner: Careless


@pytest.mark.parametrize("kind", [Careless, Around])
def test_a_told_secret_is_found_when_one_is_planted(kind: type) -> None:
    """A walk that finds nothing must be one that could have."""
    example = Example(frozenset({Careless, Around}))
    assert shown(example.make(kind), example) == [f"{Careless.__module__}.Careless.client_secret"]


def test_settings_hide_the_key() -> None:
    """The one secret that settings may hold."""
    text = b64encode(bytes(range(32))).decode()
    settings = Settings(keys=KeySettings(key_encryption_key=SecretStr(text)))
    assert text not in f"{settings!r} {settings!s} {describe(settings)!r}"


@pytest.mark.parametrize("kind", value_classes(), ids=lambda kind: f"{kind.__module__}.{kind.__qualname__}")
def test_no_value_tells_the_secrets_it_carries(kind: type) -> None:
    """Not its own, nor those of values inside it."""
    example = Example(_CLASSES)
    assert shown(example.make(kind), example) == []
