"""Which grants an app of which kind may have, and that having is all that counts (assurance S15)."""

import pytest

from callgate.model import grant_faults
from callgate.model.client import AppKind, AuthMethod, ClientKeys, GrantType, grants_possible
from callgate.model.decisions import Denied, RedirectFault
from callgate.protocol.authorize import read_request
from callgate.protocol.grants import ALL
from callgate.protocol.token import TokenCall, read_call, read_grant
from tests.factories import REDIRECT_URI, WEB, form

MATRIX = """
                          code  refresh  implicit  password  jwt  service  saml  device
ServerWeb       private   x     x        .         x         x    x        x       .
ServerWeb       public    x     x        .         .         x    x        x       .
ServerOther     private   .     x        .         x         x    x        x       x
ServerOther     public    .     x        .         .         x    x        x       x
ServerBot       private   x     x        .         .         .    .        .       .
ServerBot       public    x     x        .         .         .    .        .       .
BrowserBased    private   x     x        x         .         .    .        .       .
BrowserBased    public    x     x        x         .         .    .        .       .
MobileIOS       private   x     x        .         .         .    .        .       x
MobileIOS       public    x     x        .         .         .    .        .       x
MobileAndroid   private   x     x        .         .         .    .        .       x
MobileAndroid   public    x     x        .         .         .    .        .       x
MobileOther     private   x     x        .         .         .    .        .       x
MobileOther     public    x     x        .         .         .    .        .       x
DesktopWindows  private   x     x        .         x         .    .        .       x
DesktopWindows  public    x     x        .         .         .    .        .       x
DesktopMac      private   x     x        .         x         .    .        .       x
DesktopMac      public    x     x        .         .         .    .        .       x
DesktopOther    private   x     x        .         x         .    .        .       x
DesktopOther    public    x     x        .         .         .    .        .       x
"""
"""protocol.md A.2 and ruling 7: which grants an app may be registered for."""

COLUMNS = {
    "code": GrantType.AUTHORIZATION_CODE,
    "refresh": GrantType.REFRESH_TOKEN,
    "implicit": GrantType.IMPLICIT,
    "password": GrantType.PASSWORD,
    "jwt": GrantType.JWT_BEARER,
    "service": GrantType.CLIENT_CREDENTIALS,
    "saml": GrantType.SAML2_BEARER,
    "device": GrantType.DEVICE_CODE,
}

CELLS = [
    (AppKind(kind), audience == "private", COLUMNS[column], mark == "x")
    for kind, audience, *marks in map(str.split, MATRIX.strip().splitlines()[1:])
    for column, mark in zip(MATRIX.split()[: len(COLUMNS)], marks, strict=True)
]

COMPLETE = {
    GrantType.AUTHORIZATION_CODE: b"code=x",
    GrantType.REFRESH_TOKEN: b"refresh_token=x",
    GrantType.PASSWORD: b"username=x&password=y",
    GrantType.JWT_BEARER: b"assertion=x",
    GrantType.CLIENT_CREDENTIALS: b"",
    GrantType.SAML2_BEARER: b"assertion=x",
    GrantType.DEVICE_CODE: b"device_code=x",
}
"""What each grant's request must have besides."""


def test_matrix_names_every_kind_audience_and_grant() -> None:
    """Nothing is left to a default."""
    assert len(CELLS) == len({cell[:3] for cell in CELLS}) == len(AppKind) * 2 * len(GrantType)
    assert COMPLETE.keys() == {grant for grant, _ in ALL.values()}


@pytest.mark.requirement("ASVS 10.4.4")
@pytest.mark.parametrize(("kind", "private", "grant", "allowed"), CELLS)
def test_grant_succeeds_when_the_kind_may_have_it_and_only_then(
    kind: AppKind, private: bool, grant: GrantType, allowed: bool
) -> None:
    """Assurance S15: an app with every grant its kind may have is read for these and refused for all others."""
    possible = grants_possible(kind, private=private)
    client = WEB._replace(kind=kind, private=private, grants=possible, scopes=("ReadAccounts",))
    assert (grant in possible) is allowed
    if grant is GrantType.IMPLICIT:
        told = read_request(form(client_id=client.id, response_type="token"), client)
        assert isinstance(told, RedirectFault) is not allowed
        return
    body = b"client_id=x&grant_type=" + grant.value.encode() + b"&" + COMPLETE[grant]
    call = read_call(content_type="application/x-www-form-urlencoded", body=body, query=b"", authorization=None)
    assert isinstance(call, TokenCall)
    read = read_grant(call, client)
    assert isinstance(read, Denied) is not allowed
    assert allowed or read == Denied(
        fault=grant_faults.GRANT_NOT_ALLOWED,
        why=f"asked for {grant.value}; the app has {', '.join(sorted(has.value for has in possible))}",
    )


def test_app_is_confidential_when_it_runs_on_a_server() -> None:
    """RFC 6749 section 2.1."""
    assert {kind for kind in AppKind if WEB._replace(kind=kind).confidential} == {
        AppKind.SERVER_WEB,
        AppKind.SERVER_OTHER,
        AppKind.SERVER_BOT,
    }


def test_names_are_the_wires() -> None:
    """protocol.md A.3, D.2."""
    assert {method.value for method in AuthMethod} == {
        "none",
        "client_secret_basic",
        "client_secret_jwt",
        "private_key_jwt",
        "federated_jwt",
    }
    assert GrantType.JWT_BEARER.value == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert WEB.redirect_uris == (REDIRECT_URI,)


def test_repr_tells_nothing_of_what_proves_an_app() -> None:
    """Reprs end up in logs."""
    assert repr(ClientKeys(b"hunter2", b"hunter2", "hunter2")) == "ClientKeys(…)"
