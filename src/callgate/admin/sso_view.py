"""`callgate sso`: how a connection is named, shown and changed, whatever its provider speaks."""

from collections.abc import Callable
from typing import Annotated

import typer

from callgate.admin.command import granted
from callgate.admin.view import Record, Value
from callgate.crypto.certificates import describe_certificate
from callgate.model.connection import Connection, ConnectionKind, our_addresses
from callgate.model.instant import render_instant
from callgate.service.administer.connections import change_connection, find_connection, is_locked_out
from callgate.service.administer.desk import Desk

ConnectionWord = Annotated[str, typer.Argument(metavar="CONNECTION", help="Id or name.", show_default=False)]
Name = Annotated[str, typer.Option(help="What the connection is called here.", show_default=False)]
EmailDomains = Annotated[
    list[str],
    typer.Option(
        "--email-domain",
        metavar="DOMAIN",
        help="People with such addresses are sent to this provider; repeat.",
        show_default=False,
    ),
]


async def change(
    desk: Desk, word: str, edit: Callable[[Connection], Connection], *, client_secret: str | None = None
) -> Record:
    """Change the connection meant, and show it."""
    connection = granted(await find_connection(desk, word))
    granted(await change_connection(desk, connection, edit, client_secret=client_secret))
    after = granted(await find_connection(desk, str(connection.id)))
    return record(desk, after, note=await warning(desk, after))


async def warning(desk: Desk, connection: Connection) -> str | None:
    """What must be said when nobody can sign in any more."""
    if not await is_locked_out(desk, connection.account_id):
        return None
    return "Single sign-on is enforced and no connection is enabled: nobody of this account can sign in."


def record(desk: Desk, connection: Connection, *, note: str | None = None) -> Record:
    """A connection, and what its provider must be told of us."""
    particular = _saml_fields(connection) if connection.kind is ConnectionKind.SAML else _oidc_fields(connection)
    return Record(fields=(*_fields(connection), *particular, *ours_of(desk, connection)), note=note)


def ours_of(desk: Desk, connection: Connection) -> tuple[tuple[str, Value], ...]:
    """What a provider must be told of us."""
    ours = our_addresses(desk.policy.issuer, connection.id)
    if connection.kind is ConnectionKind.OIDC:
        return (("our_callback_url", ours.callback_url), ("our_start_url", ours.start_url))
    return (("our_entity_id", ours.entity_id), ("our_acs_url", ours.acs_url), ("our_start_url", ours.start_url))


def _fields(connection: Connection) -> tuple[tuple[str, Value], ...]:
    return (
        ("id", connection.id),
        ("account_id", connection.account_id),
        ("kind", connection.kind.value),
        ("name", connection.name),
        ("enabled", connection.enabled),
        ("issuer", connection.issuer),
        ("sso_url", connection.sso_url),
    )


def _saml_fields(connection: Connection) -> tuple[tuple[str, Value], ...]:
    return (
        ("primary_certificate", _seen(connection.primary_certificate)),
        ("secondary_certificate", _seen(connection.secondary_certificate)),
        ("email_attribute", connection.email_attribute),
        ("email_domains", connection.email_domains),
        ("signed_requests", connection.signs_requests),
        ("idp_initiated", connection.allows_idp_initiated),
    )


def _oidc_fields(connection: Connection) -> tuple[tuple[str, Value], ...]:
    return (
        ("token_url", connection.token_url),
        ("userinfo_url", connection.userinfo_url),
        ("jwks_url", connection.jwks_url),
        ("client_id", connection.client_id),
        ("client_auth", connection.client_auth.value),
        ("scopes", connection.scopes),
        ("claim", connection.email_attribute),
        ("unverified_email", connection.believes_email),
        ("email_domains", connection.email_domains),
        ("announces_iss", connection.announces_iss),
    )


def _seen(certificate: str | None) -> str | None:
    if certificate is None:
        return None
    seen = describe_certificate(certificate)
    return f"{seen.subject}, until {render_instant(seen.not_after_ms)[:10]}, SHA-256 {seen.sha256}"
