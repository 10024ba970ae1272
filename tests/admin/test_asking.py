"""Somebody at a terminal: what is asked, that a password typed there is not shown, that what is shown can be copied."""

import codecs
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
from pathlib import Path
from shutil import copytree
from typing import NamedTuple

import pytest

from tests.admin.shell import Shell
from tests.crypto.forge import jwks, rsa_jwk, rsa_key
from tests.crypto.saml.signer import identity

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
PASSWORD = "correct horse battery"
CALLGATE = str(Path(sys.executable).with_name("callgate"))


class Company(NamedTuple):
    """A shell beside a company, and the ids of what is named by one."""

    shell: Shell
    names: dict[str, str]


def type_in(shell: Shell, *args: str, answers: dict[str, str], columns: int = 80) -> tuple[str, int]:
    """Run a command on a terminal and answer each question once; gives what the screen showed, and the exit code."""
    child, screen = pty.fork()
    if not child:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        os.chdir(shell.folder)
        told = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
        os.execve(CALLGATE, [CALLGATE, *args], told | {"TERM": "xterm"})  # noqa: S606 - the command itself
    seen, waiting, decoder = "", dict(answers), codecs.getincrementaldecoder("utf-8")()
    while True:
        try:
            seen += decoder.decode(os.read(screen, 4096))  # which may end within a character
        except OSError:  # the terminal is gone with its last process
            break
        for question in [each for each in waiting if each in seen]:
            answer = waiting.pop(question)
            # What is typed before the echo is off is thrown away, as it should be.
            while answer == PASSWORD and termios.tcgetattr(screen)[3] & termios.ECHO:
                select.select([], [], [], 0.01)
            os.write(screen, f"{answer}\n".encode())
    os.close(screen)
    assert waiting == {}, seen
    return seen, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_password_is_asked_for_twice_and_never_shown(shell: Shell) -> None:
    """No option takes one: arguments stand in the process list."""
    account = str(shell.give("accounts", "create", "--name", "Alder", "--main-number", "+12025550100")["id"])
    answers = {"New password:": PASSWORD, "The same again:": PASSWORD}
    seen, code = type_in(shell, "extensions", "set-password", account, answers=answers)
    assert (code, "The password is set." in seen) == (0, True)
    assert PASSWORD not in seen
    assert shell.give("extensions", "list")[0]["password"]


def test_what_cannot_be_taken_back_is_asked_about(shell: Shell) -> None:
    """A no is a refusal, and nothing is done."""
    seen, code = type_in(shell, "sessions", "end-all", answers={"End every session of every account?": "n"})
    assert code == 1
    assert "nothing was done" in seen
    assert "SessionsFromMoved" not in str(shell.give("audit", "list"))


ENDINGS = [
    ("accounts disable Alder", "Disable Alder, and end every session and sign-in of it?"),
    ("apps block A", "Block A, and end every session of it?"),
    ("apps disallow-service A --account Alder", "Let A into Alder no longer, and end its sessions there?"),
    ("apps retire-secret A", "End the former secret of A?"),
    ("audit prune --older-than 400", "Delete what is older than 400 days from the audit log?"),
    ("consents withdraw {person} A", "Withdraw Main Administrator's consent to A, and end what it opened?"),
    ("credentials delete {credential}", "Delete job ({credential}), and end its sessions?"),
    ("db restore backup", "Replace callgate.db by backup?"),
    ("extensions disable {person}", "Disable Main Administrator, and end every session and sign-in of theirs?"),
    (
        "extensions reset-mfa {person}",
        "Take every second factor of Main Administrator away, and end every session and sign-in of theirs?",
    ),
    ("extensions sign-out-everywhere {person}", "End every session and sign-in of Main Administrator?"),
    ("issuers revoke Builds", "Trust Builds no longer, and end what its tokens opened?"),
    ("keys drop-old-keks", "Take every key but the first out of kek?"),
    ("roles delete Reader --account Alder", "Delete the role Reader?"),
    ("sessions end-all", "End every session of every account?"),
    ("sso disable IdP", "Disable IdP, and sign out who came by it?"),
    ("sso remove IdP", "Remove IdP, and sign out who came by it?"),
]
"""A command that ends something, and what it asks. `sessions end` needs a server first: test_serving.py."""


