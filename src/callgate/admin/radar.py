"""`callgate credentials expiring` and `radar`: what needs somebody, before a job fails at night."""

from dataclasses import dataclass
from typing import Annotated

import typer

from callgate.admin.command import desk_command, granted
from callgate.admin.credentials import CREDENTIALS
from callgate.admin.spans import read_span
from callgate.admin.view import Rows
from callgate.model.instant import render_instant
from callgate.model.radar import ExpiringLookup, Job
from callgate.protocol.radar import DAY_MS, jobs_if_leaves, jobs_if_sso, look
from callgate.service.administer.desk import Desk
from callgate.service.administer.finding import find_account, find_person
from callgate.service.administer.radar import survey_credentials

__all__ = ["CREDENTIALS"]

OfAccount = Annotated[str | None, typer.Option(help="Only of this account.", show_default=False)]
Within = Annotated[str, typer.Option(help="How soon, as in 12h or 30d.")]


@dataclass(frozen=True, slots=True)
class ExpiringOptions:
    """How soon, and whose."""

    within: Within = "30d"
    account: OfAccount = None


@dataclass(frozen=True, slots=True)
class RadarOptions:
    """Whose, how far to look, and what is planned."""

    account: OfAccount = None
    within: Within = "30d"
    days: Annotated[int, typer.Option(min=1, help="How far back the audit log is read for grants.")] = 30
    if_leaves: Annotated[
        str | None,
        typer.Option(help="Instead: the jobs that stop without this extension.", show_default=False),
    ] = None
    if_sso_enforced: Annotated[
        bool, typer.Option("--if-sso-enforced", help="Instead: the jobs that stop where single sign-on is enforced.")
    ] = False


@desk_command(CREDENTIALS, "expiring", options=ExpiringOptions)
async def show_expiring(desk: Desk, options: ExpiringOptions) -> Rows:
    """List JWT credentials that expire soon and have no successor; exit 1 where there are any, for monitoring."""
    account_id = granted(await find_account(desk, options.account)).id if options.account else None
    now_ms, within_ms = desk.clock.now_ms(), read_span(options.within)
    found = (await desk.store.read(ExpiringLookup(now_ms, now_ms + within_ms))).credentials
    rows = tuple(
        (each.id, each.account_id, each.extension_id, each.label, render_instant(each.expires_ms))
        for each in found
        if each.expires_ms is not None and account_id in {None, each.account_id}
    )
    columns = ("id", "account_id", "extension_id", "label", "expires")
    return Rows(columns, rows, failed=bool(rows), empty=f"Nothing expires within {options.within}.")


@desk_command(CREDENTIALS, "radar", options=RadarOptions)
async def radar(desk: Desk, options: RadarOptions) -> Rows:
    """Show what is wrong with credentials and secrets, or which jobs a change would stop.

    By what is recorded anyway: owners, last uses, and the grants of the last days in the audit log.
    """
    account_id = granted(await find_account(desk, options.account)).id if options.account else None
    since_ms = desk.clock.now_ms() - options.days * DAY_MS
    survey = await survey_credentials(desk, account_id=account_id, since_ms=since_ms)
    if options.if_leaves is not None:
        leaving = granted(await find_person(desk, options.if_leaves))
        jobs, stops = jobs_if_leaves(survey, leaving.id), f"without {leaving.name}"
        return _jobs(jobs, empty=f"No job of the last {options.days} days stops {stops}.")
    if options.if_sso_enforced:
        return _jobs(jobs_if_sso(survey), empty=f"No job of the last {options.days} days types a password.")
    found = tuple(tuple(each) for each in look(survey, within_ms=read_span(options.within)))
    return Rows(("what", "subject", "detail", "mend"), found, empty="Nothing is wrong with credentials and secrets.")


def _jobs(jobs: list[Job], *, empty: str) -> Rows:
    rows = tuple((*job[:-1], render_instant(job.last_ms)) for job in jobs)
    return Rows(("client_id", "app", "extension_id", "person", "way", "grants", "last"), rows, empty=empty)
