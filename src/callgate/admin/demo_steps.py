"""The stage of the demonstration: a request sent, shown as the curl line that sends it, its reply held to a status."""

import json
import shlex
import urllib.error
import urllib.request
from base64 import b64encode
from dataclasses import dataclass, field
from urllib.parse import urlencode

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from callgate.admin.command import Refusal

_TIMEOUT_S = 20
_OK = 200


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    basic: tuple[str, str] | None = field(default=None, repr=False)
    form: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: str = field(repr=False)

    def text(self, member: str) -> str:
        """A member of the JSON object in the body. Raises Refusal when it is not there."""
        value = json.loads(self.body or "{}").get(member)
        if not isinstance(value, str):
            raise Refusal(f"the reply has no {member}")
        return value


@dataclass(frozen=True, slots=True)
class Stage:
    """Where steps are played."""

    console: Console

    def chapter(self, title: str) -> None:
        """Begin a step."""
        self.console.print()
        self.console.rule(Text(title, style="bold"), align="left", style="dim")

    def play(self, call: Call, *, status: int = _OK, show_body: bool = True) -> Answer:
        """Show a request as curl, send it, show the reply. Raises Refusal when its status is another."""
        self.console.print(Text(curl_line(call), style="cyan"), soft_wrap=True)
        answer = send(call)
        self.console.print(Text(f"HTTP {answer.status}", style="bold green" if answer.status == status else "bold red"))
        if show_body and answer.body:
            self.console.print(Text(_pretty(answer.body)), soft_wrap=True)
        self.require(answer.status == status, f"HTTP {status}")
        return answer

    def show(self, what: RenderableType) -> None:
        """Show something made of a reply."""
        self.console.print(Padding(what, (0, 0, 0, 2), expand=False))

    def require(self, holds: bool, what: str) -> None:  # noqa: FBT001 - it reads as a sentence
        """Go on only if it is as it should be. Raises Refusal."""
        if not holds:
            raise Refusal(f"this step differs: expected {what}")


def send(call: Call) -> Answer:
    """Send a request; a status of refusal is an answer too. Raises OSError when nobody answers."""
    headers = dict(call.headers)
    if call.basic:
        headers["Authorization"] = f"Basic {b64encode(':'.join(call.basic).encode()).decode()}"
    body = urlencode(call.form).encode() if call.form else None
    request = urllib.request.Request(call.url, data=body, headers=headers, method=call.method)  # noqa: S310 - http only
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as reply:  # noqa: S310 - likewise
            return Answer(reply.status, reply.read().decode())
    except urllib.error.HTTPError as refusal:
        return Answer(refusal.code, refusal.read().decode())


def curl_line(call: Call) -> str:
    """The command that sends the same, ready to be pasted."""
    parts = [f"curl {shlex.quote(call.url)}"]
    if call.basic:
        parts.append(f"-u {shlex.quote(':'.join(call.basic))}")
    parts += [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in call.headers]
    parts += [f"-d {shlex.quote(f'{name}={value}')}" for name, value in call.form]
    return " \\\n  ".join(parts)


def _pretty(body: str) -> str:
    return json.dumps(json.loads(body), indent=2, ensure_ascii=False) if body.startswith("{") else body
