"""What is no app as another cell prints it is none here."""

import json

import pytest

from callgate.model.acts import Refused
from callgate.model.ids import AccountId
from callgate.service.administer.app_copies import BYTES_MAX, read_app
from tests.crypto.forge import ec_jwk, ec_key, jwks

COPY: dict[str, object] = {
    "format": "callgate app 1",
    "client_id": "A" * 22,
    "name": "App",
    "kind": "ServerWeb",
    "status": "Active",
    "auth_method": "client_secret_basic",
    "grants": ["authorization_code", "refresh_token"],
    "scopes": ["ReadAccounts"],
    "redirect_uris": ["https://app.example.com/back"],
    "post_logout_redirect_uris": [],
    "switches": [],
    "issues_refresh_tokens": True,
    "access_ttl_s": 3600,
    "refresh_ttl_s": 604800,
    "session_cap": 5,
    "rates": {"heavy": 7},
    "secret_sha256": "A" * 43,
    "jwks": None,
}


def test_app_is_read() -> None:
    """What the refusals below rest on."""
    read = read_app(json.dumps(COPY).encode(), AccountId(7))
    assert not isinstance(read, Refused)
    client, keys = read
    assert (client.account_id, client.private, client.version) == (7, False, 1)
    assert keys.secret_sha256 == bytes(32)
    keyed = COPY | {"secret_sha256": None, "jwks": jwks(ec_jwk(ec_key(which=7), kid="k", alg="ES256", use="sig"))}
    assert not isinstance(read_app(json.dumps(keyed).encode(), AccountId(7)), Refused)


@pytest.mark.parametrize("name", COPY)
@pytest.mark.parametrize("value", [{"x": 1}, "?", 1.5, ["?"]], ids=["object", "text", "number", "list"])
def test_member_that_is_something_else_is_refused(name: str, value: object) -> None:
    """Texts that mean nothing here among them; a name and scopes may be any, until they are registered."""
    read = read_app(json.dumps(COPY | {name: value}).encode(), AccountId(7))
    free = {("name", "?"), ("scopes", "list"), ("redirect_uris", "list"), ("post_logout_redirect_uris", "list")}
    told = (name, "list" if isinstance(value, list) else value if isinstance(value, str) else "")
    if told in free or name == "issues_refresh_tokens" or (name, value) == ("rates", {"x": 1}):
        assert not isinstance(read, Refused)
    else:
        assert isinstance(read, Refused)


@pytest.mark.parametrize("name", COPY)
def test_member_that_is_missing_is_missed(name: str) -> None:
    """Nothing is filled in that the other cell did not say."""
    cut = {key: value for key, value in COPY.items() if key != name}
    assert isinstance(read_app(json.dumps(cut).encode(), AccountId(7)), Refused)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{" * 9999, json.dumps(COPY | {"more": "x" * BYTES_MAX}).encode()], ids=range(4)
)
def test_what_is_no_app_is_refused(content: bytes) -> None:
    """Not JSON, or too long."""
    assert isinstance(read_app(content, AccountId(7)), Refused)
