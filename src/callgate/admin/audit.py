"""`callgate audit`: what was done by whom, and whether the log of it is whole."""

import asyncio
import json
import re
from dataclasses import dataclass
from typing import Annotated

import typer

from callgate.admin.asking import YesFlag, require_yes
from callgate.admin.command import BY, NoOptions, Refusal, Run, desk_command, granted, noun, plain_command
from callgate.admin.composition import AuditSeen
from callgate.admin.paging import Limit, take_page
from callgate.admin.progress import progress_bar
from callgate.admin.view import Rows
from callgate.model.instant import parse_instant, render_instant
from callgate.model.listings import AuditBatch, AuditListing, AuditPlace
from callgate.service.administer.audit import prune_audit
from callgate.service.administer.desk import Desk

_PLACE = re.compile(r"(?P<writer>\S{1,64})/(?P<seq>[0-9]{1,18})", re.ASCII)

DAY_MS = 86_400_000

AUDIT = noun("audit", "The audit log: a chain of hashes for each writer.")


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Which part."""

    limit: Limit = 50
    before: Annotated[str | None, typer.Option(help="Only older than this ISO 8601 time.", show_default=False)] = None
    after: Annotated[
        str | None, typer.Option(help="Go on after this link, as in server/12; older ones follow.", show_default=False)
    ] = None


@dataclass(frozen=True, slots=True)
class PruneOptions:
    """How much stays."""

    older_than: Annotated[int, typer.Option(min=1, max=36_500, help="Keep so many days.", metavar="DAYS")]
    yes: YesFlag = False


@desk_command(AUDIT, "list", options=ListOptions)
async def list_audit(desk: Desk, options: ListOptions) -> Rows:
    """List what was done, the newest first; the limit counts commits, each with all it did."""
    before_ms = None if options.before is None else parse_instant(options.before)
    if options.before is not None and before_ms is None:
        raise Refusal(f"{options.before!r} is not an ISO 8601 date or time")
    after = None if options.after is None else _read_place(options.after)
    facts = await desk.store.read(AuditListing(before_ms=before_ms, after=after, rows=options.limit + 1))
    page = take_page(facts.batches, options.limit, key=lambda batch: f"{batch.writer}/{batch.seq}")
    rows = tuple(row for batch in page.kept for row in _rows(batch))
    return Rows(("at", "writer", "number", "what", "by", "about"), rows, page.more)


@plain_command(AUDIT, "verify", options=NoOptions)
def verify(run: Run, _options: NoOptions) -> Rows:
    """Check every chain; compare the heads with those you kept elsewhere. Exit 1 when one is broken."""
    with progress_bar("Checking the audit log") as progress:
        seen = run.composition.verify_audit(run.settings, progress=progress)
    return _chains(_whole(seen))


@plain_command(AUDIT, "prune", options=PruneOptions)
def prune(run: Run, options: PruneOptions) -> Rows:
    """Delete what is older, once every chain was verified; the log says so, and goes on being verifiable."""
    require_yes(f"Delete what is older than {options.older_than} days from the audit log?", given=options.yes)
    asyncio.run(_prune(run, options.older_than * DAY_MS))
    with progress_bar("Checking the audit log") as progress:
        return _chains(_whole(run.composition.verify_audit(run.settings, progress=progress)))


async def _prune(run: Run, age_ms: int) -> None:
    async with run.composition.desk(run.settings, by=BY) as desk:
        before_ms = desk.clock.now_ms() - age_ms
        with progress_bar("Checking the audit log") as progress:
            seen = run.composition.verify_audit(run.settings, progress=progress, cut_before_ms=before_ms)
        cuts = _whole(seen).cuts
        pruned = {chain.writer: chain.pruned for chain in seen.chains}
        due = sum(cut.seq - pruned[cut.writer] for cut in cuts)
        with progress_bar("Pruning the audit log") as progress:
            granted(await prune_audit(desk, cuts, before_ms=before_ms, progress=lambda done: progress(done, due)))


def _whole(seen: AuditSeen) -> AuditSeen:
    if seen.breaks:
        raise Refusal(f"the audit log was altered: {'; '.join(seen.breaks)}")
    return seen


def _chains(seen: AuditSeen) -> Rows:
    rows = tuple((chain.writer, chain.links, chain.pruned, chain.entries, chain.head) for chain in seen.chains)
    return Rows(("writer", "links", "pruned", "entries", "head"), rows)


def _read_place(text: str) -> AuditPlace:
    found = _PLACE.fullmatch(text)
    if found is None:
        raise Refusal(f"{text!r} is not a link: its writer and number, as in server/12")
    return AuditPlace(found["writer"], int(found["seq"]))


def _rows(batch: AuditBatch) -> list[tuple[str, str, int, str, str | None, str]]:
    rows = []
    for line in reversed(batch.entries.splitlines()):
        entry = json.loads(line)
        what, by = entry.pop("what"), entry.pop("by", None)
        about = " ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in entry.items())
        rows.append((render_instant(batch.at_ms), batch.writer, batch.seq, what, by, about))
    return rows
