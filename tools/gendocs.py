"""Write the parts of docs/ that the code already says: settings, commands, faults, endpoints, the diagram of imports.

`python tools/gendocs.py` writes; `--check` writes nothing and fails when a file would change. A page says where its
part goes: everything between `<!-- begin: NAME -->` and `<!-- end: NAME -->` is replaced. Prose belongs outside.
"""

import asyncio
import inspect
import logging
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import typer.main
from import_diagram import draw_imports
from typer.core import TyperArgument, TyperGroup, TyperOption

from callgate.admin.cli import EPILOG, build_cli
from callgate.admin.saml_mends import BESIDES, MENDS
from callgate.app import running
from callgate.config import DatabaseSettings, KeySettings, Settings, describe
from callgate.model import (
    api_faults,
    authorize_faults,
    credential_faults,
    device_faults,
    faults,
    grant_faults,
    issuer_faults,
    mfa_faults,
    operation,
    sso_faults,
)
from callgate.model.client import AppKind, GrantType, Switch, grants_possible
from callgate.model.faults import Fault
from callgate.model.operation import Operation
from callgate.model.permission import PERMISSIONS
from callgate.model.saml import SamlCheck
from callgate.model.scope import SCOPES, covers
from callgate.web.development import development_table
from callgate.web.door import Family
from callgate.web.openapi import describe_server, read_document
from callgate.web.pages import ApiField
from callgate.web.routes import endpoints

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
DIAGRAM = DOCS / "images/floors.svg"

WHERE = {
    faults: "Every OAuth endpoint",
    authorize_faults: "At the authorize endpoint and its pages",
    grant_faults: "At the token endpoint, and at sign-in",
    device_faults: "At the device grant's endpoint and page, and at the token endpoint for its codes",
    issuer_faults: "At the token endpoint, for an outside issuer's token",
    sso_faults: "At single sign-on",
    mfa_faults: "At second factors, and where people change how they sign in",
    credential_faults: "Where people make JWT credentials",
    api_faults: "At the API",
}
"""Module of the catalogue -> who answers with its rows."""

ALWAYS = frozenset({"--json", "--config", "--help"})
"""Options that every command has; they are described once."""


def settings() -> Iterator[str]:
    """Each setting under a heading of its own."""
    for section in describe(Settings()):
        yield f"## [{section.name}]\n\n{section.description}"
        for entry in section.settings:
            default = f"`{entry.default}`" if entry.default else "none"
            yield f"### {entry.key}\n\n{entry.description}"
            yield f"- Values: {_choices(entry.kind)}. Default: {default}.\n- Variable: `{entry.variable}`"


def commands() -> Iterator[str]:
    """Each command under a heading of its own: what it does, how it is called, its options."""
    cli = typer.main.get_command(build_cli())
    assert isinstance(cli, TyperGroup)
    for name, command in cli.commands.items():
        if not isinstance(command, TyperGroup):
            yield from _command(f"callgate {name}", command, level=2)
            continue
        yield f"## callgate {name}\n\n{command.help}"
        for verb, inner in command.commands.items():
            yield from _command(f"callgate {name} {verb}", inner, level=3)


def exit_codes() -> Iterator[str]:
    """What a shell sees."""
    yield EPILOG


def catalogue() -> Iterator[str]:
    """Each code under a heading of its own, with every row of the catalogue that has it."""
    rows = [(fault, where) for module, where in WHERE.items() for fault in _faults_of(module)]
    for code in sorted({fault.code for fault, _ in rows}, key=_code_order):
        yield f"## {code}"
        for fault, where in rows:
            if fault.code == code:
                yield f"**`{fault.text}`**"
                yield f"{where}: `{fault.error}`, HTTP {_statuses(fault)}."
                yield f"What to do: {_prose(fault.remedy)}"
                if fault.audience is not faults.Audience.APP_OWNER:
                    yield "The explanation tells the app this remedy; the detail is for the account’s administrator."


