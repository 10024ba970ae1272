"""A browser whose requests come to one door after the other signs in wherever its person is."""

import base64
import re
import time
import zlib
from itertools import product
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.cells.founding import HEARD_S_MAX, HTTP, IN_DOUBT, REDIRECT_URI, App, Cell, Pair, ask_token, read_extension
from tests.cells.wanderer import Wanderer, wandering
from tests.crypto.saml.signer import Answer, signed_assertion, signed_response

FIRST_DOORS = pytest.mark.parametrize("first", [0, 1], ids=["first door", "second door"])
HOMES = pytest.mark.parametrize("home", [0, 1], ids=["of the first", "of the second"])
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
SAML2_BEARER = "urn:ietf:params:oauth:grant-type:saml2-bearer"


def redeem(wanderer: Wanderer, app: App, home: Cell) -> dict[str, str]:
    """Redeem the code that the browser brings, at each door once: the second is told that it is spent."""
    code = wanderer.brings["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
    replies = [ask_token(door, app, **form) for door in wanderer.pair.both]
    assert [reply.status_code for reply in replies] == [200, 400], [reply.text for reply in replies]
    tokens: dict[str, str] = replies[0].json()
    assert tokens["owner_id"] == str(home.extension_id)
    assert {read_extension(door, tokens["access_token"]).status_code for door in wanderer.pair.both} == {200}
    return tokens


@FIRST_DOORS
@HOMES
@pytest.mark.parametrize("name", ["web", "everyone"])
def test_person_signs_in_whichever_doors_the_browser_comes_to(pair: Pair, first: int, home: int, name: str) -> None:
    """An app of the person's cell, and the one that both have, whose page any cell shows."""
    cell = pair.both[home]
    app: App = getattr(cell, name)
    with wandering(pair, first=first) as wanderer:
        wanderer.asks(app, state="s t&a=e")
        wanderer.signs_in(cell)
        wanderer.agrees()
        assert wanderer.brings["state"] == "s t&a=e"
        assert wanderer.brings["iss"] == pair.public_url
        redeem(wanderer, app, cell)
        assert wanderer.asks(app).status_code in {302, 303}, "signed in, and agreed"
        redeem(wanderer, app, cell)


@FIRST_DOORS
def test_wrong_password_is_told_on_the_page_and_mended_there(pair: Pair, first: int) -> None:
    """Of the other cell's person too: the page goes on, whoever showed it."""
    with wandering(pair, first=first) as wanderer:
        wanderer.asks(pair.one.everyone)
        for cell in (pair.two, pair.one, pair.two):
            assert "Wrong" in wanderer.signs_in(cell, "wrong, all of it 1").text or wanderer.at.status_code == 400
        wanderer.signs_in(pair.two)
        wanderer.agrees()
        redeem(wanderer, pair.one.everyone, pair.two)


def test_refusal_of_a_name_tells_nothing_of_where_it_is(pair: Pair) -> None:
    """The same page for a name of either cell and for one that nobody has, whichever door."""
    until, seen = time.monotonic() + HEARD_S_MAX, refusals(pair)
    while any(IN_DOUBT in page for _, page in seen):  # the first has not known the other for long
        assert time.monotonic() < until
        seen = refusals(pair)
    assert len(seen) == 1


def refusals(pair: Pair) -> set[tuple[int, str]]:
    """What pages say to names, without what is another each time."""
    seen = set()
    for first, username in product((0, 1), (pair.one.email, pair.two.email, "no@where.example", "no@company1.example")):
        with wandering(pair, first=first) as wanderer:
            wanderer.asks(pair.one.everyone)
            reply = wanderer.presses("sign-in", username=username, password="wrong, all of it 1")
            text = re.sub(r'name="form_state" value="[^"]*"', "", reply.text).replace(username, "NAME")
            seen.add((reply.status_code, re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", text)))
    return seen


def test_persons_own_pages_are_their_cells(pair: Pair) -> None:
    """Signed in for no app, at the door of the other cell."""
    with wandering(pair) as wanderer:
        wanderer.follows("/restapi/oauth/security")
        wanderer.signs_in(pair.two)
        for _ in range(3):
            wanderer.follows("/restapi/oauth/security")
            assert pair.two.email in wanderer.at.text
        wanderer.follows("/restapi/oauth/sign-out")
        wanderer.presses("sign-out")
        wanderer.follows("/restapi/oauth/security")
        assert pair.two.email not in wanderer.at.text


@FIRST_DOORS
@HOMES
def test_company_signs_its_people_in(pair: Pair, first: int, home: int) -> None:
    """The provider's answer comes to any door, and without a cookie; the browser goes on where it left from."""
    cell = pair.both[home]
    with wandering(pair, first=first) as wanderer:
        wanderer.asks(cell.everyone)
        wanderer.presses("sso", username=cell.email, password="")
        sent = parse_qs(urlsplit(wanderer.at.headers["location"]).query)
        request = zlib.decompress(base64.b64decode(sent["SAMLRequest"][0]), -15).decode()
        found = re.search(r'\bID="([^"]+)"', request)
        assert found
        answer = _answer(pair, cell, in_response_to=found[1])
        fields = {
            "SAMLResponse": base64.b64encode(signed_response(answer)).decode(),
            "RelayState": sent["RelayState"][0],
        }
        wanderer.is_made_to_post(_place(cell, "acs"), fields)
        wanderer.agrees()
        redeem(wanderer, cell.everyone, cell)


@HOMES
def test_assertion_for_an_app_of_both_finds_its_company(pair: Pair, home: int) -> None:
    """At either door, once."""
    cell = pair.both[home]
    for door in pair.both:
        for app in (cell.everyone, cell.script):
            token_url = f"{pair.public_url}/restapi/oauth/token"
            answer = _answer(pair, cell, in_response_to=None, recipient=token_url)
            assertion = base64.urlsafe_b64encode(signed_assertion(answer)).decode().rstrip("=")
            given = ask_token(door, app, grant_type=SAML2_BEARER, assertion=assertion)
            assert given.status_code == 200, given.text
            assert given.json()["owner_id"] == str(cell.extension_id)


@FIRST_DOORS
@HOMES
def test_device_is_let_in(pair: Pair, first: int, home: int) -> None:
    """It asks at one door and polls at the other, and its person types the code at any."""
    cell, door = pair.both[home], pair.both[first]
    given = HTTP.post(
        f"{door.url}/restapi/oauth/device-authorization", auth=cell.script.proof, data={"scope": "ReadAccounts"}
    )
    assert given.status_code == 200, given.text
    with wandering(pair, first=first) as wanderer:
        wanderer.follows("/restapi/oauth/device")
        wanderer.presses("continue", user_code=given.json()["user_code"])
        wanderer.signs_in(cell)
        wanderer.presses("authorize")
        assert "Your device is connected" in wanderer.at.text
    tokens = ask_token(pair.both[1 - first], cell.script, grant_type=DEVICE, device_code=given.json()["device_code"])
    assert tokens.status_code == 200, tokens.text
    assert tokens.json()["owner_id"] == str(cell.extension_id)


@FIRST_DOORS
@HOMES
def test_device_of_an_app_of_both_is_let_in_by_a_person_of_either(pair: Pair, first: int, home: int) -> None:
    """Wherever it asked, whoever answers: it goes to the cell of its person, and its tokens are of that cell."""
    cell, (begun, code) = pair.both[home], begin(pair.both[first])
    with wandering(pair, first=first) as wanderer:
        answer(wanderer, cell, begun, "authorize")
        assert "Your device is connected" in wanderer.at.text
    replies = [ask_token(door, cell.gadget, grant_type=DEVICE, device_code=code) for door in pair.both]
    assert [reply.status_code for reply in replies] == [200, 400], [reply.text for reply in replies]
    tokens = replies[0].json()
    assert tokens["owner_id"] == str(cell.extension_id)
    assert {read_extension(door, tokens["access_token"]).status_code for door in pair.both} == {200}
    again = ask_token(
        pair.both[1 - first], cell.gadget, grant_type="refresh_token", refresh_token=tokens["refresh_token"]
    )
    assert again.status_code == 200, again.text


@HOMES
def test_device_of_an_app_of_both_is_refused_by_a_person_of_either(pair: Pair, home: int) -> None:
    """It hears of it, and nobody else can answer it."""
    begun, code = begin(pair.one)
    with wandering(pair) as wanderer:
        answer(wanderer, pair.both[home], begun, "cancel")
        assert "The device was refused" in wanderer.at.text
        wanderer.follows("/restapi/oauth/device")
        assert wanderer.presses("continue", user_code=begun).status_code == 400
    refused = ask_token(pair.two, pair.one.gadget, grant_type=DEVICE, device_code=code)
    assert refused.json()["error"] == "access_denied", refused.text


def test_device_goes_from_cell_to_cell_until_it_is_answered(pair: Pair) -> None:
    """Typed anew it is asked about anew: by somebody of the other cell, then of its own, then of the other again."""
    begun, code = begin(pair.one)
    waits = ask_token(pair.two, pair.one.gadget, grant_type=DEVICE, device_code=code)
    assert waits.json()["error"] == "authorization_pending", waits.text
    with wandering(pair) as wanderer:
        for cell in (pair.two, pair.one):
            answer(wanderer, cell, begun, None)
            assert "Authorize" in wanderer.at.text
    with wandering(pair) as wanderer:
        answer(wanderer, pair.two, begun, "authorize")
        assert "Your device is connected" in wanderer.at.text
    with wandering(pair) as wanderer:
        wanderer.follows("/restapi/oauth/device")
        assert wanderer.presses("continue", user_code=begun).status_code == 400, "answered"


def begin(door: Cell) -> tuple[str, str]:
    """A device asks at a door: what it shows, and what it keeps."""
    place = f"{door.url}/restapi/oauth/device-authorization"
    given = HTTP.post(place, auth=door.gadget.proof, data={"scope": "ReadAccounts"})
    assert given.status_code == 200, given.text
    return given.json()["user_code"], given.json()["device_code"]


def answer(wanderer: Wanderer, cell: Cell, user_code: str, action: str | None) -> None:
    """A person of a cell types the code, signs in, and presses a button."""
    wanderer.follows("/restapi/oauth/device")
    wanderer.presses("continue", user_code=user_code)
    wanderer.signs_in(cell)
    if action is not None:
        wanderer.presses(action)


def test_form_of_another_browser_is_refused_at_both_doors(pair: Pair) -> None:
    """A form state opens in the browser it was made for, though every cell can open it."""
    for first in (0, 1):
        with wandering(pair) as victim, wandering(pair, first=first) as thief:
            victim.asks(pair.one.everyone)
            thief.asks(pair.one.everyone)
            victim.at, thief.at = thief.at, victim.at
            assert "This page has expired" in thief.signs_in(pair.one).text


def _place(cell: Cell, last: str) -> str:
    return f"/restapi/oauth/sso/{cell.connection_id}/{last}"


def _answer(pair: Pair, cell: Cell, *, in_response_to: str | None, recipient: str | None = None) -> Answer:
    place = recipient or f"{pair.public_url}{_place(cell, 'acs')}"
    return Answer(
        destination=place,
        recipient=place,
        audience=f"{pair.public_url}{_place(cell, 'metadata')}",
        in_response_to=in_response_to,
        name_id=cell.email,
        attributes={"mail": (cell.email,)},
        now_ms=int(time.time() * 1000),
    )
