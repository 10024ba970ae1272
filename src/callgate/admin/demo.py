"""`callgate demo`: the main job done over HTTP in front of you, each step as the curl line that does it.

The server is a real one in a process of its own; nothing here knows more of it than dev.json says. How requests are
sent and shown stands in `demo_steps`.
"""

import json
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from callgate.admin.command import Refusal, Run, serving_command
from callgate.admin.demo_steps import Answer, Call, Stage
from callgate.admin.dev import DATA, PORT, DataOption, PortOption, use_world
from callgate.admin.drawing import open_console
from callgate.admin.world import WORLD_FILE, World, WorldApp, read_world

LOG_FILE = "server.log"
CALLS_SHOWN = 5

_START_S = 60
_STOP_S = 15
_TERMINATED = 143  # as shells count SIGTERM


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """Where, and whether to stay."""

    once: Annotated[bool, typer.Option("--once", help="Stop after the steps instead of serving on.")] = False
    port: PortOption = PORT
    data: DataOption = DATA


def add_demo(cli: typer.Typer) -> None:
    """Register the command."""

    @serving_command(cli, "demo", options=DemoOptions)
    def demo(_run: Run, options: DemoOptions) -> None:
        """Watch a token being issued, used, refreshed, lost, found and revoked; then try the server yourself."""
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))
        console = open_console(sys.stdout, columns=100)
        with _served(options) as server:
            world = read_world(options.data)
            perform(Stage(console), world)
            if options.once:
                return
            try:
                _invite(console, world, data=options.data)
                server.wait()
            except KeyboardInterrupt:
                console.print("\nStopped.")


def perform(stage: Stage, world: World) -> None:
    """The story of one unattended script. Raises Refusal at the first reply that is not as it should be."""
    token_url = f"{world.base_url}/restapi/oauth/token"
    calls_url = f"{world.base_url}/restapi/v1.0/account/~/call-log?perPage={CALLS_SHOWN}"
    script = world.apps["script"]
    jwt = world.jwt_credentials["admin_any"].jwt

    stage.chapter("A script gets a token with its JWT credential: no browser, no password")
    bearer = (("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", jwt))
    first = stage.play(Call("POST", token_url, basic=_basic(script), form=bearer))

    stage.chapter("It reads the company's call log")
    _show_calls(stage, stage.play(_read(calls_url, first), show_body=False))

    stage.chapter("Before the token expires, it refreshes")
    refresh = (("grant_type", "refresh_token"), ("refresh_token", first.text("refresh_token")))
    second = stage.play(Call("POST", token_url, basic=_basic(script), form=refresh))
    stage.require(second.text("access_token") != first.text("access_token"), "a refresh gives new tokens")

    stage.chapter("Suppose that reply was lost on the way: the script asks again, and gets the very same tokens")
    again = stage.play(Call("POST", token_url, basic=_basic(script), form=refresh))
    for name in ("access_token", "refresh_token"):
        stage.require(again.text(name) == second.text(name), f"the repeated refresh gives the same {name}")

    stage.chapter("The new token works")
    _show_calls(stage, stage.play(_read(calls_url, again), show_body=False))

    stage.chapter("The script is done and revokes its session")
    form = (("token", again.text("access_token")),)
    stage.play(Call("POST", f"{world.base_url}/restapi/oauth/revoke", basic=_basic(script), form=form))

    stage.chapter("From then on it is refused")
    stage.play(_read(calls_url, again), status=401)


@contextmanager
def _served(options: DemoOptions) -> Iterator[subprocess.Popen[str]]:
    """The development server as a child process, from its ready line to its end."""
    options.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = options.data / LOG_FILE
    command = [sys.executable, sys.argv[0], "dev", f"--port={options.port}", f"--data={options.data}"]
    with log.open("w") as errors:
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)  # noqa: S603 - ourselves
    try:
        assert server.stdout is not None
        if not server.stdout.readline().startswith("callgate is ready on "):
            server.wait(_START_S)
            raise Refusal(f"the server did not start: {log.read_text('utf-8').strip() or f'see {log}'}")
        yield server
    finally:
        server.terminate()
        server.wait(_STOP_S)


def _basic(app: WorldApp) -> tuple[str, str]:
    return (app.client_id, app.client_secret or "")


def _read(url: str, tokens: Answer) -> Call:
    return Call("GET", url, headers=(("Authorization", f"Bearer {tokens.text('access_token')}"),))


def _show_calls(stage: Stage, answer: Answer) -> None:
    records = json.loads(answer.body)["records"]
    stage.require(len(records) == CALLS_SHOWN, f"{CALLS_SHOWN} calls on the page")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("started", "direction", "from", "to", "result", "seconds"):
        table.add_column(column)
    for record in records:
        parties = (record.get(side, {}) for side in ("from", "to"))
        named = [str(party.get("name") or party.get("phoneNumber") or "–") for party in parties]
        row = (record["startTime"], record["direction"], *named, record["result"], str(record["duration"]))
        table.add_row(*(Text(cell) for cell in row))
    stage.show(table)


def _invite(console: Console, world: World, *, data: Path) -> None:
    console.rule("Now you", align="left")
    for about, url in (
        ("Sign in and consent (the code comes back in the address bar)", _authorize_url(world)),
        ("What there is", f"{world.base_url}/"),
        ("Discovery", f"{world.base_url}/.well-known/openid-configuration"),
    ):
        console.print(Text(f"{about}: "), Text(url, style="cyan"), soft_wrap=True)
    _title(console, "People, by e-mail or number, and password")
    for name, person in world.people.items():
        number = person.phone_number or f"{world.accounts[person.account].main_number}*{person.extension_number}"
        role = person.role if person.status == "Enabled" else f"{person.role}, {person.status.lower()}"
        _entry(console, name, about=role, values=(person.email, number, person.password))
    _title(console, "Apps, by client id and secret")
    for name, app in world.apps.items():
        grants = " ".join(grant.rpartition(":")[2] for grant in app.grant_types)
        _entry(console, name, about=grants, values=(app.client_id, app.client_secret))
    _title(console, "Commands, in a second terminal")
    for line in (use_world(data), f"{shlex.quote(str(Path(sys.argv[0]).absolute()))} sessions list"):
        console.print(Text(f"  {line}"), soft_wrap=True)
    console.print()
    console.print(f"All of it, with JWT credentials: {data / WORLD_FILE}")
    console.print(f"Log: {data / LOG_FILE}   Time travel: POST {world.base_url}/_dev/clock")
    console.print(f"Serving on {world.base_url} until you press Ctrl-C.", style="bold green")


def _title(console: Console, text: str) -> None:
    console.print(Text(f"\n{text}", style="italic"), soft_wrap=True)


def _entry(console: Console, name: str, *, about: str, values: tuple[str | None, ...]) -> None:
    """Two lines, because what somebody will copy is never folded, and one would not fit most screens."""
    console.print(Text(name, style="bold"), Text(about, style="dim"), soft_wrap=True)
    console.print(Text("  " + "  ".join(value for value in values if value)), soft_wrap=True)


def _authorize_url(world: World) -> str:
    web = world.apps["web"]
    return (
        f"{world.base_url}/restapi/oauth/authorize?response_type=code&client_id={web.client_id}"
        f"&redirect_uri={web.redirect_uris[0]}&state=try"
    )
