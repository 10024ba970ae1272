"""A description made strict: replies hold what is described and not a member more.

What is published tells clients to bear with members they do not know; a test does not.
"""

from collections.abc import Iterator
from typing import Any


def tighten(document: dict[str, Any]) -> None:
    """Close every object of replies; what is asked with stays open: the server ignores what it does not know."""
    schemas = document["components"]["schemas"]
    asked: set[str] = set()
    operations = [each for path in document["paths"].values() for each in path.values()]
    pending = [name for each in operations for name in _named(each.get("requestBody"))]
    while pending:
        name = pending.pop()
        if name not in asked:
            asked.add(name)
            pending += _named(schemas[name])
    for name, schema in schemas.items():
        if name not in asked:
            _close(schema)


def _named(value: Any) -> Iterator[str]:  # noqa: ANN401 - JSON as it came
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"].rpartition("/")[2]
        for each in value.values():
            yield from _named(each)
    elif isinstance(value, list):
        for each in value:
            yield from _named(each)


def _close(value: Any) -> None:  # noqa: ANN401 - JSON as it came
    if isinstance(value, dict):
        if "properties" in value:
            value["additionalProperties"] = False
        for each in value.values():
            _close(each)
    elif isinstance(value, list):
        for each in value:
            _close(each)
