"""The documents hold together: generated parts are current, all has its heading, links lead somewhere, commands exist.

The rules of pages.py are each shown a planted breach first. What the commands do when they run is tested in tests/docs.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

import pytest
import typer.main
from typer.core import TyperArgument, TyperGroup, TyperOption

from callgate.admin.cli import build_cli
from callgate.config import Settings, describe
from callgate.model import (
    api_faults,
    authorize_faults,
    cell_faults,
    credential_faults,
    device_faults,
    faults,
    grant_faults,
    issuer_faults,
    mfa_faults,
    operation,
    sso_faults,
)
from callgate.model.faults import Fault
from callgate.model.operation import Operation
from tests.repo import pages
from tests.repo.pages import Command, Page, Program

ROOT = Path(__file__).parents[2]
FILES = subprocess.run(
    ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
    cwd=ROOT,
    capture_output=True,
    text=True,
    check=True,
).stdout.splitlines()
PATHS = frozenset(
    path for name in FILES if (ROOT / name).exists() for path in (PurePosixPath(name), *PurePosixPath(name).parents)
)
PAGES = {
    PurePosixPath(name): Page(PurePosixPath(name), (ROOT / name).read_text("utf-8"))
    for name in FILES
    if name.endswith(".md") and (ROOT / name).exists()
}
FOR_USERS = [page for path, page in PAGES.items() if path.parts[:2] != ("docs", "adr")]
PICTURE_BYTES_MAX = 300_000


def page_of(name: str) -> Page:
    """A page of docs/."""
    return PAGES[PurePosixPath("docs", name)]


def read_program() -> Program:
    """Every command as Typer has it."""
    cli = typer.main.get_command(build_cli())
    assert isinstance(cli, TyperGroup)
    program: dict[tuple[str, ...], Command] = {}
    for name, command in cli.commands.items():
        if not isinstance(command, TyperGroup):
            program[name,] = read_command(command)
            continue
        program[name,] = Command({})
        program |= {(name, verb): read_command(inner) for verb, inner in command.commands.items()}
    return program


def read_command(command: object) -> Command:
    """One command's options and words."""
    parameters = getattr(command, "params", [])
    options = [each for each in parameters if isinstance(each, TyperOption)]
    return Command(
        {name: not each.is_flag for each in options for name in (*each.opts, *each.secondary_opts)} | {"--help": False},
        frozenset(each.opts[0] for each in options if each.required),
        sum(isinstance(each, TyperArgument) for each in parameters),
    )


def read_recipes() -> frozenset[str]:
    """The recipes of the justfile."""
    return frozenset(re.findall(r"^([a-z]+)(?: \*?[a-z]+)?:$", (ROOT / "justfile").read_text(), re.MULTILINE))


PROGRAM = read_program()
RECIPES = read_recipes()
CATALOGUE = [
    fault
    for module in (
        faults,
        authorize_faults,
        cell_faults,
        grant_faults,
        device_faults,
        issuer_faults,
        sso_faults,
        credential_faults,
        mfa_faults,
        api_faults,
    )
    for fault in vars(module).values()
    if isinstance(fault, Fault)
]

Rule = Callable[[Page], Iterator[str]]


def dead_links(page: Page) -> Iterator[str]:
    """The rule, among the pages there are."""
    return pages.dead_links(page, {**PAGES, page.path: page}, PATHS | {page.path})


def wrong_commands(page: Page) -> Iterator[str]:
    """The rule, with the program there is."""
    return pages.wrong_commands(page, PROGRAM)


def wrong_recipes(page: Page) -> Iterator[str]:
    """The rule, with the recipes there are."""
    return pages.wrong_recipes(page, RECIPES)


PLANTS: list[tuple[Rule, str]] = [
    (dead_links, "[there](nothing.md)"),
    (dead_links, "![picture](images/nothing.svg)"),
    (dead_links, "[there](errors.md#oau-999)"),
    (dead_links, "# Here\n[there](#not-here)"),
    (dead_links, "[up](../../README.md)"),
    (wrong_commands, "```sh\ncallgate app list\n```"),
    (wrong_commands, "```sh\ncallgate apps list --acount A\n```"),
    (wrong_commands, "```sh\ncallgate apps show\n```"),
    (wrong_commands, "```sh\ncallgate apps show A B\n```"),
    (wrong_commands, "```sh\ncallgate apps register --account A \\\n    --name B\n```"),
    (wrong_commands, "```sh\nX=1 callgate db nothing >file && true\n```"),
    (wrong_commands, "```console\n# runuser -u callgate -- env A=b /opt/callgate/bin/callgate accounts lst\n```"),
    (wrong_commands, "```console\n$ true | callgate serve --prot 1\n```"),
    (wrong_commands, "Say `callgate apps unblok APP`."),
    (wrong_commands, "Say `callgate apps update\nAPP --grants …`."),
    (wrong_recipes, "Run `./dev tset`."),
    (pages.foreign_sources, "as measured (goals.md P1)"),
    (pages.foreign_sources, "see performance.md"),
]
"""A rule, and a page of docs/ that breaks it."""

