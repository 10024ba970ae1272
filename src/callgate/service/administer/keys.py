"""Keys looked at, published ahead of their time, and wrapped anew after a change of the key-encryption key."""

from typing import NamedTuple

from callgate.crypto.connection_keys import seal_connection_key, unseal_connection_key
from callgate.crypto.kek import KeyEncryptionKey
from callgate.crypto.keys import rewrap_key
from callgate.crypto.rotation import POLICIES
from callgate.crypto.secrets import (
    open_client_secret,
    open_connection_secret,
    seal_client_secret,
    seal_connection_secret,
)
from callgate.crypto.totp import open_totp_secret, seal_totp_secret
from callgate.model.acts import Refused
from callgate.model.changes import AppChanged, Change, KeyStored
from callgate.model.connection import Connection, ConnectionSecret
from callgate.model.decisions import Done
from callgate.model.facts import KeysFacts
from callgate.model.instant import render_instant
from callgate.model.key import KeyUse, StoredKey
from callgate.model.listings import SealedSecret, SealedSecretsFacts, SealedSecretsListing
from callgate.model.lookups import KeysLookup
from callgate.model.mfa import TotpRewrapped, TotpsFacts, TotpsListing
from callgate.model.sso import ConnectionChanged, ConnectionSecretsFacts, ConnectionSecretsListing
from callgate.service.administer.desk import Desk

SECRETS_PER_UNIT = 100
"""Apps whose secrets one transaction wraps anew."""


async def list_keys(desk: Desk) -> tuple[StoredKey, ...]:
    """Every key, none of them readable. Raises Unavailable."""
    return (await desk.store.read(KeysLookup())).keys


class Published(NamedTuple):
    """A key that waits, and from when on it is used."""

    number: int
    active_ms: int


async def publish_key(desk: Desk, use: KeyUse) -> Published | Refused:
    """A new key ahead of its time: it becomes active when every node knows it. Raises Unavailable.

    Refuses while one waits already.
    """
    keeper = await desk.keeper()
    is_new = await keeper.publish(use, by=desk.by) is not None
    newest = max((key for key in await list_keys(desk) if key.use is use), key=lambda key: key.number)
    active_ms = newest.published_ms + POLICIES[use].published_for_ms
    if is_new:
        return Published(newest.number, active_ms)
    return Refused(
        f"a key for {use.value} is published already, and becomes active by itself: {render_instant(active_ms)}"
    )


async def rewrap(desk: Desk, kek: KeyEncryptionKey) -> int | Refused:
    """Wrap everything by the first key of the key file; gives how much was wrapped. Raises Unavailable.

    Raises also KeyEncryptionError when the file lacks a key that something is still wrapped by.
    """
    wrapped = 0

    def rewrap_keys(facts: KeysFacts) -> Done:
        due = [key for key in facts.keys if not kek.is_current(key.wrapped)]
        return Done(tuple(KeyStored(rewrap_key(kek, key), desk.by) for key in due))

    decision = await desk.carry_out(KeysLookup(), rewrap_keys)
    wrapped += len(decision.changes)
    after = ""
    while page := (await desk.store.read(SealedSecretsListing(after, SECRETS_PER_UNIT))).secrets:
        decision = await desk.carry_out(
            SealedSecretsListing(after, SECRETS_PER_UNIT), lambda facts: _rewrap_secrets(facts, kek, by=desk.by)
        )
        wrapped += len(decision.changes)
        after = page[-1].client.id
    return wrapped + await _rewrap_connections(desk, kek) + await _rewrap_totps(desk, kek)


async def _rewrap_connections(desk: Desk, kek: KeyEncryptionKey) -> int:
    """What proves us to identity providers."""
    wrapped, after = 0, 0
    while page := (await desk.store.read(ConnectionSecretsListing(after, SECRETS_PER_UNIT))).secrets:
        decision = await desk.carry_out(
            ConnectionSecretsListing(after, SECRETS_PER_UNIT), lambda facts: _rewrap_page(facts, kek, by=desk.by)
        )
        wrapped += len(decision.changes)
        after = page[-1][0].id
    return wrapped


async def _rewrap_totps(desk: Desk, kek: KeyEncryptionKey) -> int:
    """What people's authenticator apps make their codes from."""
    wrapped, after = 0, 0
    while page := (await desk.store.read(TotpsListing(after, SECRETS_PER_UNIT))).totps:
        decision = await desk.carry_out(
            TotpsListing(after, SECRETS_PER_UNIT), lambda facts: _rewrap_secrets_of(facts, kek)
        )
        wrapped += len(decision.changes)
        after = page[-1].id
    return wrapped


def _rewrap_secrets_of(facts: TotpsFacts, kek: KeyEncryptionKey) -> Done:
    changes: list[Change] = []
    for totp in facts.totps:
        if not kek.is_current(totp.sealed_secret):
            secret = open_totp_secret(kek, totp.sealed_secret, extension_id=totp.extension_id)
            changes.append(TotpRewrapped(totp, seal_totp_secret(kek, secret, extension_id=totp.extension_id)))
    return Done(tuple(changes))


def _rewrap_page(facts: ConnectionSecretsFacts, kek: KeyEncryptionKey, *, by: str) -> Done:
    changes: list[Change] = []
    for connection, secret in facts.secrets:
        due = [sealed for sealed in secret if sealed is not None and not kek.is_current(sealed)]
        if due:
            after = connection._replace(version=connection.version + 1)
            changes.append(ConnectionChanged(connection, after, _rewrapped_secret(connection, secret, kek=kek), by))
    return Done(tuple(changes))


def _rewrapped_secret(connection: Connection, secret: ConnectionSecret, *, kek: KeyEncryptionKey) -> ConnectionSecret:
    named, key = connection.id, secret.sealed_signing_key
    text = secret.sealed_client_secret
    if text is not None:
        opened = open_connection_secret(kek, text, connection_id=named)
        text = seal_connection_secret(kek, opened, connection_id=named)
    if key is not None:
        key = seal_connection_key(kek, unseal_connection_key(kek, key, connection_id=named), connection_id=named)
    return ConnectionSecret(text, key)


def _rewrap_secrets(facts: SealedSecretsFacts, kek: KeyEncryptionKey, *, by: str) -> Done:
    changes: list[Change] = []
    for secret in facts.secrets:
        both = (secret.keys.sealed_secret, secret.keys.former_sealed)
        if any(sealed is not None and not kek.is_current(sealed) for sealed in both):
            changes.append(_rewrapped(secret, kek=kek, by=by))
    return Done(tuple(changes))


def _rewrapped(secret: SealedSecret, *, kek: KeyEncryptionKey, by: str) -> AppChanged:
    client = secret.client

    def rewrap_one(sealed: bytes | None) -> bytes | None:
        if sealed is None:
            return None
        return seal_client_secret(kek, open_client_secret(kek, sealed, client_id=client.id), client_id=client.id)

    keys = secret.keys._replace(
        sealed_secret=rewrap_one(secret.keys.sealed_secret), former_sealed=rewrap_one(secret.keys.former_sealed)
    )
    return AppChanged(client, client._replace(version=client.version + 1), keys, by)
