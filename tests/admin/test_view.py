"""How lists are shown: a table where the terminal is wide enough, else a sheet for each row; lines to a program."""

import re
import subprocess
from pathlib import Path
from shutil import copytree

import pytest

from tests.admin.shell import Shell
from tests.admin.test_asking import type_in

PERSON = "extensions create --account Alder --first-name Ann --last-name Example --number 9 --email ann@example.example"
COLUMNS = "id account id number name type status email phone number role password has factor"


@pytest.fixture(scope="module")
def company(forker: "subprocess.Popen[str]", migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """Two people."""
    shell = Shell(Path(copytree(migrated, tmp_path_factory.mktemp("view") / "copy")), forker)
    shell.give("accounts", "create", "--name", "Alder", "--main-number", "+12025550100")
    shell.give(*PERSON.split())
    return shell


def lines_of(seen: str) -> list[str]:
    """What a screen showed, without its colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", seen).splitlines()


def test_row_is_one_line_when_a_program_reads(company: Shell) -> None:
    """However long: nothing is folded, framed or padded at the end."""
    ended = company.run("roles", "list")
    title, *rows = ended.out.splitlines()
    roles = company.give("roles", "list")
    assert title.split() == ["id", "account", "id", "name", "description", "permissions"]
    assert [row.rpartition("  ")[2] for row in rows] == [" ".join(role["permissions"]) for role in roles]
    assert max(map(len, rows)) > 240
    assert [line for line in (title, *rows) if line != line.rstrip()] == []


def test_table_is_shown_where_it_fits(company: Shell) -> None:
    """A row is a line below its columns; 9 comes before 101."""
    seen, code = type_in(company, "extensions", "list", answers={}, columns=190)
    title, rule, *rows = lines_of(seen)
    assert (code, " ".join(title.split())) == (0, COLUMNS)
    assert set(rule.strip()) == {"─"}
    assert [row.split()[2:5] for row in rows] == [["9", "Ann", "Example"], ["101", "Main", "Administrator"]]


def test_sheets_are_shown_where_a_table_would_be_folded(company: Shell) -> None:
    """As psql does: what is broken in two can be neither read nor copied."""
    seen, code = type_in(company, "extensions", "list", answers={}, columns=80)
    lines = lines_of(seen)
    assert code == 0
    assert [line for line in lines if line.startswith("email")] == [
        f"email         {email}" for email in ("ann@example.example", "–")
    ]
    assert lines.count("") == 2


def test_last_column_is_folded_at_its_words(company: Shell) -> None:
    """What is prose stands last, and may be."""
    seen, _ = type_in(company, "config", "check", answers={}, columns=110)
    title, *rows = lines_of(seen)
    assert title.split() == ["setting", "value", "default", "about"]
    assert max(map(len, rows)) <= 110
    about = " ".join(row[title.index("about") :].strip() for row in rows)
    assert "also the issuer: https, except on a loopback host, and without a path." in about


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("apps list", "There are none."),
        ("credentials expiring --within 14d", "Nothing expires within 14d."),
        ("credentials radar", "Nothing is wrong with credentials and secrets."),
        ("credentials radar --if-sso-enforced", "No job of the last 30 days types a password."),
        ("credentials radar --if-leaves ann@example.example", "No job of the last 30 days stops without Ann Example."),
        ("extensions locks ann@example.example", "Ann Example is locked out nowhere."),
    ],
)
def test_nothing_is_said_in_words(company: Shell, command: str, said: str) -> None:
    """An empty frame leaves people wondering, and a program counts no lines."""
    ended = company.run(*command.split())
    assert (ended.code, ended.out, ended.err) == (0, "", f"{said}\n")
    assert company.give(*command.split()) == []
