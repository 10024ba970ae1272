"""Collect the texts of the pages into their catalogues, and compile these.

`python tools/texts.py` rewrites every `callgate.po` from the sources, keeping translations, and every `.mo` from its
`.po`; new texts then await a translator in the `.po`. `--check` writes nothing and fails when a file would change.
"""

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

PAGES = Path(__file__).resolve().parent.parent / "src/callgate/web/pages"
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"trimmed": "true"}}
KEYWORDS = {"msgid": None, "_": None, "gettext": None}


def collect() -> Catalog:
    """Give every text of the sources, in their order."""
    texts = Catalog()
    for _, _, text, _, _ in extract_from_dir(PAGES, METHODS, OPTIONS, keywords=KEYWORDS):
        texts.add(text)
    return texts


def wanted(po: Path, texts: Catalog) -> dict[Path, bytes]:
    """Give what `po` and its compiled `.mo` should hold: exactly `texts`, what is translated kept."""
    catalogue = read_po(io.BytesIO(po.read_bytes()), locale=po.parts[-3])
    created = catalogue.creation_date  # kept: a file changes when a text does, not when the clock does
    catalogue.update(texts, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    catalogue.creation_date = created
    source, compiled = io.BytesIO(), io.BytesIO()
    write_po(source, catalogue, width=110)
    write_mo(compiled, catalogue)
    return {po: source.getvalue(), po.with_suffix(".mo"): compiled.getvalue()}


def main() -> int:
    """Write or check; 1 when a file was not current."""
    check = "--check" in sys.argv[1:]
    texts = collect()
    stale = [
        (file, body)
        for po in sorted(PAGES.glob("locale/*/LC_MESSAGES/callgate.po"))
        for file, body in wanted(po, texts).items()
        if not file.exists() or file.read_bytes() != body
    ]
    for file, body in stale:
        print(f"{'not current' if check else 'written'}: {file.relative_to(PAGES)}")
        if not check:
            file.write_bytes(body)
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
