"""What a command shows: a list, a record, findings, a document. How they look stands in `drawing`."""

from dataclasses import dataclass, field

Value = str | int | bool | tuple[str, ...] | None
"""What stands in one place. None: nothing."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A list: an array of objects as JSON. `more` says that others follow, `empty` is said where there is nothing.

    `failed`: what is listed should not be there, and the command ends as refused.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    more: str | None = None
    failed: bool = False
    empty: str = "There are none."


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One thing. `secrets` are shown now and never again; `note` is said to people beside it.

    `failed`: something of it could not be done, and the command ends as refused.
    """

    fields: tuple[tuple[str, Value], ...]
    secrets: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    note: str | None = None
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that was checked: whether it is as it should be, what was found instead, and who can mend it how."""

    check: str
    passed: bool
    found: str | None = None
    mends: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """What a check found, a line each; the command ends as refused where one failed."""

    findings: tuple[Found, ...]
    note: str | None = None

    @property
    def failed(self) -> int:
        """How many did not pass."""
        return sum(not finding.passed for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Document:
    """A text that goes on to somebody else, as it is; a member of this name as JSON."""

    name: str
    text: str

    failed = False


View = Rows | Record | Findings | Document
