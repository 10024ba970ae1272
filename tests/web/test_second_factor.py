"""Second factors attacked over HTTP: replays, races, other browsers' pages, other people's, and what is never told."""

import base64
import html
import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlsplit

import apsw
import httpx
import pytest

from callgate.admin.seed import REDIRECT_URI
from callgate.crypto.kek import KeyEncryptionError, load_kek
from callgate.crypto.totp import open_totp_secret
from callgate.model.ids import ExtensionId
from tests.admin.shell import beside
from tests.authenticator import code_of
from tests.passkey_device import Authenticator
from tests.server import Server, named_server, restarted, running_server

SECURITY = "/restapi/oauth/security"
SIGN_IN = "/restapi/oauth/sign-in"
SECOND = "/restapi/oauth/second-factor"


PASSWORD = "a password that nobody has"
NEW_PASSWORD = "seven quiet otters paint"


@dataclass
class Room:
    """A person of their own on the server of the module, and browsers, closed at the end."""

    server: Server
    email: str
    password: str
    ahead_s: int
    stack: ExitStack

    def browser(self) -> "Browser":
        """Another browser that was never here."""
        return Browser(self)

    def code(self, secret: str, *, steps: int = 0) -> str:
        """What the authenticator app shows, by the server's clock; `steps` from now."""
        return code_of(secret, ahead_s=self.ahead_s + 30 * steps)

    def later(self, seconds: int = 60) -> None:
        """Move the server's clock."""
        self.server.advance(seconds)
        self.ahead_s += seconds
        _AHEAD_S[self.server.base_url] = self.ahead_s


_AHEAD_S: dict[str, int] = {}
"""How far each server's clock was moved: it goes on from there in the next test."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server whose clock may be moved, and whose people may have passkeys."""
    with named_server() as running:
        yield running


@pytest.fixture
def room(server: Server, request: pytest.FixtureRequest) -> Iterator[Room]:
    """Somebody new of the main account."""
    email = f"{re.sub(r'[^a-z]', '', request.node.name)[:30]}@main.example"
    hire(server, email)
    with ExitStack() as stack:
        yield Room(server, email, PASSWORD, _AHEAD_S.get(server.base_url, 0), stack)


def hire(server: Server, email: str) -> None:
    """Make somebody new."""
    who = ("--first-name", "Nia", "--last-name", "Nova", "--email", email, "--password-stdin")
    beside(server).give("extensions", "create", "--account", server.world.accounts["main"].id, *who, stdin=PASSWORD)


@dataclass
class Browser:
    """A browser without a window: cookies, and the page it is on."""

    room: Room
    client: httpx.Client = field(init=False)
    page: str = ""
    status: int = 0

    def __post_init__(self) -> None:
        base_url = self.room.server.base_url
        client = httpx.Client(base_url=base_url, headers={"Accept": "text/html"}, follow_redirects=True, timeout=30)
        self.client = self.room.stack.enter_context(client)

    def open(self, path: str) -> None:
        """Go there."""
        self._shown(self.client.get(path))

    def post(self, path: str, **form: str) -> None:
        """Send the page's form."""
        self._shown(self.client.post(path, data={"form_state": self.form_state, **form}))

    def sign_in(self, path: str = SECURITY, *, password: str | None = None) -> None:
        """Up to the step after the password."""
        self.open(path)
        self.post(SIGN_IN, username=self.room.email, password=password or self.room.password, action="sign-in")

    @property
    def form_state(self) -> str:
        """The hidden field of the page."""
        found = re.search(r'name="form_state" value="([^"]+)"', self.page)
        assert found, self.page
        return html.unescape(found[1])

    @property
    def heading(self) -> str:
        """What the page is."""
        found = re.search(r"<h1>(.*?)</h1>", self.page)
        assert found, self.page
        return found[1]

    @property
    def code(self) -> str | None:
        """The fault that the page names."""
        found = re.search(r'<p class="code">([A-Z]+-\d+)|<dd><code>([A-Z]+-\d+)', self.page)
        return None if found is None else found[1] or found[2]

    def _shown(self, answer: httpx.Response) -> None:
        self.page, self.status = answer.text, answer.status_code


