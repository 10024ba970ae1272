"""Asking people: passwords without an echo, yes before what cannot be taken back. Never from the arguments."""

import sys
from dataclasses import dataclass, field
from typing import Annotated

import typer

from callgate.admin.command import Refusal
from callgate.service.administer.desk import Desk
from callgate.service.administer.passwords import generate_password

PasswordFromStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the first line of standard input.")
]
PasswordGenerated = Annotated[bool, typer.Option("--generate-password", help="Make up a password and show it once.")]
YesFlag = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
"""Of every command that deletes or ends what no other command brings back (docs/adr/0067)."""


@dataclass(frozen=True, slots=True)
class ChosenPassword:
    """A password, or none. `shown` is what to show once: only what was made up here."""

    password: str | None = field(repr=False)
    shown: tuple[tuple[str, str], ...] = field(repr=False)


def choose_password(desk: Desk, *, from_stdin: bool, generate: bool) -> ChosenPassword:
    """Take the password the options say, or none. Raises Refusal when they say two."""
    if from_stdin and generate:
        raise Refusal("say --password-stdin or --generate-password, not both")
    if generate:
        made = generate_password(desk)
        return ChosenPassword(made, (("password", made),))
    return ChosenPassword(read_line() if from_stdin else None, ())


def read_line(chars_max: int = -1) -> str:
    """The first line of standard input. Raises Refusal where it is no text."""
    try:
        return sys.stdin.readline(chars_max).rstrip("\r\n")
    except UnicodeDecodeError:
        raise Refusal("standard input is not text in UTF-8") from None


def ask_password() -> str:
    """Ask twice for a new password. Raises Refusal where nobody can be asked."""
    if not sys.stdin.isatty():
        raise Refusal("nobody is there to be asked: say --password-stdin or --generate-password")
    asked: str = typer.prompt("New password", hide_input=True, confirmation_prompt="The same again", err=True)
    return asked


def require_yes(question: str, *, given: bool) -> None:
    """Go on only if somebody says yes, or --yes said so already. Raises Refusal."""
    if given:
        return
    if not sys.stdin.isatty():
        raise Refusal(f"{question} Say --yes where nobody can be asked")
    if not typer.confirm(question, err=True):
        raise Refusal("nothing was done")
