"""Everything a server hands out or is shown that must stay secret, gathered from real flows."""

import html
import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

from callgate.app import CommandLine
from callgate.model.acts import Refused
from callgate.model.client import AppKind, GrantType
from callgate.model.reference import TokenKind
from callgate.service.administer.apps import NewApp, register_app
from callgate.service.administer.credentials import NewCredential, create_credential
from callgate.service.administer.finding import find_account, find_person
from callgate.service.administer.passwords import generate_password
from callgate.service.administer.people import NewPerson, create_extension
from tests.faults.founding import REDIRECT_URI, World
from tests.faults.hiding import Secret
from tests.faults.traffic import TOKEN
from tests.faults.wire import Answer, Wire

AUTHORIZE = "/restapi/oauth/authorize"

_FORM_STATE = re.compile(r'name="form_state" value="([^"]+)"')
_FORM_ACTION = re.compile(r'<form method="post" action="([^"]+)"')
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(slots=True)
class Harvest:
    """What was gathered."""

    secrets: set[Secret] = field(default_factory=set)
    passwords: dict[str, str] = field(default_factory=dict, repr=False)
    """By e-mail address."""

    def add(self, kind: str, value: str | bytes) -> None:
        """Keep one."""
        self.secrets.add(Secret(kind, value.encode() if isinstance(value, str) else value))


async def administer(world: World, harvest: Harvest, *, count: int) -> None:
    """People with passwords, apps with secrets, credentials: what the command line shows once."""
    harvest.secrets |= {Secret("client secret", a.secret.encode()) for a in (world.service, world.script, world.web)}
    harvest.secrets |= {Secret("JWT credential", person.jwt.encode()) for person in world.people}
    harvest.add("key-encryption key", (world.folder / "kek").read_text().splitlines()[-1].strip())
    async with CommandLine().desk(world.settings, by="harvest") as desk:
        account = await find_account(desk, "Faulty Ltd")
        person = await find_person(desk, world.people[0].email)
        assert not isinstance(account, Refused)
        assert not isinstance(person, Refused)
        for number in range(count):
            password, email = generate_password(desk), f"typist{number}@example.com"
            typist = NewPerson(first_name="Typist", last_name=str(number), email=email, password=password)
            assert not isinstance(await create_extension(desk, account.id, typist), Refused)
            harvest.passwords[email] = password
            harvest.add("password", password)
            app = NewApp(
                name=f"App {number}",
                account_id=account.id,
                kind=AppKind.SERVER_OTHER,
                grants=frozenset({GrantType.CLIENT_CREDENTIALS}),
                scopes=("ReadAccounts",),
            )
            registered = await register_app(desk, app)
            assert not isinstance(registered, Refused)
            assert registered.secret is not None
            harvest.add("client secret", registered.secret)
        for number in range(count // 4):
            issued = await create_credential(desk, person, NewCredential(label=str(number)))
            assert not isinstance(issued, Refused)
            harvest.add("JWT credential", issued.jwt)


@dataclass(slots=True)
class Browser:
    """Somebody at the authorize endpoint."""

    wire: Wire
    harvest: Harvest
    cookies: dict[str, str] = field(default_factory=dict, repr=False)

    async def ask(self, target: str, form: dict[str, str] | None = None) -> Answer:
        """Follow the pages, taking cookies along; whatever is secret in the reply is kept."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Accept": "text/html", **({"Cookie": cookie} if cookie else {})}
        if form is None:
            answer = await self.wire.ask("GET", target, headers=headers)
        else:
            answer = await self.wire.ask("POST", target, headers=headers | _FORM, body=urlencode(form).encode())
        for line in answer.headers.get("set-cookie", "").split("\n"):
            name, _, value = line.partition(";")[0].partition("=")
            if value:
                self.cookies[name] = value
                self.harvest.add(f"cookie {name}", value)
        for state in _FORM_STATE.findall(answer.body.decode("utf-8", "replace")):
            self.harvest.add("form state", state)
        return answer

    async def press(self, page: Answer, **fields: str) -> Answer:
        """Send a page's form."""
        text = page.body.decode()
        [action], [state] = _FORM_ACTION.findall(text), _FORM_STATE.findall(text)
        return await self.ask(html.unescape(action), {"form_state": html.unescape(state), **fields})

    async def begin(self, world: World) -> Answer:
        """Ask for a code."""
        asked = {"response_type": "code", "client_id": world.web.client_id, "redirect_uri": REDIRECT_URI, "state": "s"}
        return await self.ask(f"{AUTHORIZE}?{urlencode(asked)}")

    async def sign_in(self, world: World, email: str) -> None:
        """The whole way, with consent, to a code redeemed."""
        page = await self.begin(world)
        self._expect(page, 200)
        signed_in = await self.press(page, username=email, password=self.harvest.passwords[email], action="sign-in")
        self._expect(signed_in, 303)
        asking = await self.ask(signed_in.headers["location"])
        self._expect(asking, 200)
        await self.redeem(world, await self.press(asking, action="authorize"))

    async def redeem(self, world: World, answer: Answer) -> None:
        """Exchange a code for tokens."""
        code = self.code_of(answer)
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
        tokens = await self.wire.post(TOKEN, world.web, form)
        self._expect(tokens, 200)
        self.harvest.add("access token", tokens.text("access_token"))
        self.harvest.add("refresh token", tokens.text("refresh_token"))

    def code_of(self, answer: Answer) -> str:
        """The code in a redirect back to the app."""
        location = answer.headers.get("location", "")
        assert location.startswith(REDIRECT_URI), answer
        [code] = parse_qs(urlsplit(location).query)["code"]
        self.harvest.add("code", code)
        return code

    def _expect(self, answer: Answer, status: int) -> None:
        assert answer.status == status, answer


async def open_secrets(world: World, tokens: list[str]) -> set[Secret]:
    """The secret that each session's tokens carry sealed: it is stored nowhere, in any form."""
    found = set()
    async with CommandLine().desk(world.settings, by="harvest") as desk:
        keeper = await desk.keeper()
        for token in tokens:
            reference = await keeper.open(token, (TokenKind.ACCESS, TokenKind.REFRESH))
            assert reference is not None
            found.add(Secret("session secret", reference.secret))
    return found
