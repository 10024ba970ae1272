"""The parts about paths: every route of the server, and the operations of the API with what they hold."""

import asyncio
import logging
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from markdown import table

from callgate.app import running
from callgate.config import DatabaseSettings, KeySettings, Settings
from callgate.model import operation
from callgate.model.operation import Operation
from callgate.web.development import development_table
from callgate.web.door import Family
from callgate.web.openapi import describe_server, read_document
from callgate.web.pages import ApiField
from callgate.web.routes import endpoints


def routes() -> Iterator[str]:
    """Every path of the server in one table."""
    families = {Family.OAUTH: "OAuth", Family.API: "API", Family.PAGE: "a page to browsers, OAuth to others"}
    yield table(
        ("path", "methods", "errors"),
        (
            (f"`{path}`", ", ".join(methods), families[family])
            for path, (family, methods) in asyncio.run(_routes()).items()
            if not path.startswith("/static/")
        ),
    )


def operations() -> Iterator[str]:
    """The resource API, each operation under a heading: what it asks of the app and of the person."""
    for each in vars(operation).values():
        if isinstance(each, Operation):
            yield f"### {each.method} {each.path}"
            asked = f"Scope of the app: {_scope(each)}. Permission of the person: {_asked(each)}."
            yield f"{each.summary}. {asked} [Weighs](limits.md#rates) `{each.group.value}`."


def reference() -> Iterator[str]:
    """What requests and replies hold, as the server describes itself."""
    page = read_document(describe_server("https://gate.example"), url="")
    for chapter in page.chapters:
        yield f"## {chapter.name}\n\n{chapter.about}"
        for each in chapter.operations:
            yield f"### {each.id}\n\n`{each.method} {each.path}`: {each.summary}."
            if each.about:
                yield each.about
            if each.parameters:
                yield _members("parameter", each.parameters)
            told = [("Body", each.takes), ("Answer", each.gives)]
            kinds = [f"{word}: {', '.join(_shape(*kind) for kind in found)}." for word, found in told if found]
            if kinds:
                yield " ".join(kinds)
    yield "## What is sent and answered"
    for shape in page.shapes:
        yield f"### {shape.name}\n\n{shape.about}"
        yield _members("member", shape.fields)


def _members(what: str, fields: Iterable[ApiField]) -> str:
    rows = [
        (f"`{each.name}`", _shape(each.kind, each.shape), "always" if each.is_required else "", each.about)
        for each in fields
    ]
    needed = "required" if what == "parameter" else "there"
    return table((what, "kind", needed, "what it is"), rows)


def _shape(kind: str, shape: str | None) -> str:
    return f"[{kind}](#{shape.lower()})" if shape else f"`{kind}`"


def _scope(each: Operation) -> str:
    return f"`{each.scope}`" if each.scope else "none"


def _asked(each: Operation) -> str:
    own, others = (" or ".join(f"`{name}`" for name in names) for names in (each.own_permissions, each.permissions))
    if not others:
        return "none"
    return f"{own or 'none'} for one’s own, {others} for others’" if "{extensionId}" in each.path else others


async def _routes() -> dict[str, tuple[Family, list[str]]]:
    """The real table of a real server, which is opened in an empty folder and never listens."""
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        empty = Settings(
            database=DatabaseSettings(url=f"sqlite:///{folder}/callgate.db"),
            keys=KeySettings(key_encryption_key_file=Path(folder) / "kek"),
        )
        async with running(empty, development=True) as server:
            table = endpoints(server.context) | development_table(server.context)
            return {path: (family, list(handlers)) for path, (family, handlers) in table.items()}
