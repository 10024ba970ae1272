"""`callgate sessions`: who is signed in with what, and ending it."""

from dataclasses import dataclass
from typing import Annotated

import typer

from callgate.admin.asking import YesFlag, require_yes
from callgate.admin.command import desk_command, granted, noun
from callgate.admin.paging import After, Limit, take_page
from callgate.admin.view import Record, Rows, Value
from callgate.model.instant import render_instant
from callgate.model.listings import SessionsListing
from callgate.protocol.sessions import BECAUSE
from callgate.service.administer.desk import Desk
from callgate.service.administer.finding import find_account, find_app, find_person
from callgate.service.administer.sessions import (
    SessionSeen,
    end_every_session,
    end_session,
    find_session,
    list_sessions,
)

SESSIONS = noun("sessions", "Sessions: an app's tokens for a person or service.")

SessionWord = Annotated[
    str, typer.Argument(metavar="SESSION", help="Session id, as in a token reply.", show_default=False)
]


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Whose, and which page."""

    person: Annotated[str | None, typer.Option(help="Only of this person.", show_default=False)] = None
    app: Annotated[str | None, typer.Option(help="Only of this app.", show_default=False)] = None
    account: Annotated[str | None, typer.Option(help="Only of this account.", show_default=False)] = None
    limit: Limit = 100
    after: After = 0


@dataclass(frozen=True, slots=True)
class OneSession:
    """The session meant."""

    session: SessionWord


@dataclass(frozen=True, slots=True)
class EndOptions(OneSession):
    """The session that is to be over."""

    yes: YesFlag = False


@dataclass(frozen=True, slots=True)
class EndAllOptions:
    """Whether it was meant."""

    yes: YesFlag = False


@desk_command(SESSIONS, "list", options=ListOptions)
async def list_all(desk: Desk, options: ListOptions) -> Rows:
    """List sessions, those that are over but remembered too."""
    account_id = granted(await find_account(desk, options.account)).id if options.account else None
    extension_id = granted(await find_person(desk, options.person)).id if options.person else None
    client_id = granted(await find_app(desk, options.app)).id if options.app else None
    listing = SessionsListing(
        account_id=account_id,
        extension_id=extension_id,
        client_id=client_id,
        after=options.after,
        rows=options.limit + 1,
    )
    page = take_page(await list_sessions(desk, listing), options.limit, key=lambda seen: seen.listed.session.id)
    rows = tuple(tuple(value for _, value in _fields(seen)[: len(_COLUMNS)]) for seen in page.kept)
    return Rows(_COLUMNS, rows, page.more)


@desk_command(SESSIONS, "show", options=OneSession)
async def show_session(desk: Desk, options: OneSession) -> Record:
    """Show a session."""
    return Record(fields=_fields(granted(await find_session(desk, options.session))))


@desk_command(SESSIONS, "end", options=EndOptions)
async def end(desk: Desk, options: EndOptions) -> Record:
    """End a session: its tokens are dead at once."""
    seen = granted(await find_session(desk, options.session))
    session = seen.listed.session
    require_yes(f"End {seen.id}, of app {session.client_id} for {session.extension_id}?", given=options.yes)
    granted(await end_session(desk, seen))
    return Record(fields=_fields(granted(await find_session(desk, options.session))))


@desk_command(SESSIONS, "end-all", options=EndAllOptions)
async def end_all(desk: Desk, options: EndAllOptions) -> Record:
    """End every session and sign-in of everybody, as after a theft."""
    require_yes("End every session of every account?", given=options.yes)
    granted(await end_every_session(desk))
    return Record(fields=(("ended", "all"),), note="Every session and sign-in until now is over.")


_COLUMNS = ("session_id", "account_id", "extension_id", "client_id", "state", "opened", "issued", "expires")


def _fields(seen: SessionSeen) -> tuple[tuple[str, Value], ...]:
    session = seen.listed.session
    values: tuple[Value, ...] = (
        seen.id,
        session.account_id,
        session.extension_id,
        session.client_id,
        session.state.name.lower() if seen.over is None else "over",
        render_instant(session.opened_ms),
        render_instant(session.issued_ms),
        render_instant(seen.expires_ms),
    )
    return (
        *zip(_COLUMNS, values, strict=True),
        ("over_because", None if seen.over is None else BECAUSE[seen.over]),
        ("opened_by", session.credential_kind.name.lower()),
        ("scope", session.scope),
        ("endpoint_id", session.endpoint_id),
        ("generation", session.generation),
    )