@pytest.fixture(scope="module")
def company(forker: "subprocess.Popen[str]", migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Company:
    """One of everything that can be ended."""
    shell = Shell(Path(copytree(migrated, tmp_path_factory.mktemp("company") / "copy")), forker)
    person = str(shell.give("accounts", "create", "--name", "Alder", "--main-number", "+12025550100")["id"])
    grants = ("--kind", "ServerOther", "--grant", JWT_BEARER, "--scope", "ReadAccounts")
    shell.give("apps", "register", "--account", "Alder", "--name", "A", *grants)
    shell.give("roles", "create", "--account", "Alder", "--name", "Reader", "--permission", "ReadCallLog")
    credential = str(shell.give("credentials", "create", "--person", person, "--label", "job")["id"])
    (shell.folder / "keys.json").write_text(jwks(rsa_jwk(rsa_key(), kid="one", use="sig", alg="RS256")))
    shell.give(
        *("issuers", "trust", "--name", "Builds", "--account", "Alder", "--app", "A", "--role", "Reader"),
        *("--issuer", "https://builds.example", "--condition", "sub=nightly", "--jwks", "keys.json"),
    )
    (shell.folder / "idp.pem").write_bytes(identity().pem)
    shell.give(
        *("sso", "connect-saml", "Alder", "--name", "IdP", "--issuer", "https://idp.example"),
        *("--sso-url", "https://idp.example/sso", "--certificate", "idp.pem"),
    )
    return Company(shell, {"person": person, "credential": credential})


@pytest.mark.parametrize(("command", "question"), ENDINGS, ids=[" ".join(line.split()[:2]) for line, _ in ENDINGS])
def test_nothing_ends_unasked(company: Company, command: str, question: str) -> None:
    """docs/adr/0067: where nobody can be asked, the question itself is the refusal, and nothing is written."""
    before = company.shell.give("audit", "list")
    said = company.shell.refuse(*command.format_map(company.names).split())
    assert said == f"Refused: {question.format_map(company.names)} Say --yes where nobody can be asked"
    assert company.shell.give("audit", "list") == before


SHOWN_ONCE = [
    ("apps register --account Alder --name B --kind ServerOther --grant password --scope ReadAccounts", r"\w{43}"),
    ("apps rotate-secret A", r"\w{43}"),
    ("accounts create --name Birch --main-number +12025550200 --generate-password", r"\S{20,}"),
    ("extensions create --account Alder --first-name Bo --generate-password", r"\S{20,}"),
    ("extensions set-password +12025550100 --generate-password", r"\S{20,}"),
    ("credentials create --person +12025550100 --label c", r"[\w-]{40,}\.[\w-]{40,}\.[\w-]{300,}"),
]
"""A command, and what it shows once."""


@pytest.mark.parametrize(("command", "shown"), SHOWN_ONCE, ids=[" ".join(line.split()[:2]) for line, _ in SHOWN_ONCE])
def test_what_is_shown_once_is_one_line_when_the_terminal_is_narrow(shell: Shell, command: str, shown: str) -> None:
    """Forty columns: a secret that we broke in two could not be copied, and is stored nowhere."""
    shell.give("accounts", "create", "--name", "Alder", "--main-number", "+12025550100")
    grants = ("--kind", "ServerOther", "--grant", "password", "--scope", "ReadAccounts")
    shell.give("apps", "register", "--account", "Alder", "--name", "A", *grants)
    seen, code = type_in(shell, *command.split(), answers={}, columns=40)
    assert code == 0, seen
    lines = re.sub(r"\x1b\[[0-9;]*m", "", seen).splitlines()
    assert [line for line in lines if re.fullmatch(rf"(client secret|password|jwt) +{shown}", line)], lines
    assert "Keep this now: it is stored nowhere, and will not be shown again." in lines
