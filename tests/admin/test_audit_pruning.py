"""`callgate audit prune`: what is old goes, the log says so, and still verifies."""

from contextlib import closing
from pathlib import Path

import apsw

from callgate.storage.audit import FIRST, forge_link
from callgate.storage.load_upkeep import Head, walk_links
from callgate.storage.sqlite_view import SqliteView
from tests.admin.shell import Shell

DAY_MS = 86_400_000


def rename(shell: Shell, account: str, *names: str) -> None:
    """A link of the log for each name."""
    for name in names:
        shell.give("accounts", "update", account, "--name", name)


def age(database: Path, days: int) -> None:
    """Have everything so far done so many days ago: the chain is written anew, as it would have been."""
    with closing(apsw.Connection(str(database))) as connection:
        view = SqliteView(connection)
        view.stamp(0)
        links, head = list(walk_links(view)), FIRST
        with connection:
            for link in links:
                entries = [line.encode() for line in link.entries.splitlines()]
                older = forge_link(link.writer, head, at_ms=link.at_ms - days * DAY_MS, entries=entries)
                head = Head(older.seq, older.hash)
                sql = "UPDATE audit SET at_ms = ?, previous = ?, hash = ? WHERE writer = ? AND seq = ?"
                connection.execute(sql, (older.at_ms, older.previous, older.hash, older.writer, older.seq))


def test_what_is_older_is_pruned_and_the_log_still_verifies(shell: Shell) -> None:
    """Beyond the anchor everything is there, the pruning among it; a second run finds nothing to do."""
    account = shell.give("accounts", "create", "--name", "Alder", "--main-number", "+12025550100")["id"]
    rename(shell, str(account), "B", "C")
    age(shell.folder / "callgate.db", 40)
    rename(shell, str(account), "D")
    before = shell.give("audit", "list")
    (whole,) = shell.give("audit", "verify")

    (pruned,) = shell.give("audit", "prune", "--older-than", "30", "--yes")
    assert (pruned["writer"], pruned["pruned"], pruned["links"]) == ("cli", whole["links"] - 1, whole["links"] + 1)
    assert shell.give("audit", "verify") == [pruned]
    left = shell.give("audit", "list")
    assert [each["what"] for each in left] == ["AuditPruned", "AccountChanged"]
    assert left[0]["by"] == "cli"
    assert left[1] == before[0]

    again = shell.give("audit", "prune", "--older-than", "30", "--yes")
    assert again == [pruned]
    rename(shell, str(account), "E")
    (grown,) = shell.give("audit", "verify")
    assert (grown["links"], grown["pruned"], grown["entries"]) == (pruned["links"] + 1, pruned["pruned"], 3)
    assert shell.give("db", "check")["whole"]


def test_nothing_is_pruned_when_the_log_was_altered(shell: Shell) -> None:
    """What was done to it must stay to be seen."""
    account = shell.give("accounts", "create", "--name", "Alder", "--main-number", "+12025550100")["id"]
    rename(shell, str(account), "B")
    age(shell.folder / "callgate.db", 40)
    rename(shell, str(account), "C")
    with closing(apsw.Connection(str(shell.folder / "callgate.db"))) as connection:
        connection.execute("UPDATE audit SET entries = replace(entries, 'Alder', 'Elder') WHERE seq = 2")
    before = shell.give("audit", "list")
    assert "the audit log was altered: link 2 of cli" in shell.refuse("audit", "prune", "--older-than", "30", "--yes")
    assert shell.give("audit", "list") == before


def test_pruning_needs_to_be_told_how_much_stays(shell: Shell) -> None:
    """There is no usual number."""
    assert shell.run("audit", "prune").code == 2
    assert shell.run("audit", "prune", "--older-than", "0").code == 2
