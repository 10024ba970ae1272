"""Write the parts of docs/ that the code already says: settings, commands, faults, endpoints, trials, imports.

`python tools/gendocs.py` writes; `--check` writes nothing and fails when a file would change. A page says where its
part goes: everything between `<!-- begin: NAME -->` and `<!-- end: NAME -->` is replaced. Prose belongs outside. What
writes a part stands in the module of its subject.
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from import_diagram import draw_imports
from markdown import table
from parts_access import app_kinds, permissions, scopes, switches
from parts_faults import catalogue
from parts_operating import commands, exit_codes, saml_checks, settings
from parts_reliability import trials
from parts_speed import growth, sizing, speed
from parts_wire import operations, reference, routes

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
DIAGRAM = DOCS / "images/floors.svg"


def decisions() -> Iterator[str]:
    """The decision records, with their titles and states."""
    found = [
        (file, re.match(r"# (.+)\n\n\*\*Status\*\*: (.+)\n", file.read_text("utf-8")))
        for file in sorted((DOCS / "adr").glob("[0-9]*.md"))
    ]
    yield table(("record", "state"), ((f"[{head[1]}]({file.name})", head[2]) for file, head in found if head))


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
    "trials": trials,
    "sizing": sizing,
    "growth": growth,
    "decisions": decisions,
}
"""Name of a part, as pages ask for it -> what writes it."""

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


if __name__ == "__main__":
    sys.exit(main())
