"""The survey behind the radar: every credential, app and person, and the grants that the audit log tells of."""

import json
from collections.abc import Iterator

from callgate.model.account import Account, Extension
from callgate.model.client import Client
from callgate.model.client_secret import SecretActLookup
from callgate.model.credential import JwtCredential
from callgate.model.ids import AccountId, ClientId, ExtensionId
from callgate.model.listings import (
    ROWS_MAX,
    AccountsListing,
    AppsListing,
    AuditBatch,
    AuditListing,
    AuditPlace,
    CredentialsListing,
    ExtensionsListing,
)
from callgate.model.radar import RecordedGrant, Survey
from callgate.model.session import CredentialKind
from callgate.protocol.administer.apps import keeps_secret
from callgate.service.administer.desk import Desk

_OPENED = "SessionOpened"


async def survey_credentials(desk: Desk, *, account_id: AccountId | None, since_ms: int) -> Survey:
    """One account's people and credentials, or all, with what was granted since. Raises Unavailable."""
    accounts = {each.id: each for each in await _accounts(desk) if account_id in {None, each.id}}
    people = {each.id: each for each in await _people(desk, account_id)}
    apps = {each.id: each for each in await _apps(desk)}
    owned = [app for app in apps.values() if app.account_id in accounts and keeps_secret(app)]
    dates = {app.id: (await desk.store.read(SecretActLookup(app.id))).dates for app in owned}
    grants = await _grants(desk, since_ms=since_ms)
    return Survey(
        now_ms=desk.clock.now_ms(),
        accounts=accounts,
        people=people,
        apps=apps,
        secret_dates=dates,
        credentials=tuple(await list_credentials(desk, account_id)),
        grants=tuple(grant for grant in grants if account_id is None or grant.extension_id in people),
    )


async def list_credentials(desk: Desk, account_id: AccountId | None) -> list[JwtCredential]:
    """Every JWT credential of an account, or of all. Raises Unavailable."""
    found: list[JwtCredential] = []
    while True:
        listing = CredentialsListing(account_id=account_id, after=found[-1].id if found else 0)
        page = (await desk.store.read(listing)).credentials
        found += page
        if len(page) < ROWS_MAX:
            return found


async def _accounts(desk: Desk) -> list[Account]:
    found: list[Account] = []
    while True:
        page = (await desk.store.read(AccountsListing(after=found[-1].id if found else 0))).accounts
        found += page
        if len(page) < ROWS_MAX:
            return found


async def _people(desk: Desk, account_id: AccountId | None) -> list[Extension]:
    found: list[Extension] = []
    while True:
        listing = ExtensionsListing(account_id=account_id, after=found[-1].id if found else 0)
        page = (await desk.store.read(listing)).extensions
        found += [each.extension for each in page]
        if len(page) < ROWS_MAX:
            return found


async def _apps(desk: Desk) -> list[Client]:
    found: list[Client] = []
    while True:
        page = (await desk.store.read(AppsListing(after=found[-1].id if found else ""))).apps
        found += page
        if len(page) < ROWS_MAX:
            return found


async def _grants(desk: Desk, *, since_ms: int) -> list[RecordedGrant]:
    """The newest first, a page of the log at a time."""
    found: list[RecordedGrant] = []
    after: AuditPlace | None = None
    while True:
        page = (await desk.store.read(AuditListing(after=after))).batches
        for batch in page:
            if batch.at_ms < since_ms:
                return found
            found += _opened(batch)
        if len(page) < ROWS_MAX:
            return found
        after = AuditPlace(page[-1].writer, page[-1].seq)


def _opened(batch: AuditBatch) -> Iterator[RecordedGrant]:
    """What a batch tells of sessions opened; before it told of sign-ins, nobody knows which were attended."""
    for line in batch.entries.splitlines():
        if _OPENED not in line:
            continue
        entry = json.loads(line)
        if entry["what"] == _OPENED and "sign_in" in entry:
            yield RecordedGrant(
                at_ms=batch.at_ms,
                extension_id=ExtensionId(entry["extension"]),
                client_id=ClientId(entry["client"]),
                kind=CredentialKind[entry["credential"]],
                credential_id=entry["credential_id"],
                scope=frozenset(entry["scope"].split()),
                attended=entry["sign_in"] is not None,
            )