def set_up(room: Room) -> tuple[str, list[str]]:
    """Set up an authenticator app; gives its key and the recovery codes."""
    browser = room.browser()
    browser.sign_in()
    browser.post(SECURITY, action="set-up-totp")
    found = re.search(r'<code class="secret" id="secret">(.*?)</code>', browser.page)
    assert found
    secret = re.sub(r"<[^>]+>| ", "", found[1])
    browser.post(SECURITY, action="confirm-totp", code=room.code(secret))
    assert browser.heading == "Your recovery codes"
    return secret, re.findall(r"<li><code>([A-Z2-7-]{19})</code>", browser.page)


@pytest.mark.requirement("RFC 6238 section 5.2")
def test_one_of_a_hundred_gets_in_with_one_code(room: Room) -> None:
    """Assurance P7: the same code at once, each after a right password; its step is spent by the first."""
    secret, _ = set_up(room)
    browsers = [room.browser() for _ in range(8)]
    for browser in browsers:
        browser.sign_in()
        assert browser.heading == "One more step"
    room.later()
    code, gate = room.code(secret), threading.Barrier(len(browsers))

    def send(browser: Browser) -> str:
        gate.wait()
        browser.post(SECOND, action="code", code=code)
        return browser.heading

    with ThreadPoolExecutor(len(browsers)) as pool:
        seen = sorted(pool.map(send, browsers))
    assert seen == ["How you sign in", *["One more step"] * 7]


def test_person_who_wanted_another_page_is_led_to_it_by_a_code(room: Room) -> None:
    """The step between carries it."""
    secret, _ = set_up(room)
    room.later()
    browser = room.browser()
    browser.sign_in(f"{SECURITY}/credentials")
    browser.post(SECOND, action="code", code=room.code(secret))
    assert browser.heading == "Your JWT credentials"


@pytest.mark.requirement("RFC 6238 section 5.2")
def test_code_is_refused_the_second_time_even_to_another_process(room: Room) -> None:
    """RFC 6238 section 5.2; and one that is older than the newest accepted is spent with it."""
    secret, _ = set_up(room)
    room.later()
    older, newer = room.code(secret), room.code(secret, steps=1)
    for code, heading in ((newer, "How you sign in"), (newer, "One more step"), (older, "One more step")):
        browser = room.browser()
        browser.sign_in()
        browser.post(SECOND, action="code", code=code)
        assert browser.heading == heading
        assert browser.code == (None if heading == "How you sign in" else "CGT-200")


def test_recovery_code_is_good_once_though_sent_at_once(room: Room) -> None:
    """Of eight browsers one gets in."""
    _, codes = set_up(room)
    browsers = [room.browser() for _ in range(8)]
    for browser in browsers:
        browser.sign_in()
    gate = threading.Barrier(len(browsers))

    def send(browser: Browser) -> str:
        gate.wait()
        browser.post(SECOND, action="code", code=codes[3])
        return browser.heading

    with ThreadPoolExecutor(len(browsers)) as pool:
        seen = sorted(pool.map(send, browsers))
    assert seen == ["How you sign in", *["One more step"] * 7]


def test_page_of_another_browser_opens_nothing(room: Room) -> None:
    """The password was proven in that browser; whoever reads its page cannot go on with it elsewhere."""
    secret, _ = set_up(room)
    mine, thief = room.browser(), room.browser()
    mine.sign_in()
    thief.sign_in()
    thief.page = mine.page
    room.later()
    thief.post(SECOND, action="code", code=room.code(secret))
    assert (thief.status, thief.code) == (400, "CGT-128")
    mine.post(SECOND, action="code", code=room.code(secret))
    assert mine.heading == "How you sign in"