FINE: list[tuple[Rule, str]] = [
    (dead_links, "[code](https://example.com/x) `[a](b)` [e](errors.md#oau-140) [self](#a-b)\n## A `b`!\n"),
    (dead_links, "```sh\n[a](b)\n```"),
    (dead_links, "## A\n## A\n[second](#a-1)"),
    (wrong_commands, "```sh\ncallgate apps show X --json >file\n```"),
    (wrong_commands, '```sh\nid="$(callgate_id)"; callgate config check --config a.toml  # callgate nonsense\n```'),
    (
        wrong_commands,
        "It prints `callgate is ready on …`; `callgate apps` and `callgate apps update APP --grant …` help.",
    ),
    (wrong_commands, "```\ncallgate nonsense\n```"),
    (wrong_recipes, "`./dev demo --once`; `./dev` alone"),
    (pages.foreign_sources, "protocol.md D.5, ruling 9, RFC 9700 and docs/style.md can be read"),
]
"""A rule, and a page that looks like a breach and is none."""

RULES: list[Rule] = list(dict.fromkeys(rule for rule, _ in PLANTS))


@pytest.mark.parametrize(("rule", "text"), PLANTS)
def test_rule_finds_a_breach_when_one_is_planted(rule: Rule, text: str) -> None:
    """A rule that finds nothing keeps nothing."""
    assert list(rule(Page(PurePosixPath("docs/planted.md"), text)))


@pytest.mark.parametrize(("rule", "text"), FINE)
def test_rule_is_silent_when_nothing_is_wrong(rule: Rule, text: str) -> None:
    """A rule that cries at everything is switched off."""
    assert list(rule(Page(PurePosixPath("docs/planted.md"), text))) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule.__name__))
def test_pages_keep_the_rule(rule: Rule) -> None:
    """Every page for users, of the whole project."""
    assert [breach for page in FOR_USERS for breach in rule(page)] == []


def test_decision_records_link_to_what_is_there() -> None:
    """They may cite what they like."""
    records = [page for page in PAGES.values() if page not in FOR_USERS]
    assert [breach for page in records for breach in dead_links(page)] == []


def test_generated_parts_are_current() -> None:
    """What the code says, the pages say: `./dev docs` writes it."""
    command = [sys.executable, "tools/gendocs.py", "--check"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=100)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_every_setting_has_its_heading() -> None:
    """By its name in the file, under its section."""
    wanted = [
        key for section in describe(Settings()) for key in (f"[{section.name}]", *(e.key for e in section.settings))
    ]
    assert [heading for heading in page_of("settings.md").headings if heading != "Settings"] == wanted


def test_every_command_has_its_heading() -> None:
    """By its name as typed; nouns too."""
    wanted = [f"callgate {' '.join(name)}" for name in PROGRAM]
    assert [heading for heading in page_of("cli.md").headings if heading != "Commands"] == wanted


def test_every_fault_has_its_heading() -> None:
    """By its code."""
    headings = page_of("errors.md").headings
    assert sorted(headings[1:]) == sorted({fault.code for fault in CATALOGUE})


def test_every_endpoint_has_its_heading() -> None:
    """By its path, in a heading of its own or of those that belong together."""
    page = page_of("endpoints.md")
    paths = set(re.findall(r"^\| `(/[^`]*)` \|", page.text, re.MULTILINE))
    assert {each.path for each in vars(operation).values() if isinstance(each, Operation)} < paths
    named = {word.strip(",") for heading in page.headings for word in heading.split()}
    assert sorted(paths - named) == []


def test_remedies_name_commands_and_pages_that_are_there() -> None:
    """What a refused caller is told to do can be done."""
    texts = "\n\n".join(fault.remedy for fault in CATALOGUE)
    assert list(wrong_commands(Page(PurePosixPath("remedies"), texts))) == []
    assert [name for name in re.findall(r"docs/[\w/-]+\.md", texts) if not (ROOT / name).exists()] == []


def test_pages_that_the_source_names_are_there() -> None:
    """Modules send their readers to docs/."""
    sources = [*ROOT.glob("src/**/*.py"), *ROOT.glob("tests/**/*.py"), *ROOT.glob("tools/*"), ROOT / "pyproject.toml"]
    named = {
        (name, str(source.relative_to(ROOT)))
        for source in sources
        if source.is_file() and "node_modules" not in source.parts and source != Path(__file__)
        for name in re.findall(r"\bdocs/[\w/-]+\.(?:md|toml|svg)", source.read_text("utf-8"))
    }
    assert sorted(each for each in named if not (ROOT / each[0]).exists()) == []


def test_decision_records_are_numbered_once_and_have_a_state() -> None:
    """0001 says what a record looks like; the index is generated."""
    records = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))
    numbers = [record.name[:4] for record in records]
    assert len(set(numbers)) == len(numbers)
    for record in records:
        head = rf"# {int(record.name[:4])}\. .+\n\n\*\*Status\*\*: (accepted|replaced by \d+)\n"
        assert re.match(head, record.read_text("utf-8")), record.name


def test_figures_that_pages_share_agree() -> None:
    """The README counts the mistakes that docs/mistakes.md has."""
    counted = re.search(r"has (\d+) mistakes", PAGES[PurePosixPath("README.md")].text)
    rows = re.findall(r"^\| \d+ \|", page_of("mistakes.md").text, re.MULTILINE)
    assert counted
    assert int(counted[1]) == len(rows)


def test_pictures_are_small_and_used() -> None:
    """A picture that no page shows is a file that nobody keeps."""
    pictures = sorted((ROOT / "docs/images").iterdir())
    shown = {link.rpartition("/")[2] for page in PAGES.values() for link in page.links}
    assert [picture.name for picture in pictures if picture.name not in shown] == []
    assert [picture.name for picture in pictures if picture.stat().st_size > PICTURE_BYTES_MAX] == []