def routes() -> Iterator[str]:
    """Every path of the server in one table."""
    families = {Family.OAUTH: "OAuth", Family.API: "API", Family.PAGE: "a page to browsers, OAuth to others"}
    yield _table(
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


def scopes() -> Iterator[str]:
    """Scopes that bring others along, then the rest."""
    wide = {name: sorted(each for each in SCOPES if each != name and covers([name], each)) for name in sorted(SCOPES)}
    yield _table(
        ("scope", "includes"), ((f"`{name}`", _coded(included)) for name, included in wide.items() if included)
    )
    yield f"Without others: {_coded(name for name, included in wide.items() if not included)}."


def permissions() -> Iterator[str]:
    """What a role may carry."""
    yield _table(
        ("permission", "lets people", "with it come"),
        (
            (f"`{name}`", each.about[0].lower() + each.about[1:], _coded(each.included))
            for name, each in PERMISSIONS.items()
        ),
    )


def app_kinds() -> Iterator[str]:
    """Which grants an app of each kind may have; kinds that are alike share a row."""
    alike: dict[tuple[str, str], list[str]] = {}
    for kind in AppKind:
        private, public = (_grants(kind, private=private) for private in (True, False))
        alike.setdefault((private, public), []).append(kind.value)
    yield _table(
        ("kind", "private app", "public app"),
        (
            (_coded(kinds), private, "the same" if public == private else public)
            for (private, public), kinds in alike.items()
        ),
    )


def switches() -> Iterator[str]:
    """Deviations an app may be given, in the words of the enumeration's own docstrings."""
    source = inspect.getsource(Switch)
    about = dict(re.findall(r'    (\w+) = "\w+"\n    """(.*?)"""', source, re.DOTALL))
    yield _table(
        ("switch", "with it on"),
        ((f"`{switch.value}`", _SOURCE.sub("", " ".join(about[switch.name].split()))) for switch in Switch),
    )


def saml_checks() -> Iterator[str]:
    """Each check of a SAML document under a heading: what it asks, and what to set where it fails."""
    source = inspect.getsource(SamlCheck)
    about = dict(re.findall(r'    (\w+) = "[^"]+"\n    """(.*?)"""', source, re.DOTALL))
    asked = {check.value: " ".join(about[check.name].split()) for check in SamlCheck} | BESIDES
    for check, mend in MENDS.items():
        yield f"### {check}\n\n{asked[check]}"
        yield "\n".join(f"- **{who}**: {what}" for who, what in (("to do", mend.here), *mend.told_there()))


def speed() -> Iterator[str]:
    """The last benchmark beside the peer of the same run."""
    table = dict(
        re.findall(r"^\| ([^|]+?) \| ([\d,]+) \|", (ROOT / "bench/README.md").read_text("utf-8"), re.MULTILINE)
    )
    rates = {work: int(rate.replace(",", "")) for work, rate in table.items()}
    beside = {"client_credentials": "client_credentials", "refresh": "refresh", "bearer validation": "introspection"}
    ratios = [
        f"{ours} {rates[ours] / rates[f'oidc-provider: {theirs}']:.1f} ×"
        for ours, theirs in beside.items()
        if ours in rates and f"oidc-provider: {theirs}" in rates
    ]
    yield (
        "In the last measured run, with each change on disk before its reply, beside npm `oidc-provider` in memory:\n"
        f"{', '.join(ratios)} its rate ([bench/README.md](bench/README.md))."
        if ratios
        else "Not measured yet: `./dev bench`."
    )


def decisions() -> Iterator[str]:
    """The decision records, with their titles and states."""
    found = [
        (file, re.match(r"# (.+)\n\n\*\*Status\*\*: (.+)\n", file.read_text("utf-8")))
        for file in sorted((DOCS / "adr").glob("[0-9]*.md"))
    ]
    yield _table(("record", "state"), ((f"[{head[1]}]({file.name})", head[2]) for file, head in found if head))


PARTS: dict[str, Callable[[], Iterator[str]]] = {
    "settings": settings,
    "commands": commands,
    "exit codes": exit_codes,
    "faults": catalogue,
    "routes": routes,
    "operations": operations,
    "reference": reference,
    "scopes": scopes,
    "permissions": permissions,
    "app kinds": app_kinds,
    "switches": switches,
    "saml checks": saml_checks,
    "speed": speed,
    "decisions": decisions,
}
"""Name of a part, as pages ask for it -> what writes it."""

_SOURCE = re.compile(r" \((?:ruling|protocol\.md|architecture\.md)[^)]*\)")
"""Where a rule comes from matters to who changes the code, not to who reads the page."""

_PART = re.compile(r"(<!-- begin: ([a-z ]+) -->\n).*?(<!-- end: \2 -->)", re.DOTALL)


def fill(page: str) -> str:
    """A page with its generated parts as they should be."""

    def write(found: re.Match[str]) -> str:
        body = "\n\n".join(PARTS[found[2]]())
        return f"{found[1]}\n{body}\n\n{found[3]}"

    return _PART.sub(write, page)


def wanted() -> dict[Path, str]:
    """Every file with a generated part, as it should be."""
    pages = [*DOCS.rglob("*.md"), *ROOT.glob("*.md")]
    texts = ((page, page.read_text("utf-8")) for page in pages)
    return {page: fill(text) for page, text in texts if _PART.search(text)} | {DIAGRAM: draw_imports()}


def main() -> int:
    """Write or check; 1 when a file was not current."""
    check = "--check" in sys.argv[1:]
    stale = [(file, text) for file, text in wanted().items() if not file.exists() or file.read_text("utf-8") != text]
    for file, text in stale:
        print(f"{'not current' if check else 'written'}: {file.relative_to(ROOT)}")
        if not check:
            file.write_text(text, "utf-8")
    if check and stale:
        print("./dev docs writes them anew")
    return 1 if check and stale else 0


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (head, ["---"] * len(head), *rows)
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines)


