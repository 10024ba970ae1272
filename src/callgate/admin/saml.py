"""`callgate saml`: what is wrong with a document that an identity provider sent."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from callgate.admin.command import Refusal, desk_command, granted, noun
from callgate.admin.saml_mends import MENDS
from callgate.admin.view import Findings, Found
from callgate.crypto.certificates import describe_certificate
from callgate.model.connection import Connection, our_addresses
from callgate.model.instant import parse_instant, render_instant
from callgate.model.saml_check import Answer, Question, Report
from callgate.service.administer.desk import Desk
from callgate.service.administer.finding import find_account

SAML = noun("saml", "SAML documents: which checks one passes, and what to set at the identity provider.")

_FILE_BYTES_MAX = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions:
    """The document, and where it belongs."""

    file: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            metavar="FILE",
            help="A response, or an assertion: as XML, as base64, or as the form that was posted.",
            show_default=False,
        ),
    ]
    account: Annotated[str | None, typer.Option(help="Whose provider sent it.", show_default=False)] = None
    connection: Annotated[
        str | None, typer.Option(help="The connection, where the document does not name it.", show_default=False)
    ] = None
    grant: Annotated[
        bool, typer.Option("--grant", help="Check the assertion for the token endpoint, not for a browser.")
    ] = False
    at: Annotated[str | None, typer.Option(help="Judge as at this time (ISO 8601); else now.", show_default=False)] = (
        None
    )


@desk_command(SAML, "check", options=CheckOptions)
async def check(desk: Desk, options: CheckOptions) -> Findings:
    """Say which checks a document passes, and what to set where it fails; nobody is let in. Exit 1 when one fails."""
    from callgate.service.administer.saml_check import check_document  # noqa: PLC0415 - no other command waits for XML

    at_ms = None if options.at is None else parse_instant(options.at)
    if options.at is not None and at_ms is None:
        raise Refusal(f"{options.at!r} is not an ISO 8601 date or time")
    question = Question(
        content=_read(options.file),
        for_grant=options.grant,
        account_id=granted(await find_account(desk, options.account)).id if options.account else None,
        connection=options.connection,
        at_ms=at_ms,
    )
    report = granted(await check_document(desk, question))
    return Findings(
        tuple(_found(desk, report, answer) for answer in report.answers),
        note=_note(report.connection, desk.clock.now_ms()),
    )


def _read(file: Path) -> bytes:
    with file.open("rb") as opened:
        content = opened.read(_FILE_BYTES_MAX + 1)
    if len(content) > _FILE_BYTES_MAX:
        raise Refusal(f"{file} is longer than {_FILE_BYTES_MAX // 1024} KiB")
    return content


def _found(desk: Desk, report: Report, answer: Answer) -> Found:
    if answer.mistake is None:
        return Found(answer.check, passed=True)
    connection = report.connection
    mends = MENDS[answer.check].told(
        name=str(connection.id),
        place=report.place,
        entity_id=our_addresses(desk.policy.issuer, connection.id).entity_id,
    )
    return Found(answer.check, passed=False, found=answer.mistake, mends=mends)


def _note(connection: Connection, now_ms: int) -> str:
    """Which connection it was held against; and certificates past their date, which are believed all the same."""
    ends = [describe_certificate(each).not_after_ms for each in connection.certificates]
    over = ", ".join(render_instant(end)[:10] for end in ends if end < now_ms)
    said = f"Held against the connection {connection.name} ({connection.id})."
    return f"{said} A certificate of it ended on {over}: ask the provider for its next one." if over else said
