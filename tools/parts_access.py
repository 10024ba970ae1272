"""The parts about what apps and people may: scopes, permissions, kinds of apps, switches."""

import inspect
import re
from collections.abc import Iterator

from markdown import coded, table

from callgate.model.client import AppKind, GrantType, Switch, grants_possible
from callgate.model.permission import PERMISSIONS
from callgate.model.scope import SCOPES, covers


def scopes() -> Iterator[str]:
    """Scopes that bring others along, then the rest."""
    wide = {name: sorted(each for each in SCOPES if each != name and covers([name], each)) for name in sorted(SCOPES)}
    yield table(("scope", "includes"), ((f"`{name}`", coded(included)) for name, included in wide.items() if included))
    yield f"Without others: {coded(name for name, included in wide.items() if not included)}."


def permissions() -> Iterator[str]:
    """What a role may carry."""
    yield table(
        ("permission", "lets people", "with it come"),
        (
            (f"`{name}`", each.about[0].lower() + each.about[1:], coded(each.included))
            for name, each in PERMISSIONS.items()
        ),
    )


def app_kinds() -> Iterator[str]:
    """Which grants an app of each kind may have; kinds that are alike share a row."""
    alike: dict[tuple[str, str], list[str]] = {}
    for kind in AppKind:
        private, public = (_grants(kind, private=private) for private in (True, False))
        alike.setdefault((private, public), []).append(kind.value)
    yield table(
        ("kind", "private app", "public app"),
        (
            (coded(kinds), private, "the same" if public == private else public)
            for (private, public), kinds in alike.items()
        ),
    )


def switches() -> Iterator[str]:
    """Deviations an app may be given, in the words of the enumeration's own docstrings."""
    source = inspect.getsource(Switch)
    about = dict(re.findall(r'    (\w+) = "\w+"\n    """(.*?)"""', source, re.DOTALL))
    yield table(
        ("switch", "with it on"),
        ((f"`{switch.value}`", _SOURCE.sub("", " ".join(about[switch.name].split()))) for switch in Switch),
    )


_SOURCE = re.compile(r" \((?:ruling|protocol\.md|architecture\.md)[^)]*\)")
"""Where a rule comes from matters to who changes the code, not to who reads the page."""


def _grants(kind: AppKind, *, private: bool) -> str:
    possible = grants_possible(kind, private=private)
    return ", ".join(f"`{grant.value.rpartition(':')[2]}`" for grant in GrantType if grant in possible)
