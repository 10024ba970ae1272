"""What of a request leads to its cell: the strongest thing in it, and nothing that could not be."""

from base64 import b64encode
from itertools import pairwise
from urllib.parse import urlencode

import pytest

from callgate.crypto.cell_keys import CellKeys
from callgate.crypto.entropy import SeededEntropy
from callgate.crypto.keys import KeyRing
from callgate.crypto.strict_json import encode_base64url
from callgate.crypto.tokens import Sealer, cell_named
from callgate.model.cells import HERE, Clue, Held, Question
from callgate.model.ids import AccountId, RowId
from callgate.model.reference import Reference, TokenKind
from callgate.protocol.login_name import parse_login_name
from callgate.service import clues
from callgate.service.clues import Sent, spell_login

TWO = "CGT01P02"
FORM = "application/x-www-form-urlencoded"
SEALER = Sealer(KeyRing({1: b"r" * 32}, active=1), cell=TWO)
SAML2_BEARER = "urn:ietf:params:oauth:grant-type:saml2-bearer"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def sealed(kind: TokenKind) -> str:
    """A token of the second cell."""
    token = SEALER.seal(Reference(kind, AccountId(1), RowId(2), b"s" * 20, 3, 1))
    assert isinstance(token, str)
    return token


ACCESS, REFRESH, CODE, DEVICE = (
    sealed(kind) for kind in (TokenKind.ACCESS, TokenKind.REFRESH, TokenKind.CODE, TokenKind.DEVICE)
)
JWS = ".".join(encode_base64url(part) for part in (b'{"alg":"RS256"}', b'{"sub":"101","iss":"x"}', b"signature"))


def post(authorization: str | None = None, query: bytes = b"", **form: str) -> Sent:
    """A form."""
    return Sent(FORM, query, authorization, urlencode(form).encode())


def basic(client_id: str) -> str:
    """A client's header."""
    return "Basic " + b64encode(f"{client_id}:secret".encode()).decode()


