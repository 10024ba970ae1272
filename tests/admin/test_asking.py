"""Somebody at a terminal: what is asked, and that a password typed there is not shown."""

import os
import pty
import select
import sys
import termios
from pathlib import Path

from tests.admin.shell import Shell

PASSWORD = "correct horse battery"
CALLGATE = str(Path(sys.executable).with_name("callgate"))


def type_in(shell: Shell, *args: str, answers: dict[str, str]) -> tuple[str, int]:
    """Run a command on a terminal and answer each question once; gives what the screen showed, and the exit code."""
    child, screen = pty.fork()
    if not child:
        os.chdir(shell.folder)
        os.execv(CALLGATE, [CALLGATE, *args])  # noqa: S606 - the command itself
    seen, waiting = "", dict(answers)
    while True:
        try:
            seen += os.read(screen, 4096).decode()
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
