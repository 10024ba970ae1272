"""The source keeps the rules of rules.py, and each rule can tell: a planted breach of it is found."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.repo import rules

ROOT = Path(__file__).parents[2]
SOURCE, TOOLS = ROOT / "src" / "callgate", ROOT / "tools"

Rule = Callable[[rules.Module], Iterator[str]]

PLANTS: list[tuple[Rule, str, str]] = [
    (rules.long_modules, "web/token.py", "x = 1\n" * 401),
    (rules.long_functions, "web/token.py", "def issue():\n" + "    x = 1\n" * 60),
    (rules.long_functions, "web/token.py", "class A:\n  async def issue(self):\n" + "    x = 1\n" * 60),
    (rules.many_parameters, "web/token.py", "def issue(a, b, c): ..."),
    (rules.many_parameters, "web/token.py", "def issue(a, b, *, c, d, e, f, g): ..."),
    (rules.many_parameters, "web/token.py", "class A:\n  def issue(self, a, b, /, c): ..."),
    (rules.many_parameters, "protocol/pkce.py", "def decide(facts, request, moment): ..."),
    (rules.impure_code, "model/ids.py", "def f(x):\n  raise ValueError(x)"),
    (rules.impure_code, "protocol/pkce.py", "def f(x):\n  try: return x\n  finally: pass"),
    (rules.impure_code, "protocol/grants/password.py", "async def f(x): return x"),
    (rules.impure_code, "protocol/pkce.py", "def f(x): print(x)"),
    (rules.writes_outside_save, "storage/load.py", "SQL = 'INSERT INTO session VALUES (?)'"),
    (
        rules.writes_outside_save,
        "storage/sqlite.py",
        "SQL = 'WITH x AS (SELECT 1)\\n UPDATE session\\n SET state = 1'",
    ),
    (rules.writes_outside_save, "service/sweep.py", "def f(t): return f'DELETE FROM {t}'"),
    (rules.reads_outside_load, "storage/save.py", "SQL = '\\n  SELECT 1'"),
    (rules.reads_outside_load, "admin/sessions.py", "SQL = 'WITH x AS (VALUES (1)) SELECT 1'"),
    (rules.leaky_comparisons, "crypto/hashes.py", "def f(a, row): return a.digest() == row.b"),
    (rules.leaky_comparisons, "service/token.py", "def f(secret, row): return row.client_secret != secret"),
    (
        rules.leaky_comparisons,
        "service/token.py",
        "def f(x, row): return x in (row.secret_hash, row.old)  or row.token == x",
    ),
    (rules.leaky_comparisons, "protocol/pkce.py", "def f(form, row): return form['x'] == row.code_challenge"),
    (rules.vague_names, "web/utils.py", ""),
    (rules.vague_names, "web/helpers/token.py", ""),
    (rules.vague_names, "web/token.py", "class TokenManager: ..."),
    (rules.unfinished_code, "web/token.py", "x = 1  # TO" + "DO: the rest"),
    (rules.unfinished_code, "web/token.py", "def issue():\n  '''Issue.'''"),
    (rules.unfinished_code, "web/token.py", "def issue():\n  raise NotImplementedError('later')"),
    (rules.unexplained_exceptions, "web/token.py", "x = 1  # noqa: E501"),
    (rules.unexplained_exceptions, "web/token.py", "x = 1  # type: ignore[misc]"),
]
"""A rule, and a module that breaks it."""

FINE: list[tuple[Rule, str, str]] = [
    (rules.many_parameters, "web/token.py", "async def app(scope, receive, send): ..."),
    (rules.many_parameters, "web/token.py", "class A:\n  def __exit__(self, kind, error, trace): ..."),
    (rules.many_parameters, "protocol/pkce.py", "def decide(request, facts, moment): ..."),
    (rules.impure_code, "web/token.py", "async def f(x): raise ValueError(x)"),
    (rules.writes_outside_save, "storage/save.py", "SQL = 'INSERT INTO session VALUES (?)'"),
    (rules.writes_outside_save, "storage/save/session.py", "SQL = 'DELETE FROM session'"),
    (rules.writes_outside_save, "storage/migrations/0001_first.py", "SQL = 'UPDATE cell SET x = 1'"),
    (rules.writes_outside_save, "web/token.py", "'''An INSERT INTO is not written here.'''"),
    (rules.reads_outside_load, "storage/load_seat.py", "SQL = 'SELECT 1'"),
    (rules.leaky_comparisons, "web/token.py", "def f(token): return token == '' or len(token) == 96"),
    (rules.leaky_comparisons, "web/token.py", "def f(kind, token): return kind == Kind.ACCESS_TOKEN"),
    (rules.unfinished_code, "web/token.py", "class Clock(Protocol):\n  def now(self) -> int: ..."),
    (rules.unexplained_exceptions, "web/token.py", "x = 1  # noqa: E501 - a URL cannot be broken"),
    (rules.unexplained_exceptions, "web/token.py", "# A URL cannot be broken.\nx = 1  # noqa: E501"),
]
"""A rule, and a module that looks like a breach and is none."""

OF_ANY_CODE = (
    rules.long_modules,
    rules.long_functions,
    rules.many_parameters,
    rules.vague_names,
    rules.unfinished_code,
    rules.unexplained_exceptions,
)
"""What does not depend on the floor a module is on."""

RULES: list[Rule] = list(dict.fromkeys(rule for rule, _, _ in PLANTS))


def name_rule(value: object) -> str | None:
    """A rule's name for pytest's report; texts go by number."""
    return getattr(value, "__name__", "")


@pytest.mark.parametrize("rule", RULES, ids=name_rule)
def test_source_keeps_the_rule(rule: Rule) -> None:
    """Nothing below src/callgate breaks it."""
    breaches = [place for module in rules.read_modules(SOURCE) for place in rule(module)]
    assert not breaches, "\n  ".join([f"{rule.__doc__}", *breaches])


@pytest.mark.parametrize("rule", OF_ANY_CODE, ids=name_rule)
def test_tools_keep_the_rule(rule: Rule) -> None:
    """What writes our documents is read and changed like what they are about."""
    breaches = [place for module in rules.read_modules(TOOLS) for place in rule(module)]
    assert not breaches, "\n  ".join([f"{rule.__doc__}", *breaches])


@pytest.mark.parametrize(("rule", "path", "text"), PLANTS, ids=name_rule)
def test_rule_finds_the_breach_when_one_is_planted(rule: Rule, path: str, text: str) -> None:
    """A rule that cannot fail guards nothing."""
    assert list(rule(rules.parse(path, text)))


@pytest.mark.parametrize(("rule", "path", "text"), FINE, ids=name_rule)
def test_rule_is_silent_when_it_is_kept(rule: Rule, path: str, text: str) -> None:
    """A rule that cries at what is right gets switched off."""
    assert list(rule(rules.parse(path, text))) == []


def test_every_grant_is_registered() -> None:
    """protocol/grants/__init__.py lists each grant in ALL."""
    assert list(rules.unregistered_grants(rules.read_modules(SOURCE))) == []


@pytest.mark.parametrize(
    "registry",
    [
        "from callgate.protocol.grants import password\nALL = (password.GRANT,)",
        "from callgate.protocol.grants.password import PASSWORD\nALL: Final = {'password': PASSWORD}",
    ],
)
def test_unregistered_grant_is_found_when_all_leaves_it_out(registry: str) -> None:
    """The grant in ALL passes, the one beside it does not, in either manner of writing the registry."""
    planted = [
        rules.parse("protocol/grants/__init__.py", registry),
        rules.parse("protocol/grants/password.py", ""),
        rules.parse("protocol/grants/device_code.py", ""),
    ]
    assert list(rules.unregistered_grants(planted)) == ["protocol/grants/device_code.py is not in ALL"]


def test_no_file_names_the_machine_it_was_written_on() -> None:
    """A path of a checkout or a home in a file is a mistake everywhere else."""
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [path for name in tracked.stdout.splitlines() if (path := ROOT / name).is_file()]
    assert files, "git knows no files: run the tests in a clone"
    assert [path.name for path in files if rules.machine_paths(path.read_bytes(), (ROOT, Path.home()))] == []


@pytest.mark.parametrize("text", ["see /home/anna/notes", '"/srv/callgate/x.py"'])
def test_machine_paths_are_found_when_planted(text: str) -> None:
    """A path of the home or the checkout is found, one that merely contains the same word is not."""
    folders = (Path("/home/anna"), Path("/srv/callgate"))
    assert rules.machine_paths(text.encode(), folders)
    assert not rules.machine_paths(text.replace("/", "/usr/", 1).encode(), folders)