TOKEN_CALLS = {
    "refresh": (post(refresh_token=REFRESH, client_id="app"), Clue(cell=TWO)),
    "code": (post(code=CODE, client_id="app"), Clue(cell=TWO)),
    "device": (
        post(device_code=DEVICE, client_id="app"),
        Clue(client_id="app", question=Question(Held.DEVICE, "7"), kept=TWO),
    ),
    "device of a cell's own key": (post(device_code=ACCESS, client_id="app"), Clue(cell=TWO)),
    "no token": (post(refresh_token="x" * 96, client_id="app"), Clue(client_id="app")),
    "app in the header": (post(basic("app"), grant_type="password"), Clue(client_id="app")),
    "app by assertion": (
        post(client_assertion=JWS, client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        Clue(client_id="101"),
    ),
    "name": (
        post(grant_type="password", client_id="app", username=" Ann@Example.com"),
        Clue(client_id="app", question=Question(Held.LOGIN, "ann@example.com")),
    ),
    "number": (
        post(grant_type="password", client_id="app", username="+1 202 555 0100", extension="101"),
        Clue(client_id="app", question=Question(Held.LOGIN, "+12025550100*101")),
    ),
    "no name": (post(grant_type="password", client_id="app", username="?"), Clue(client_id="app")),
    "credential": (
        post(grant_type=JWT_BEARER, client_id="app", assertion=JWS),
        Clue(client_id="app", question=Question(Held.EXTENSION, "101")),
    ),
    "account": (
        post(grant_type=JWT_BEARER, client_id="app", assertion=JWS, account_id="7"),
        Clue(client_id="app", question=Question(Held.ACCOUNT, "7")),
    ),
    "saml assertion": (
        post(
            grant_type=SAML2_BEARER, client_id="app", assertion=encode_base64url(b"<A>x/restapi/oauth/sso/7/metadata<")
        ),
        Clue(client_id="app", question=Question(Held.CONNECTION, "7")),
    ),
    "saml assertion for nobody": (
        post(grant_type=SAML2_BEARER, client_id="app", assertion="?"),
        Clue(client_id="app"),
    ),
    "service": (
        post(grant_type="client_credentials", client_id="app"),
        Clue(client_id="app", question=Question(Held.SERVICE, "app")),
    ),
    "two apps": (post(basic("app"), client_id="other"), HERE),
    "no form": (Sent("application/json", b"", None, b"{}"), HERE),
    "a name twice": (Sent(FORM, b"", None, b"client_id=a&client_id=b"), HERE),
    "too long": (post(refresh_token=REFRESH, more="x" * clues.BODY_BYTES_MAX), HERE),
}


@pytest.mark.parametrize("name", TOKEN_CALLS)
def test_token_call_leads_to_a_cell_by_the_strongest_thing_in_it(name: str) -> None:
    """What is read as nobody would read it leads nowhere: this cell refuses it."""
    sent, expected = TOKEN_CALLS[name]
    assert clues.of_token(sent, device_of={DEVICE: 7}.get) == expected


@pytest.mark.parametrize(
    ("sent", "cell"),
    [
        (Sent("", b"", f"Bearer {ACCESS}"), TWO),
        (Sent("", f"access_token={ACCESS}".encode(), None), TWO),
        (Sent("", f"access_token={ACCESS}".encode(), f"Bearer {'x' * 96}"), None),
        (Sent("", b"", basic("app")), None),
        (Sent("", b"", None), None),
    ],
    ids=["header", "query", "two that differ", "another scheme", "none"],
)
def test_api_call_leads_to_a_cell_by_its_token(sent: Sent, cell: str | None) -> None:
    """Wherever it stands."""
    assert clues.of_bearer(sent).cell == cell


@pytest.mark.parametrize("sent", [post(token=ACCESS), post(query=f"token={ACCESS}".encode(), client_id="app")])
def test_revocation_leads_to_a_cell_by_its_token(sent: Sent) -> None:
    """In the body, or in the query."""
    assert clues.of_revoke(sent).cell == TWO


@pytest.mark.parametrize(
    ("action", "held"), [("sign-in", Held.LOGIN), ("sso", Held.PROVIDER), ("cancel", None)], ids=str
)
def test_sign_in_leads_to_a_cell_by_who_signs_in(action: str, held: Held | None) -> None:
    """Only a page of ours, in its own browser, tells which app asked."""

    def open_form(text: str, binding: str) -> list[tuple[str, str]] | None:
        return [("client_id", "app")] if (text, binding) == ("state", "browser") else None

    def find(sent: Sent) -> Clue:
        return clues.of_sign_in(sent, open_form=open_form)

    sent = post(form_state="state", username="ann@example.com", action=action)._replace(kept="kept", binding="browser")
    question = Question(held, "ann@example.com") if held else None
    assert find(sent) == Clue(client_id="app" if held else None, question=question, kept="kept")
    assert find(sent._replace(binding="another")) == Clue(kept="kept")


@pytest.mark.parametrize(
    "token", ["", "x" * 96, ACCESS[:-1], ACCESS + "A", "é" * 96, ACCESS.replace("Q", "=", 1)], ids=range(6)
)
def test_what_is_spelled_like_no_token_names_no_cell(token: str) -> None:
    """And what is names its cell."""
    assert cell_named(token) is None
    assert cell_named(ACCESS) == TWO


@pytest.mark.parametrize("name", ["ann@example.com", "+12025550100", "+12025550100*101"])
def test_login_name_is_read_as_it_was_spelled(name: str) -> None:
    """By the cell that is asked about it."""
    login = parse_login_name(name, None)
    assert login is not None
    assert parse_login_name(spell_login(login), None) == login


def test_form_state_of_any_secret_opens_in_every_cell() -> None:
    """While the shared secret is changed, one line after the other."""
    old, new = "o" * 32, "n" * 32
    boxes = [CellKeys(lines).form_box(SeededEntropy(1)) for lines in ([old], [old, new], [new, old], [new])]
    for sealing, opening in pairwise(boxes):
        for one, other in ((sealing, opening), (opening, sealing)):
            assert other.open(one.seal(b"state", 2000, bound_to=b"x"), 1000, bound_to=b"x") == b"state"
    assert boxes[3].open(boxes[0].seal(b"state", 2000), 1000) is None


def test_place_of_a_name_changes_once_when_the_shared_secret_is_changed() -> None:
    """Cells are restarted one after the other: while they agree on which secret is the first, they agree on places."""
    old, new = "o" * 32, "n" * 32
    places = [CellKeys(lines).spread("nobody@x.example", 1 << 30) for lines in ([old], [old, new], [new, old], [new])]
    assert places[0] == places[1] != places[2] == places[3]


def test_device_code_of_any_secret_opens_in_every_cell() -> None:
    """While the shared secret is changed; and by its own cell's name alone."""
    old, new = "o" * 32, "n" * 32
    reference = Reference(TokenKind.DEVICE, AccountId(1), RowId(2), b"s" * 20, 0, 1)
    keys = [CellKeys(lines) for lines in ([old], [old, new], [new, old], [new])]
    for sealing, opening in [*pairwise(keys), *pairwise(keys[::-1])]:
        sealer = sealing.device_sealer(TWO)
        code = sealer.seal(reference._replace(key_number=sealer.active_key_number))
        assert isinstance(code, str)
        opened = opening.device_sealer(TWO).open(TokenKind.DEVICE, code)
        assert isinstance(opened, Reference)
        assert opened.row_id == reference.row_id
        assert opening.device_sealer("CGT01P01").open(TokenKind.DEVICE, code) is None
