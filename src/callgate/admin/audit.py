"""`callgate audit`: what was done by whom, and whether the log of it is whole."""

import json
from dataclasses import dataclass
from typing import Annotated

import typer

from callgate.admin.command import NoOptions, Refusal, Run, desk_command, noun, plain_command
from callgate.admin.paging import Limit
from callgate.admin.progress import progress_bar
from callgate.admin.view import Rows
from callgate.model.instant import parse_instant, render_instant
from callgate.model.listings import AuditBatch, AuditListing
from callgate.service.administer.desk import Desk

AUDIT = noun("audit", "The audit log: a chain of hashes for each writer.")


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Which part."""

    limit: Limit = 50
    before: Annotated[str | None, typer.Option(help="Only older than this ISO 8601 time.", show_default=False)] = None


@desk_command(AUDIT, "list", options=ListOptions)
async def list_audit(desk: Desk, options: ListOptions) -> Rows:
    """List what was done, the newest first; the limit counts commits, each with all it did."""
    before_ms = None if options.before is None else parse_instant(options.before)
    if options.before is not None and before_ms is None:
        raise Refusal(f"{options.before!r} is not an ISO 8601 date or time")
    facts = await desk.store.read(AuditListing(before_ms=before_ms, rows=options.limit + 1))
    kept = facts.batches[: options.limit]
    more = None
    if len(facts.batches) > options.limit:
        more = f"There are more: --before {render_instant(kept[-1].at_ms)}"
    rows = tuple(row for batch in kept for row in _rows(batch))
    return Rows(("at", "writer", "number", "what", "by", "about"), rows, more)


@plain_command(AUDIT, "verify", options=NoOptions)
def verify(run: Run, _options: NoOptions) -> Rows:
    """Check every chain; compare the heads with those you kept elsewhere. Exit 1 when one is broken."""
    with progress_bar("Checking the audit log") as progress:
        seen = run.composition.verify_audit(run.settings, progress=progress)
    if seen.breaks:
        raise Refusal(f"the audit log was altered: {'; '.join(seen.breaks)}")
    rows = tuple((chain.writer, chain.links, chain.entries, chain.head) for chain in seen.chains)
    return Rows(("writer", "links", "entries", "head"), rows)


def _rows(batch: AuditBatch) -> list[tuple[str, str, int, str, str | None, str]]:
    rows = []
    for line in reversed(batch.entries.splitlines()):
        entry = json.loads(line)
        what, by = entry.pop("what"), entry.pop("by", None)
        about = " ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in entry.items())
        rows.append((render_instant(batch.at_ms), batch.writer, batch.seq, what, by, about))
    return rows