def _members(what: str, fields: Iterable[ApiField]) -> str:
    rows = [
        (f"`{each.name}`", _shape(each.kind, each.shape), "always" if each.is_required else "", each.about)
        for each in fields
    ]
    needed = "required" if what == "parameter" else "there"
    return _table((what, "kind", needed, "what it is"), rows)


def _shape(kind: str, shape: str | None) -> str:
    return f"[{kind}](#{shape.lower()})" if shape else f"`{kind}`"


def _coded(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _choices(kind: str) -> str:
    return " or ".join(f"`{word}`" for word in kind.split(" | ")) if "|" in kind else kind


def _scope(each: Operation) -> str:
    return f"`{each.scope}`" if each.scope else "none"


def _asked(each: Operation) -> str:
    own, others = (" or ".join(f"`{name}`" for name in names) for names in (each.own_permissions, each.permissions))
    if not others:
        return "none"
    return f"{own or 'none'} for one’s own, {others} for others’" if "{extensionId}" in each.path else others


def _command(called: str, command: object, *, level: int) -> Iterator[str]:
    parameters = [p for p in getattr(command, "params", []) if not set(p.opts) & ALWAYS]
    arguments = [p for p in parameters if isinstance(p, TyperArgument)]
    options = [p for p in parameters if isinstance(p, TyperOption) and not p.hidden]
    words = [called, *(str(p.metavar) for p in arguments), *(f"{p.opts[0]} {_value(p)}" for p in options if p.required)]
    if any(not p.required for p in options):
        words.append("[options]")
    yield f"{'#' * level} {called}"
    yield str(getattr(command, "help", ""))
    yield f"`{' '.join(words)}`"
    if parameters:
        rows = [(f"`{p.metavar}`", str(p.help), "required") for p in arguments]
        rows += [(_option(p), str(p.help), _default(p)) for p in options]
        yield _table(("option", "what it is", "default"), rows)


def _option(option: TyperOption) -> str:
    """As typed: `--limit LIMIT`, `--yes`, `--refresh-tokens`, `--no-refresh-tokens`."""
    names = (*option.opts, *option.secondary_opts)
    return ", ".join(f"`{name}`" if option.is_flag else f"`{name} {_value(option)}`" for name in names)


def _value(option: TyperOption) -> str:
    """What stands for an option's value: its own word, or the option's last."""
    return option.metavar or option.opts[0].removesuffix("-s").rpartition("-")[2].upper()


def _default(option: TyperOption) -> str:
    if option.required:
        return "required"
    if option.is_flag or option.default in (None, "", []):
        return ""
    return f"`{getattr(option.default, 'value', option.default)}`"


def _faults_of(module: object) -> list[Fault]:
    return [value for value in vars(module).values() if isinstance(value, Fault)]


def _code_order(code: str) -> tuple[str, int]:
    letters, _, number = code.partition("-")
    return letters, int(number)


def _prose(text: str) -> str:
    """A remedy as Markdown: nothing of it is a tag, and a page it names is a link."""
    return re.sub(r"docs/(\w+\.md)", r"[\1](\1)", text.replace("<", "&lt;"))


def _statuses(fault: Fault) -> str:
    """As observed; and where a setting makes it another, which."""
    others: dict[int, list[str]] = {}
    for status, name in ((fault.rfc, "rfc"), (fault.vendor or fault.rfc, "vendor")):
        if status and status != fault.status:
            others.setdefault(status, []).append(f"`{name}`")
    return "; ".join((str(fault.status), *(f"{status} with {' and '.join(names)}" for status, names in others.items())))


def _grants(kind: AppKind, *, private: bool) -> str:
    possible = grants_possible(kind, private=private)
    return ", ".join(f"`{grant.value.rpartition(':')[2]}`" for grant in GrantType if grant in possible)


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


if __name__ == "__main__":
    sys.exit(main())
