"""`callgate sso`: identity providers. Who must use them, and who may use a password beside them: sso_switches.py."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from callgate.admin.accounts import AccountWord
from callgate.admin.asking import YesFlag, require_yes
from callgate.admin.command import Refusal, desk_command, granted, noun
from callgate.admin.sso_oidc import add_oidc
from callgate.admin.sso_switches import add_switches
from callgate.admin.sso_view import ConnectionWord, EmailDomains, Name, change, ours_of, record, warning
from callgate.admin.view import Document, Record, Rows
from callgate.crypto.certificates import CertificateFault, read_certificate
from callgate.crypto.saml_metadata import METADATA_BYTES_MAX
from callgate.model.connection import (
    NAME_ID,
    Connection,
    ConnectionKind,
)
from callgate.model.sso import ConnectionsListing
from callgate.protocol.administer import connections
from callgate.service.administer.connections import (
    NewConnection,
    create_connection,
    find_connection,
    normal_domains,
    remove_connection,
    renew_signing_key,
)
from callgate.service.administer.desk import Desk
from callgate.service.administer.finding import find_account
from callgate.service.administer.providers import SamlProvider, fetch_metadata, read_saml_provider
from callgate.service.sso_saml import describe_us

SSO = noun("sso", "Single sign-on: identity providers, and who must use them.")

_CERTIFICATE_BYTES_MAX = 64 * 1024

EmailAttribute = Annotated[
    str,
    typer.Option(help=f"The attribute that holds the person's e-mail address; {NAME_ID} is the subject itself."),
]
IdpInitiated = Annotated[
    bool | None,
    typer.Option(
        "--idp-initiated/--no-idp-initiated",
        help="Accept sign-ins that begin at the provider's portal; off for new ones.",
        show_default=False,
    ),
]
SignedRequests = Annotated[
    bool | None,
    typer.Option(
        "--signed-requests/--unsigned-requests", help="Sign what is sent to the provider; on.", show_default=False
    ),
]
CertificateFile = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="PEM or DER.", show_default=False)
]
Metadata = Annotated[
    str | None, typer.Option(metavar="FILE|URL", help="The provider's SAML metadata.", show_default=False)
]


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Whose."""

    account: Annotated[str | None, typer.Option(help="Only of this account.", show_default=False)] = None


