"""What the source cites of the documents is there for a reader of this repository."""

from pathlib import Path

import pytest

from tests.repo.citations import citable, cited

ROOT = Path(__file__).parents[2]
SOURCES = [
    path
    for pattern in (
        "src/**/*.py",
        "tests/**/*.py",
        "tests/**/*.mjs",
        "tests/**/*.js",
        "tools/*",
        "docs/**/*.md",
        "docs/*.toml",
    )
    for path in ROOT.glob(pattern)
    if path.is_file() and "node_modules" not in path.parts and path != Path(__file__)
]
PAGES = {
    name: (ROOT / f"docs/{name}.md").read_text("utf-8") for name in ("protocol", "rulings", "architecture", "assurance")
}
THERE = citable(**PAGES)


def test_every_citation_leads_somewhere() -> None:
    """A reader who follows one finds a heading, or a row of the differences."""
    wrong = {
        (str(path.relative_to(ROOT)), each)
        for path in SOURCES
        for each in cited(path.read_text("utf-8"))
        if each not in THERE
    }
    assert sorted(wrong) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(protocol.md I.5)", ["I.5"]),
        ("(protocol.md section C.4a).", ["C.4a"]),
        ("protocol.md I.5, I.6: whose", ["I.5", "I.6"]),
        ("protocol.md D.5 and I.2.", ["D.5", "I.2"]),
        ("protocol.md M, row 10: either", ["M", "M row 10"]),
        ("protocol.md\n    # B: an account", ["B"]),
        ("must-not-break N.3", ["N.3"]),
        ("must-not-break 8.", ["N.8"]),
        ("(Ruling 7, ruling 8)", ["ruling 7", "ruling 8"]),
        ("rulings 12-14)", ["ruling 12", "ruling 13", "ruling 14"]),
        ("rulings 3, 10 and\n17", ["ruling 3", "ruling 10", "ruling 17"]),
        (
            '(architecture.md, "The\n# session"; architecture.md, idea 4)',
            ["architecture The session", "architecture idea 4"],
        ),
        ("Assurance P13, R10 and\nR16.", ["assurance P13", "assurance R10", "assurance R16"]),
        ("(assurance.md section 1; assurance 4.3)", ["assurance 1", "assurance 4.3"]),
        ("docs/protocol.md has it; a ruling", []),
    ],
)
def test_citations_are_found_however_they_are_written(text: str, expected: list[str]) -> None:
    """One that is not recognised is not checked."""
    assert list(cited(text)) == expected


def test_what_is_citable_is_read_from_headings_and_rows() -> None:
    """Nothing else is an address."""
    protocol = (
        "## A. Apps\n### A.1 Kinds\nB\n## M. Differences\n| 1 | x |\n| x | 2 |\n## N. Promises\n### N.1 One\n| 9 |\n"
    )
    there = citable(
        assurance="## 1. Real\n| S1 | x |\n### 4.3 Histories\n",
        protocol=protocol,
        rulings="# Rulings\n## 1. First\n2. no\n",
        architecture="## Keys\n1. **Facts.** F\n2. no\n",
    )
    assert there == {
        "A",
        "A.1",
        "M",
        "M row 1",
        "N",
        "N.1",
        "ruling 1",
        "architecture Keys",
        "architecture idea 1",
        "assurance 1",
        "assurance S1",
        "assurance 4.3",
    }