def test_state_of_one_page_is_none_of_another(room: Room) -> None:
    """What asks for a code is no authorize request, and the other way round."""
    set_up(room)
    browser = room.browser()
    browser.open(SECURITY)
    first = browser.form_state
    browser.sign_in()
    assert browser.heading == "One more step"
    for path, page_state in ((SIGN_IN, browser.form_state), (SECOND, first), (SECURITY, browser.form_state)):
        answer = browser.client.post(path, data={"form_state": page_state, "action": "code", "code": "123456"})
        assert (answer.status_code, "CGT-128" in answer.text) == (400, True), path


def test_right_code_signs_nobody_in_when_the_password_was_changed_meanwhile(room: Room) -> None:
    """The step before is judged again."""
    secret, _ = set_up(room)
    owner = room.browser()
    owner.sign_in()
    room.later()
    owner.post(SECOND, action="code", code=room.code(secret))
    thief = room.browser()
    thief.sign_in()
    owner.open(f"{SECURITY}/password")
    again = {"new_password": NEW_PASSWORD, "new_password_again": NEW_PASSWORD}
    owner.post(f"{SECURITY}/password", action="change-password", password=room.password, **again)
    assert owner.heading == "How you sign in"
    room.later()
    thief.post(SECOND, action="code", code=room.code(secret))
    assert (thief.status, thief.code) == (400, "CGT-128")


def test_waiting_looks_alike_whatever_the_code(room: Room) -> None:
    """A guesser learns nothing from the answers, byte for byte but for the sealed field."""
    secret, _ = set_up(room)
    browser = room.browser()
    browser.sign_in()
    for _ in range(5):
        browser.post(SECOND, action="code", code="000000")
        assert browser.code == "CGT-200"
    pages = []
    room.later(35)
    for code in (room.code(secret), "000000", "ABCD-EFGH-IJKL-MNOP", ""):
        browser.post(SECOND, action="code", code=code)
        assert browser.code == "CGT-201"
        pages.append(re.sub(r'value="[^"]{40,}"', "", browser.page))
    assert len(set(pages)) == 1


@pytest.mark.requirement("ruling 10")
def test_second_step_is_told_only_after_a_right_password(room: Room) -> None:
    """Whether a person has a factor is nobody's business before; the page is the same for who has none."""
    plain = room.browser()
    plain.sign_in(password="wrong")
    set_up(room)
    armed = room.browser()
    armed.sign_in(password="wrong")
    hidden = re.compile(r'value="[^"]{40,}"')
    assert hidden.sub("", plain.page) == hidden.sub("", armed.page)
    assert plain.code == armed.code == "OAU-140"


def token(server: Server, **form: str) -> httpx.Response:
    """The token endpoint, by the unattended app."""
    app = server.world.apps["script"]
    assert app.client_secret
    return httpx.post(f"{server.base_url}/restapi/oauth/token", data=form, auth=(app.client_id, app.client_secret))


@pytest.mark.requirement("ruling 10")
def test_password_grant_says_which_way_to_go_only_to_who_knows_the_password(room: Room) -> None:
    """OAU-168 with its remedy; a JWT credential of the same person works all the same (protocol.md D.5)."""
    server = room.server
    form = {"grant_type": "password", "username": room.email, "password": room.password}
    before = token(server, **form).json()
    wrong_before = token(server, **form | {"password": "wrong"})
    set_up(room)
    refused = token(server, **form)
    assert refused.status_code == 400
    [error] = refused.json()["errors"]
    assert (error["errorCode"], error["message"]) == (
        "OAU-168",
        "Password grant is not allowed because MFA is required.",
    )
    for way in ("JWT credential", "client_credentials", "authorization_code"):
        assert way in error["remedy"]
    assert token(server, **form | {"password": "wrong"}).json() == wrong_before.json()
    # What the password alone opened before is over by comparison.
    assert token(server, grant_type="refresh_token", refresh_token=before["refresh_token"]).status_code == 400