@dataclass(frozen=True, slots=True)
class OneConnection:
    """The connection meant."""

    connection: ConnectionWord


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectSamlOptions:
    """A SAML identity provider."""

    account: AccountWord
    name: Name
    metadata: Metadata = None
    issuer: Annotated[
        str | None, typer.Option(help="Without metadata: the provider's entity id.", show_default=False)
    ] = None
    sso_url: Annotated[
        str | None, typer.Option(help="Without metadata: where browsers are sent.", show_default=False)
    ] = None
    certificate: CertificateFile = None
    secondary_certificate: CertificateFile = None
    email_attribute: EmailAttribute = NAME_ID
    email_domains: EmailDomains = field(default_factory=list)
    idp_initiated: IdpInitiated = None
    signed_requests: SignedRequests = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateOptions:
    """What is to be different. Domains grow by what is named, and shrink by what is named to be removed."""

    connection: ConnectionWord
    name: Annotated[str | None, typer.Option(help="A new name.", show_default=False)] = None
    metadata: Metadata = None
    issuer: Annotated[
        str | None, typer.Option(help="Another entity id; every session of the old one is over.", show_default=False)
    ] = None
    sso_url: Annotated[str | None, typer.Option(help="Another address to send browsers to.", show_default=False)] = None
    email_attribute: Annotated[str | None, typer.Option(help="Another attribute to read.", show_default=False)] = None
    email_domains: EmailDomains = field(default_factory=list)
    remove_email_domains: Annotated[
        list[str], typer.Option("--remove-email-domain", metavar="DOMAIN", help="Repeat for each.", show_default=False)
    ] = field(default_factory=list)
    idp_initiated: IdpInitiated = None
    signed_requests: SignedRequests = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificatesOptions:
    """A provider's roll-over: add the new one as secondary, promote it, remove the old one."""

    connection: ConnectionWord
    primary: CertificateFile = None
    secondary: CertificateFile = None
    promote: Annotated[bool, typer.Option("--promote", help="Make the secondary the primary, and vice versa.")] = False
    remove_secondary: Annotated[bool, typer.Option("--remove-secondary", help="Keep the primary alone.")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SpMetadataOptions:
    """The connection, and where to."""

    connection: ConnectionWord
    output: Annotated[
        Path | None, typer.Option(dir_okay=False, help="A file to write; else standard output.", show_default=False)
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseOptions:
    """The connection that nobody is to come by."""

    connection: ConnectionWord
    yes: YesFlag = False


@desk_command(SSO, "list", options=ListOptions)
async def list_connections(desk: Desk, options: ListOptions) -> Rows:
    """List the connections to identity providers."""
    account_id = granted(await find_account(desk, options.account)).id if options.account else None
    facts = await desk.store.read(ConnectionsListing(account_id=account_id))
    rows = tuple(
        (each.id, each.account_id, each.kind.value, each.name, each.enabled, each.issuer, each.email_domains)
        for each in facts.connections
    )
    return Rows(("id", "account_id", "kind", "name", "enabled", "issuer", "email_domains"), rows)


@desk_command(SSO, "connect-saml", options=ConnectSamlOptions)
async def connect_saml(desk: Desk, options: ConnectSamlOptions) -> Record:
    """Connect an account to a SAML identity provider; nobody uses it until `sso policy` lets them."""
    account = granted(await find_account(desk, options.account))
    provider = await _provider(desk, options)
    wanted = NewConnection(
        account_id=account.id,
        kind=ConnectionKind.SAML,
        name=options.name,
        issuer=provider.issuer,
        sso_url=provider.sso_url,
        certificates=provider.certificates,
        email_attribute=options.email_attribute,
        email_domains=tuple(options.email_domains),
        signs_requests=options.signed_requests is not False,
        allows_idp_initiated=options.idp_initiated is True,
    )
    connection = granted(await create_connection(desk, wanted))
    return record(desk, connection, note=f"Then: callgate sso policy {account.id} allowed")


@desk_command(SSO, "show", options=OneConnection)
async def show_connection(desk: Desk, options: OneConnection) -> Record:
    """Show a connection, and what its provider must be told of us."""
    return record(desk, granted(await find_connection(desk, options.connection)))


@desk_command(SSO, "update", options=UpdateOptions)
async def update(desk: Desk, options: UpdateOptions) -> Record:
    """Change a connection."""
    described = None if options.metadata is None else granted(read_saml_provider(await _read(desk, options.metadata)))
    added, removed = normal_domains(tuple(options.email_domains)), normal_domains(tuple(options.remove_email_domains))

    def edit(before: Connection) -> Connection:
        domains = dict.fromkeys((*before.email_domains, *added))
        signs, unasked = options.signed_requests, options.idp_initiated
        if before.kind is ConnectionKind.OIDC and (described or options.issuer or options.sso_url):
            raise Refusal(f"{before.name} speaks OpenID Connect: `callgate sso update-oidc` changes its provider")
        known = described or SamlProvider(
            issuer=before.issuer, sso_url=before.sso_url, certificates=before.certificates
        )
        return before._replace(
            name=options.name or before.name,
            issuer=options.issuer or known.issuer,
            sso_url=options.sso_url or known.sso_url,
            certificates=known.certificates,
            email_attribute=options.email_attribute or before.email_attribute,
            email_domains=tuple(domain for domain in domains if domain not in removed),
            signs_requests=before.signs_requests if signs is None else signs,
            allows_idp_initiated=before.allows_idp_initiated if unasked is None else unasked,
        )

    return await change(desk, options.connection, edit)


@desk_command(SSO, "certificates", options=CertificatesOptions)
async def certificates(desk: Desk, options: CertificatesOptions) -> Record:
    """Change the certificates of a SAML connection; nobody is signed out by it."""
    primary = None if options.primary is None else _read_certificate(options.primary)
    secondary = None if options.secondary is None else _read_certificate(options.secondary)
    if options.remove_secondary and secondary:
        raise Refusal("say --secondary or --remove-secondary, not both")

    def edit(before: Connection) -> Connection:
        first, second = before.primary_certificate, before.secondary_certificate
        if options.promote:
            if second is None:
                raise Refusal("there is no secondary certificate to promote")
            first, second = second, first
        kept = (primary or first, None if options.remove_secondary else secondary or second)
        return before._replace(certificates=tuple(each for each in kept if each is not None))

    return await change(desk, options.connection, edit)


@desk_command(SSO, "sp-metadata", options=SpMetadataOptions)
async def sp_metadata(desk: Desk, options: SpMetadataOptions) -> Record | Document:
    """Print the metadata that a SAML provider is given; it is also served at the address of our entity id."""
    connection = granted(await find_connection(desk, options.connection))
    if connection.kind is not ConnectionKind.SAML:
        raise Refusal(f"{connection.name} speaks OpenID Connect: register our_callback_url there instead")
    metadata = describe_us(connection, desk.policy.issuer)
    if options.output is None:
        return Document("metadata", metadata.decode())
    options.output.write_bytes(metadata)
    return Record(fields=(("written", str(options.output)), *ours_of(desk, connection)))


@desk_command(SSO, "new-signing-key", options=OneConnection)
async def new_signing_key(desk: Desk, options: OneConnection) -> Record:
    """Sign requests to a SAML provider with a new key from now on; give the provider the new metadata."""
    connection = granted(await find_connection(desk, options.connection))
    granted(await renew_signing_key(desk, connection))
    return record(desk, granted(await find_connection(desk, str(connection.id))))


@desk_command(SSO, "enable", options=OneConnection)
async def enable(desk: Desk, options: OneConnection) -> Record:
    """Let people come by a connection again; what it opened before stays over."""
    return await change(desk, options.connection, lambda c: connections.able(c, enabled=True))


@desk_command(SSO, "disable", options=CloseOptions)
async def disable(desk: Desk, options: CloseOptions) -> Record:
    """Let nobody come by a connection; every session and sign-in that came by it is over for good."""
    connection = granted(await find_connection(desk, options.connection))
    require_yes(f"Disable {connection.name}, and sign out who came by it?", given=options.yes)
    return await change(desk, str(connection.id), lambda c: connections.able(c, enabled=False))


@desk_command(SSO, "remove", options=CloseOptions)
async def remove(desk: Desk, options: CloseOptions) -> Record:
    """Remove a connection; every session and sign-in that came by it is over for good."""
    connection = granted(await find_connection(desk, options.connection))
    require_yes(f"Remove {connection.name}, and sign out who came by it?", given=options.yes)
    granted(await remove_connection(desk, connection))
    return Record(fields=(("id", connection.id), ("name", connection.name)), note=await warning(desk, connection))


async def _provider(desk: Desk, options: ConnectSamlOptions) -> SamlProvider:
    """What the metadata says, or what was typed instead."""
    typed = (options.issuer, options.sso_url, options.certificate, options.secondary_certificate)
    if options.metadata is not None:
        if any(each is not None for each in typed):
            raise Refusal("say --metadata alone, or --issuer, --sso-url and --certificate instead")
        return granted(read_saml_provider(await _read(desk, options.metadata)))
    if options.issuer is None or options.sso_url is None or options.certificate is None:
        raise Refusal("say --metadata, or all of --issuer, --sso-url and --certificate")
    files = (options.certificate, options.secondary_certificate)
    return SamlProvider(
        issuer=options.issuer,
        sso_url=options.sso_url,
        certificates=tuple(_read_certificate(file) for file in files if file is not None),
    )


async def _read(desk: Desk, where: str) -> bytes:
    """A file, or what an address answers."""
    if where.partition("://")[0].lower() in {"http", "https"}:
        return granted(await fetch_metadata(desk, where))
    return _read_file(Path(where))


def _read_file(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(METADATA_BYTES_MAX + 1)


def _read_certificate(file: Path) -> str:
    with file.open("rb") as opened:
        read = read_certificate(opened.read(_CERTIFICATE_BYTES_MAX))
    if isinstance(read, CertificateFault):
        raise Refusal(f"{file} cannot be used: {read.value}")
    return read


add_oidc(SSO)
add_switches(SSO)
