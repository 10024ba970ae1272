"""The command line as a whole: every command explains itself, and nothing secret can be given as an argument."""

import os
import re
from collections.abc import Iterator

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from callgate.admin.cli import NOUNS, build_cli
from callgate.model.client import GrantType
from tests.admin.shell import Shell

ENDING = re.compile(
    r"(block|delete|disable|disallow|drop|end|prune|remove|reset|restored?|retire|revoke|sign-out|withdraw)(-.*)?"
)
SECRET = re.compile(r"password|secret|jwt$|token$|^key$")


def commands(group: TyperGroup, path: str) -> Iterator[tuple[str, TyperCommand]]:
    """Every command under a group, with the words that name it."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, f"{path} {name}")
        else:
            assert isinstance(command, TyperCommand)
            yield f"{path} {name}", command


ROOT = typer.main.get_command(build_cli())
assert isinstance(ROOT, TyperGroup)
ALL = dict(commands(ROOT, "callgate"))


def test_every_command_and_option_says_what_it_does() -> None:
    """docs/cli.md is made of this."""
    assert len(ALL) > 40
    mute = [path for path, command in ALL.items() if not (command.help or "").strip()]
    mute += [
        f"{path} {parameter.name}"
        for path, command in ALL.items()
        for parameter in command.params
        if parameter.name != "help" and not getattr(parameter, "help", None)
    ]
    assert mute == []


def test_every_command_prints_json_when_asked() -> None:
    """Scripts read every noun alike; the commands that serve show nothing, and say so rather than ignore the word."""
    without = {path for path, command in ALL.items() if not any(p.name == "json" for p in command.params)}
    assert without == {"callgate serve", "callgate dev", "callgate demo"}


def test_word_that_is_not_text_is_told_so(shell: Shell) -> None:
    """As from a terminal in Latin-1, where UTF-8 is meant."""
    assert "not text in UTF-8" in shell.refuse("accounts", "show", os.fsdecode(b"M\xfcller"), code=2)


def test_command_that_serves_refuses_json(shell: Shell) -> None:
    """Rather than ignore it: it would print none."""
    ended = shell.run("serve", "--check", "--json")
    assert (ended.code, ended.out) == (2, "")
    assert "No such option: --json" in ended.err


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        (("credentials", "create"), "Missing '--person', '--label'."),
        (("credentials", "create", "--app", "web"), "Missing '--person', '--label'."),
        (("credentials", "create", "--person", "101"), "Missing option '--label'."),
        (("apps", "allow-service"), "Missing 'APP', '--account', '--role'."),
        (("apps", "allow-service", "web"), "Missing '--account', '--role'."),
    ],
)
def test_everything_that_must_be_said_is_named_at_once(shell: Shell, words: tuple[str, ...], missing: str) -> None:
    """Nobody learns of one option at a time; who asks for help gets that."""
    ended = shell.run(*words)
    assert (ended.code, ended.out) == (2, "")
    assert missing in ended.err
    assert shell.run(*words, "--help").code == 0


def test_no_secret_is_taken_from_the_arguments() -> None:
    """Arguments stand in the process list and in the shell's history: flags and files may speak of secrets."""
    takes = [
        (path, parameter.name)
        for path, command in ALL.items()
        for parameter in command.params
        if SECRET.search(parameter.name or "")
        and not (getattr(parameter, "is_flag", False) or (parameter.name or "").endswith("_file"))
    ]
    assert takes == []


def test_every_command_that_ends_something_has_a_yes() -> None:
    """docs/adr/0067: by its first word; what another command brings back whole needs none."""
    asks = {path for path, command in ALL.items() if any(p.name == "yes" for p in command.params)}
    ends = {path for path in ALL if ENDING.fullmatch(path.split()[-1])}
    assert ends - asks == {"callgate queues remove-members"}
    assert asks - ends == set()


def test_help_cuts_nothing_where_the_terminal_is_narrow(shell: Shell) -> None:
    """Who reads it wants to copy a grant's name, and to know what a command does before trying it."""
    helped = shell.run("apps", "register", "--help").out
    assert {grant.value for grant in GrantType} <= {word.rstrip(",") for word in helped.split()}
    assert "--post-logout-redirect-uri" in helped
    for noun in NOUNS:
        listed = shell.run(str(noun.info.name), "--help")
        assert (listed.code, listed.err) == (0, "")
        assert "..." not in listed.out.partition("Commands:")[2], listed.out


def test_help_is_given_when_nothing_is_said(shell: Shell) -> None:
    """Whoever types the bare name is a beginner; a script that does is wrong, and reads nothing."""
    said = shell.run()
    assert (said.code, said.out, "accounts" in said.err) == (2, "", True)
    assert shell.run("accounts", "nothing").code == 2
    assert shell.run("sessions", "end").code == 2