def authorize_url(server: Server, **more: str) -> str:
    """Where the app sends people."""
    app = server.world.apps["web"]
    query = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": REDIRECT_URI,
        "scope": "openid",
        **more,
    }
    return str(httpx.URL("/restapi/oauth/authorize", params=query))


def redeem(server: Server, location: str) -> dict[str, object]:
    """The claims of the ID token that the code brings."""
    app = server.world.apps["web"]
    assert app.client_secret
    code = parse_qs(urlsplit(location).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
    reply = httpx.post(
        f"{server.base_url}/restapi/oauth/token", data=form, auth=(app.client_id, app.client_secret)
    ).json()
    part = reply["id_token"].split(".")[1]
    claims: dict[str, object] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def test_id_token_tells_how_the_person_proved_themselves(room: Room) -> None:
    """`amr` in the words of RFC 8176, and `auth_time` of the second step."""
    server, browser = room.server, room.browser()
    browser.sign_in(authorize_url(server))
    browser.client.follow_redirects = False
    answer = browser.client.post(
        "/restapi/oauth/consent", data={"form_state": browser.form_state, "action": "authorize"}
    )
    assert redeem(server, answer.headers["location"])["amr"] == ["pwd"]
    secret, _ = set_up(room)
    armed = room.browser()
    armed.sign_in(authorize_url(server))
    room.later()
    code = room.code(secret)
    armed.client.follow_redirects = False
    step = armed.client.post(SECOND, data={"form_state": armed.form_state, "action": "code", "code": code})
    on = armed.client.get(step.headers["location"])
    claims = redeem(server, on.headers["location"])
    assert claims["amr"] == ["pwd", "otp", "mfa"]
    assert abs(int(str(claims["auth_time"])) - int(str(claims["iat"]))) < 30


def test_nothing_secret_is_kept_in_the_clear_or_told(room: Room) -> None:
    """Neither the key nor a recovery code is in the database or the log (assurance P11)."""
    secret, codes = set_up(room)
    browser = room.browser()
    browser.sign_in()
    browser.post(SECOND, action="code", code=codes[0])
    server = room.server
    kept = b"".join(path.read_bytes() for path in server.data.iterdir() if path.name.startswith("callgate.db"))
    log = server.log().encode()

    for text in (secret.encode(), base64.b32decode(secret), *(code.encode() for code in codes)):
        for spelled in (text, text.replace(b"-", b"")):
            assert spelled not in kept
            assert spelled not in log
    with closing(apsw.Connection(str(server.data / "callgate.db"), flags=apsw.SQLITE_OPEN_READONLY)) as database:
        told = "".join(row[0] for row in database.execute("SELECT entries FROM audit"))
    assert '"what":"TotpAdded"' in told
    assert '"what":"RecoveryCodeUsed"' in told


def add_passkey(browser: Browser, device: Authenticator, path: str = SECURITY) -> None:
    """Make one for the page that the browser is on, whose form goes there."""
    options = re.search(r'data-options="([^"]*)"', browser.page)
    assert options
    challenge = json.loads(html.unescape(options[1]))["publicKey"]["challenge"]
    answer = device.make(domain="localhost", origin=browser.room.server.base_url, challenge=challenge)
    browser.post(path, action="add-passkey", passkey=answer)


def test_passkey_is_added_once_and_for_nobody_else(room: Room) -> None:
    """Web Authentication section 7.1: a credential id that somebody has is refused, and nothing is out of order."""
    device = Authenticator(credential_id=room.email.encode())
    owner, thief = room.browser(), room.browser()
    owner.sign_in()
    add_passkey(owner, device)
    assert owner.heading == "Your recovery codes"
    owner.open(SECURITY)
    add_passkey(owner, device)
    assert (owner.status, owner.code) == (400, "CGT-208")
    agent = room.server.world.people["agent"]
    thief.open(SECURITY)
    thief.post(SIGN_IN, username=agent.email or "", password=agent.password, action="sign-in")
    add_passkey(thief, device)
    assert (thief.status, thief.code) == (400, "CGT-208")


def test_passkey_of_somebody_else_is_nobodys_first_factor(room: Room) -> None:
    """The same at the sign-in that asks for a first factor: refused, not taken for a database in trouble."""
    device, account = Authenticator(credential_id=room.email.encode()), room.server.world.accounts["main"].id
    owner = room.browser()
    owner.sign_in()
    add_passkey(owner, device)
    hire(room.server, email := f"second.{room.email}")
    beside(room.server).give("accounts", "update", account, "--mfa", "required")
    try:
        thief = replace(room, email=email).browser()
        thief.sign_in()
        assert thief.heading == "Set up an authenticator app"
        add_passkey(thief, device, SECOND)
        assert (thief.status, thief.code) == (400, "CGT-208")
        add_passkey(thief, Authenticator(credential_id=email.encode()), SECOND)
        assert thief.heading == "Your recovery codes"
    finally:
        beside(room.server).give("accounts", "update", account, "--mfa", "allowed")


@pytest.mark.parametrize("page", [SECOND, SECURITY, "/restapi/oauth/sign-out/confirm"])
def test_browser_that_says_it_is_called_like_a_page_opens_none(server: Server, page: str) -> None:
    """A browser is bound by a name of ours: with another's words in it, one page's form might pass for another's."""
    app = server.world.apps["web"]
    query = {"response_type": "code", "client_id": app.client_id, "redirect_uri": app.redirect_uris[0]}
    name = page.removeprefix("/restapi/oauth/").split("/")[0]
    with httpx.Client(base_url=server.base_url, headers={"Accept": "text/html"}) as http:
        shown = http.get("/restapi/oauth/authorize", params=query, headers={"Cookie": f"callgate_browser={name} x"})
        [state] = re.findall(r'name="form_state" value="([^"]+)"', shown.text)
        posted = http.post(page, data={"form_state": state, "code": "1"}, headers={"Cookie": "callgate_browser=x"})
    assert posted.status_code == 400
    assert "expired" in posted.text


def sealed_totp(server: Server) -> tuple[ExtensionId, bytes]:
    """Whose the one authenticator app is, and its sealed secret as it lies in the database."""
    with closing(apsw.Connection(str(server.data / "callgate.db"), flags=apsw.SQLITE_OPEN_READONLY)) as database:
        ((extension_id, sealed),) = database.execute("SELECT extension_id, sealed_secret FROM totp")
    assert isinstance(extension_id, int)
    assert isinstance(sealed, bytes)
    return ExtensionId(extension_id), sealed


def test_authenticator_app_goes_on_when_the_key_encryption_key_is_another() -> None:
    """docs/operating.md, "Keys": what its codes are made from is wrapped by the new key, and opened by no old one."""
    email = "nia@main.example"
    with running_server() as first, ExitStack() as stack:
        shell = beside(first)
        hire(first, email)
        secret, _ = set_up(Room(first, email, PASSWORD, 0, stack))
        first.stop()
        old = load_kek(first.data / "kek")
        assert old.is_current(sealed_totp(first)[1])
        made = shell.give("keys", "new-kek")
        assert shell.give("keys", "rewrap")["wrapped"] == 1 + len(shell.give("keys", "list"))
        extension_id, sealed = sealed_totp(first)
        with pytest.raises(KeyEncryptionError):
            open_totp_secret(old, sealed, extension_id=extension_id)
        assert shell.give("keys", "drop-old-keks", "--yes") == {"file": made["file"], "wrapped": 0, "dropped": 1}
        with restarted(first) as second:
            room = Room(second, email, PASSWORD, 0, stack)
            room.later()
            browser = room.browser()
            browser.sign_in()
            browser.post(SECOND, action="code", code=room.code(secret))
            assert browser.heading == "How you sign in"
