"""Apps that are in several cells: what one cell says of an app, and another takes in (docs/cells.md).

A secret travels as its hash. One that is sealed, because it is used in HMAC, does not travel: the other cell has
another key to seal it with.
"""

from collections.abc import Mapping
from typing import Final

import orjson

from callgate.crypto.jwks import JwksRefused, read_jwks
from callgate.crypto.strict_json import decode_base64url, encode_base64url, parse_object
from callgate.model.account import Account
from callgate.model.acts import AppActLookup, Refused
from callgate.model.client import AppKind, AuthMethod, Client, ClientKeys, ClientStatus, GrantType, Switch
from callgate.model.ids import AccountId, ClientId
from callgate.model.limits import AppRate, RateGroup
from callgate.model.lookups import ClientLookup
from callgate.protocol.administer import apps
from callgate.protocol.client_auth import CLIENT_ID_CHARS_MAX
from callgate.service.administer.desk import Desk

BYTES_MAX: Final = 128 * 1024
_FORMAT: Final = "callgate app 1"
_NOT_READ: Final = "the file is not what `callgate apps export` prints"


async def export_app(desk: Desk, client: Client) -> str | Refused:
    """An app as JSON. Raises Unavailable."""
    if client.private:
        return Refused(f"{client.name} is private: it is where its account is, and each cell finds it there")
    keys = (await desk.store.read(ClientLookup(client.id))).keys
    assert keys is not None
    if apps.needs_sealed_secret(client):
        return Refused(f"{client.name} signs with its secret, which is sealed by this cell's key: use private_key_jwt")
    return orjson.dumps(_spell(client, keys), option=orjson.OPT_INDENT_2).decode()


async def import_app(desk: Desk, content: bytes, account: Account) -> Client | Refused:
    """The app of such a JSON as this account's here. Raises Unavailable."""
    read = read_app(content, account.id)
    if isinstance(read, Refused):
        return read
    client, keys = read
    lookup = AppActLookup(account_id=client.account_id, client_id=client.id, name=client.name)
    decision = await desk.carry_out(lookup, lambda facts: apps.take_in(client, keys, facts=facts, by=desk.by))
    return decision if isinstance(decision, Refused) else client


def _spell(client: Client, keys: ClientKeys) -> dict[str, object]:
    return {
        "format": _FORMAT,
        "client_id": client.id,
        "name": client.name,
        "kind": client.kind.value,
        "status": client.status.value,
        "auth_method": client.auth_method.value,
        "grants": sorted(grant.value for grant in client.grants),
        "scopes": client.scopes,
        "redirect_uris": client.redirect_uris,
        "post_logout_redirect_uris": client.post_logout_redirect_uris,
        "switches": sorted(switch.value for switch in client.switches),
        "issues_refresh_tokens": client.issues_refresh_tokens,
        "access_ttl_s": client.access_ttl_s,
        "refresh_ttl_s": client.refresh_ttl_s,
        "session_cap": client.session_cap,
        "rates": {rate.group.value: rate.limit for rate in client.rates},
        "secret_sha256": encode_base64url(keys.secret_sha256) if keys.secret_sha256 else None,
        "jwks": keys.jwks,
    }


def read_app(content: bytes, account_id: AccountId) -> tuple[Client, ClientKeys] | Refused:
    """The app of such a JSON, as this account's, if it is one; whether it may be registered is not looked at."""
    said = parse_object(content) if len(content) <= BYTES_MAX else None
    if said is None or said.get("format") != _FORMAT:
        return Refused(_NOT_READ)
    try:
        sha256, jwks = said["secret_sha256"], said["jwks"]
        keys = ClientKeys(_sha256(sha256), None, None if jwks is None else _jwks(jwks))
        return _client(said, account_id), keys
    except (KeyError, TypeError, ValueError):
        return Refused(_NOT_READ)


def _client(said: Mapping[str, object], account_id: AccountId) -> Client:
    rates = said["rates"]
    if not isinstance(rates, dict):
        raise TypeError("rates")
    client_id = _text(said["client_id"])
    if not client_id.isalnum() or not client_id.isascii() or len(client_id) > CLIENT_ID_CHARS_MAX:
        raise ValueError("client_id")
    return Client(
        id=ClientId(client_id),
        account_id=account_id,
        name=_text(said["name"]),
        kind=AppKind(said["kind"]),
        private=False,
        status=ClientStatus(said["status"]),
        auth_method=AuthMethod(said["auth_method"]),
        grants=frozenset(GrantType(each) for each in _texts(said["grants"])),
        scopes=_texts(said["scopes"]),
        redirect_uris=_texts(said["redirect_uris"]),
        switches=frozenset(Switch(each) for each in _texts(said["switches"])),
        issues_refresh_tokens=said["issues_refresh_tokens"] is True,
        access_ttl_s=_number(said["access_ttl_s"]),
        refresh_ttl_s=_number(said["refresh_ttl_s"]),
        session_cap=_number(said["session_cap"]),
        version=1,
        rates=tuple(AppRate(group, _number(rates[group.value])) for group in RateGroup if group.value in rates),
        post_logout_redirect_uris=_texts(said["post_logout_redirect_uris"]),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text")
    return value


def _jwks(value: object) -> str:
    if isinstance(read_jwks(_text(value)), JwksRefused):
        raise ValueError("keys")  # noqa: TRY004 - a text it is
    return _text(value)


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("a list")
    return tuple(_text(each) for each in value)


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("a number")
    return value


def _sha256(value: object) -> bytes | None:
    decoded = None if value is None else decode_base64url(_text(value))
    if value is not None and (decoded is None or len(decoded) != 32):  # noqa: PLR2004 - bytes of a SHA-256
        raise ValueError("a hash")
    return decoded
