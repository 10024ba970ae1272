"""SECURITY.md tells the truth: who stole what from a real server, what they can do with it, and what not."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import apsw
import httpx
import pytest

from callgate.crypto.kek import load_kek
from callgate.crypto.keys import open_ring
from callgate.crypto.secrets import SESSION_SECRET_BYTES
from callgate.crypto.tokens import Sealer
from callgate.model.ids import AccountId, RowId
from callgate.model.key import KeyState, KeyUse, StoredKey
from callgate.model.reference import Reference, TokenKind
from tests.clients.person import REDIRECT_URI
from tests.docs.newcomer import CHALLENGE, JWT_BEARER, TOKEN, VERIFIER, Newcomer, Tokens, tokens_of
from tests.server import running_server

CELL = "CGT01T01"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def victim() -> Iterator[Newcomer]:
    """Somebody with a server, who is robbed."""
    with running_server() as server, httpx.Client(base_url=server.base_url, timeout=30) as http:
        yield Newcomer(server, http)


@dataclass(frozen=True, slots=True)
class Loot:
    """A copy of the database, and the key file that opens its keys."""

    sealer: Sealer
    sessions: list[tuple[int, int, int, int, bytes]]
    """Account, row, generation, key number, and the hash of the secret, of each session."""


@pytest.fixture
def loot(victim: Newcomer, tmp_path: Path) -> Loot:
    """What lies in both after somebody logged in."""
    victim.log_in()
    copy = tmp_path / "copy.db"
    assert victim.run("db", "backup", str(copy)).returncode == 0
    with apsw.Connection(str(copy), flags=apsw.SQLITE_OPEN_READONLY) as database:
        stored = [
            StoredKey(KeyUse(use), number, KeyState(state), wrapped, published, None, None)
            for use, number, state, wrapped, published in database.execute(
                "SELECT key_use, number, state, wrapped, published_ms FROM stored_key"
            )
        ]
        sessions = list(
            database.execute("SELECT account_id, id, generation, key_number, secret_sha256 FROM session ORDER BY id")
        )
    ring = open_ring(stored, load_kek(victim.server.data / "kek"))
    assert ring
    return Loot(Sealer(ring, cell=CELL), sessions)


def sealed(loot: Loot, session: tuple[int, int, int, int, bytes], *, kind: TokenKind, secret: bytes) -> str:
    """A token as the server would seal it, if that were the session's secret."""
    account, row, generation, key, _ = session
    token = loot.sealer.seal(Reference(kind, AccountId(account), RowId(row), secret, generation, key))
    assert isinstance(token, str)
    return token


def code_of(reply: httpx.Response) -> str:
    """The code of a refusal."""
    assert reply.status_code >= httpx.codes.BAD_REQUEST, reply.text
    return str(reply.json()["errors"][0]["errorCode"])


def test_database_and_key_file_mint_no_token(victim: Newcomer, loot: Loot) -> None:
    """Each token needs its session's secret, which is stored nowhere; its hash, cut to length, is not it."""
    assert loot.sessions
    for session in loot.sessions:
        for guess in (session[4][:SESSION_SECRET_BYTES], bytes(SESSION_SECRET_BYTES)):
            access = sealed(loot, session, kind=TokenKind.ACCESS, secret=guess)
            assert code_of(victim.call(access)) == "OAU-213"
            refresh = sealed(loot, session, kind=TokenKind.REFRESH, secret=guess)
            assert code_of(victim.refresh(Tokens("", refresh))) == "OAU-213"


def test_database_key_file_and_a_token_make_that_sessions_other_tokens(victim: Newcomer, loot: Loot) -> None:
    """No more than that: the row above is true because of what this thief has besides."""
    token = victim.log_in().access
    opened = loot.sealer.open(TokenKind.ACCESS, token)
    assert isinstance(opened, Reference)
    refresh = loot.sealer.seal(opened._replace(kind=TokenKind.REFRESH))
    assert isinstance(refresh, str)
    tokens_of(victim.refresh(Tokens("", refresh)))


def test_access_token_refreshes_nothing(victim: Newcomer) -> None:
    """It is another kind."""
    tokens = victim.log_in()
    assert code_of(victim.refresh(Tokens("", tokens.access))) == "OAU-213"


def test_refresh_token_of_a_confidential_app_is_nothing_without_its_secret(victim: Newcomer) -> None:
    """Nor with another app's."""
    form = {"grant_type": "refresh_token", "refresh_token": victim.log_in().refresh}
    client_id, _ = victim.basic("script")
    assert code_of(victim.http.post(TOKEN, data=form | {"client_id": client_id})) == "OAU-123"
    assert code_of(victim.ask("web", **form)) == "OAU-213"
    tokens_of(victim.ask("script", **form))


def test_code_is_nothing_without_secret_or_verifier_and_its_owner_goes_on(victim: Newcomer) -> None:
    """A thief who tries must not end the victim's session (RFC 9700 section 4.5)."""
    code = victim.code(code_challenge=CHALLENGE, code_challenge_method="S256")["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
    client_id, _ = victim.basic("web")
    assert code_of(victim.http.post(TOKEN, data=form | {"client_id": client_id})) == "OAU-123"
    assert code_of(victim.redeem(code, code_verifier=VERIFIER[::-1])) == "OAU-106"
    tokens = tokens_of(victim.redeem(code, code_verifier=VERIFIER))
    victim.server.advance(11)
    assert code_of(victim.redeem(code, code_verifier=VERIFIER[::-1])) == "OAU-106"
    assert victim.call(tokens.access).status_code == httpx.codes.OK


def test_jwt_credential_is_nothing_without_an_apps_secret(victim: Newcomer) -> None:
    """Only apps that keep a secret may have the grant."""
    jwt = victim.world.jwt_credentials["admin_any"].jwt
    for app in ("script", "spa"):
        form = {"grant_type": JWT_BEARER, "assertion": jwt, "client_id": victim.world.apps[app].client_id}
        assert code_of(victim.http.post(TOKEN, data=form)) in {"OAU-123", "OAU-251"}


def test_client_secret_reaches_only_accounts_that_allowed_the_app(victim: Newcomer) -> None:
    """And there, what the role allows."""
    other = victim.world.accounts["other"].id
    assert code_of(victim.ask("service", grant_type="client_credentials", account_id=other)) == "OAU-251"
    token = tokens_of(victim.ask("service", grant_type="client_credentials")).access
    assert victim.call(token, "/call-log").status_code == httpx.codes.OK


def test_every_test_that_the_page_names_exists() -> None:
    """A row is as good as the test behind it."""
    named = re.findall(r"\[[^\]]+\]\((tests/[^)#]+)\)", (ROOT / "SECURITY.md").read_text("utf-8"))
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
