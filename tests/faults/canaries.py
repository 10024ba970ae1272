"""Secrets shown to the server in every place where one may stand, by clients that got it wrong.

Each canary is unique and accepted nowhere; none may turn up in a log, a reply or an explanation.
"""

import random
import string
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import urlencode

from tests.faults.founding import REDIRECT_URI, App, World
from tests.faults.harvest import AUTHORIZE, Browser, Harvest
from tests.faults.traffic import JWT_BEARER, REVOKE, SELF, TOKEN
from tests.faults.wire import Answer, LostError, Wire

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_CHANCE = random.Random(11)


def canary(harvest: Harvest, where: str) -> str:
    """A new one, 40 characters that no encoding changes."""
    value = "".join(_CHANCE.choices(string.ascii_letters + string.digits, k=40))
    harvest.add(f"canary in {where}", value)
    return value


async def show_everywhere(world: World, wire: Wire, harvest: Harvest) -> list[Answer]:
    """Show a canary in each place; gives every reply, the explanations of the refusals among them."""
    answers = [await _send(wire, request) for request in _requests(world, harvest)]
    answers += await _show_to_pages(world, wire, harvest)
    refused = [answer.headers["rcrequestid"] for answer in answers if "rcrequestid" in answer.headers]
    basic = _basic(world.script.client_id, world.script.secret)
    for request_id in refused:
        target = f"/restapi/oauth/explanations/{request_id}"
        answers.append(await wire.ask("GET", target, headers={"Authorization": basic}))
    return answers


async def show_malformed(port: int, harvest: Harvest) -> list[Answer]:
    """Requests that no parser lets through, on connections that end with them."""
    answers = []
    for head in (
        f"GET /{canary(harvest, 'a broken request line')} HTTP/9.9",
        f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization Bearer {canary(harvest, 'a field without a colon')}",
        f"GET / HTTP/1.1\r\nHost: x\r\nHost: {canary(harvest, 'a second Host')}",
    ):
        wire = await Wire.connect(port)
        try:
            answers.append(await wire.raw(f"{head}\r\n\r\n".encode()))
        except LostError:
            continue
        finally:
            wire.close()
    return answers


Request = tuple[str, str, dict[str, str], bytes]


def _requests(world: World, harvest: Harvest) -> Iterator[Request]:
    for field, grant_type in (
        ("username", "password"),  # where people type their password by mistake
        ("password", "password"),
        ("code", "authorization_code"),
        ("code_verifier", "authorization_code"),
        ("refresh_token", "refresh_token"),
        ("assertion", JWT_BEARER),
    ):
        others = {
            "grant_type": grant_type,
            "username": "typist0@example.com",
            "code": "x",
            "redirect_uri": REDIRECT_URI,
        }
        yield _post(TOKEN, world.script, others | {field: canary(harvest, field)})
        twice = f"{urlencode(others)}&{field}={canary(harvest, f'{field}, twice')}&{field}=y".encode()
        yield ("POST", TOKEN, FORM | {"Authorization": _basic(world.script.client_id, world.script.secret)}, twice)
        yield ("POST", f"{TOKEN}?{field}={canary(harvest, f'{field} in the query')}", FORM, b"grant_type=password")
    client_id = world.script.client_id
    grant = {"grant_type": "client_credentials"}
    yield _post(TOKEN, App(client_id, canary(harvest, "client secret")), grant)
    yield (
        "POST",
        TOKEN,
        FORM | {"Authorization": f"Basic {canary(harvest, 'a broken Basic')}"},
        urlencode(grant).encode(),
    )
    in_body = grant | {"client_id": client_id, "client_secret": canary(harvest, "client_secret in the body")}
    yield ("POST", TOKEN, FORM, urlencode(in_body).encode())
    assertion = {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
    asserted = grant | assertion | {"client_assertion": canary(harvest, "client assertion")}
    yield ("POST", TOKEN, FORM, urlencode(asserted).encode())
    yield ("POST", TOKEN, {"Content-Type": "application/json"}, canary(harvest, "a body of another type").encode())
    yield ("POST", TOKEN, FORM, f"password={canary(harvest, 'a long body')}&x={'x' * 20_000}".encode())
    yield _post(REVOKE, world.script, {"token": canary(harvest, "token to revoke")})
    yield _post(f"{REVOKE}?token={canary(harvest, 'token to revoke, in the query')}", world.script, {})
    yield ("GET", SELF, {"Authorization": f"Bearer {canary(harvest, 'bearer')}"}, b"")
    yield ("GET", SELF, {"Authorization": canary(harvest, "a field without a scheme")}, b"")
    yield ("GET", f"{SELF}?access_token={canary(harvest, 'query token')}", {}, b"")
    yield ("GET", f"/nowhere?access_token={canary(harvest, 'query token of no path')}", {}, b"")
    for field in ("code", "state", "iss", "error"):
        callback = f"/restapi/oauth/sso/1/callback?{field}={canary(harvest, f'{field} of a provider')}"
        yield ("GET", callback, {}, b"")
    yield ("DELETE", f"{TOKEN}?refresh_token={canary(harvest, 'query of another method')}", {}, b"")


async def _show_to_pages(world: World, wire: Wire, harvest: Harvest) -> list[Answer]:
    browser = Browser(wire, harvest)
    page = await browser.begin(world)
    wrong = await browser.press(
        page, username="typist0@example.com", password=canary(harvest, "password on the page"), action="sign-in"
    )
    stranger = Browser(wire, harvest, {"callgate_sign_in": canary(harvest, "sign-in cookie")})
    return [
        wrong,
        await stranger.begin(world),
        await stranger.ask(
            "/restapi/oauth/sign-in", {"form_state": canary(harvest, "form state"), "action": "sign-in"}
        ),
        await stranger.ask(f"{AUTHORIZE}?form_state={canary(harvest, 'form state in the query')}"),
    ]


async def _send(wire: Wire, request: Request) -> Answer:
    method, target, headers, body = request
    return await wire.ask(method, target, headers=headers, body=body)


def _post(path: str, app: App, form: dict[str, str]) -> Request:
    headers = FORM | {"Authorization": _basic(app.client_id, app.secret)}
    return ("POST", path, headers, urlencode(form).encode())


def _basic(client_id: str, secret: str) -> str:
    return f"Basic {b64encode(f'{client_id}:{secret}'.encode()).decode()}"
