"""What the source cites of the protocol, rulings, assurance and architecture in docs/, and what there is to be cited.

`protocol.md I.5, I.6`, `protocol.md M, row 10`, `must-not-break N.3`, `ruling 7`, `rulings 12-14`,
`architecture.md, idea 4`, `architecture.md, "The session"`, `assurance.md S10`, `assurance 4.3`.
"""

import re
from collections.abc import Iterator

_SECTION = r"[A-N](?:\.\d+[a-z]?)?\b"
_ROW = r"row \d+"
_PROTOCOL = re.compile(rf"protocol\.md,? (?:section )?({_SECTION}(?:(?:, | and |; ){_SECTION}|, {_ROW})*)")
_PROMISE = re.compile(r"must-not-break(?:,)? (?:N\.)?(\d+)")
_RULINGS = re.compile(r"\b[Rr]ulings? (\d+(?:(?:, | and |-)(?:ruling )?\d+)*)")
_PART = re.compile(r'architecture\.md, (?:"([^"]+)"|(idea \d))')
_MARK = r"(?:[SPR]\d+|\d\.\d|section \d)\b"
_ASSURANCE = re.compile(rf"\b[Aa]ssurance(?:\.md)?,? ({_MARK}(?:(?:, | and ){_MARK})*)")
_HEADING = re.compile(rf"^#+ ({_SECTION})\.? ", re.MULTILINE)
_RULING = re.compile(r"^## (\d+)\. ", re.MULTILINE)


def cited(text: str) -> Iterator[str]:
    """Each citation of a source by what it leads to: `I.5`, `M row 10`, `ruling 7`."""
    for whole in _PROTOCOL.findall(_unfolded(text)):
        for part in re.findall(rf"{_SECTION}|{_ROW}", whole):
            yield f"M {part}" if part.startswith("row") else part
    for number in _PROMISE.findall(_unfolded(text)):
        yield f"N.{number}"
    for whole in _RULINGS.findall(_unfolded(text)):
        yield from (f"ruling {number}" for number in _numbers(whole))
    for title, idea in _PART.findall(_unfolded(text)):
        yield f"architecture {title or idea}"
    for whole in _ASSURANCE.findall(_unfolded(text)):
        yield from (f"assurance {mark.removeprefix('section ')}" for mark in re.findall(_MARK, whole))


def citable(*, protocol: str, rulings: str, architecture: str, assurance: str) -> frozenset[str]:
    """What the pages have."""
    differences = protocol[protocol.index("\n## M. ") : protocol.index("\n## N. ")]
    rows = re.findall(r"^\| (\d+) \|", differences, re.MULTILINE)
    return frozenset(
        [
            *_HEADING.findall(protocol),
            *(f"M row {number}" for number in rows),
            *(f"assurance {mark}" for mark in re.findall(r"^\| ([SPR]\d+) \|", assurance, re.MULTILINE)),
            *(f"assurance {number}" for number in re.findall(r"^#+ (\d(?:\.\d)?)\.? ", assurance, re.MULTILINE)),
            *(f"ruling {number}" for number in _RULING.findall(rulings)),
            *(f"architecture {title}" for title in re.findall(r"^## (.+)$", architecture, re.MULTILINE)),
            *(f"architecture idea {number}" for number in re.findall(r"^(\d)\. \*\*", architecture, re.MULTILINE)),
        ]
    )


def _numbers(whole: str) -> Iterator[int]:
    for part in re.findall(r"\d+(?:-\d+)?", whole):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


def _unfolded(text: str) -> str:
    """Comments and docstrings without their line breaks, in which citations may stand."""
    return re.sub(r"\s*\n\s*(?:#|//|\*)?\s*", " ", text)
