"""Requests sent again to the letter: read once, and judged by the rows of each time."""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Coroutine
from urllib.parse import urlencode

import pytest

from callgate.model import faults, grant_faults
from callgate.model.account import ExtensionStatus
from callgate.model.client import AppKind, GrantType
from callgate.model.decisions import Denied
from callgate.model.faults import Fault
from callgate.service import token
from callgate.service.administer.apps import NewApp, change_app, register_app
from callgate.service.administer.credentials import delete_credential
from callgate.service.administer.passwords import generate_password
from callgate.service.administer.people import NewPerson, change_extension, create_extension
from callgate.service.repeats import BODY_BYTES_MAX, Mark, mark_of
from callgate.service.reply import TokenReply
from callgate.service.token import TokenRequest, exchange
from tests.outcomes import done
from tests.service.company import World

Change = Callable[[World], Coroutine[object, object, None]]
EMAIL = "cy@x.example"
FORM = "application/x-www-form-urlencoded"


async def ask(there: World, asked: TokenRequest, *, times: int = 1) -> TokenReply | Denied:
    """The last answer of some."""
    outcomes = [await exchange(there.context, asked) for _ in range(times)]
    return outcomes[-1]


def test_request_is_not_read_again_when_it_comes_to_the_letter(
    world: tuple[asyncio.Runner, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first reads the app, the second finds it in memory, the third is known by its hash."""
    runner, there = world
    before = runner.run(ask(there, there.basic(), times=2))

    def read(**_: object) -> None:
        raise AssertionError("it was read")

    monkeypatch.setattr(token, "read_call", read)
    after = runner.run(ask(there, there.basic()))
    assert isinstance(before, TokenReply)
    assert isinstance(after, TokenReply)
    assert after.session_id != before.session_id
    assert after.owner_id == before.owner_id
    with pytest.raises(AssertionError, match="it was read"):
        runner.run(ask(there, there.basic(scope="ReadAccounts")))


def test_refresh_is_not_read_again_when_only_its_token_is_new(
    world: tuple[asyncio.Runner, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each refresh brings another token, and all else to the letter."""
    runner, there = world
    opened = runner.run(ask(there, there.basic()))
    assert isinstance(opened, TokenReply)
    first = runner.run(ask(there, there.refresh(opened)))
    assert isinstance(first, TokenReply)

    def read(**_: object) -> None:
        raise AssertionError("it was read")

    monkeypatch.setattr(token, "read_call", read)
    second = runner.run(ask(there, there.refresh(first)))
    assert isinstance(second, TokenReply)
    assert second.session_id == opened.session_id
    assert len({opened.refresh_token, first.refresh_token, second.refresh_token}) == 3


def test_request_is_not_read_again_when_only_its_assertion_is_new(
    world: tuple[asyncio.Runner, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An app asks for many people: what is new is whom for. What no row accepts is read, and refused for what it is."""
    runner, there = world
    other = runner.run(there.issue_until(there.context.clock.now_ms() + 60_000)).jwt
    assert isinstance(runner.run(ask(there, there.basic(), times=2)), TokenReply)
    unknown = runner.run(ask(there, there.basic(assertion=other[:-1])))
    assert isinstance(unknown, Denied)
    assert unknown.fault is grant_faults.ASSERTION_UNREADABLE
    assert isinstance(runner.run(ask(there, there.basic())), TokenReply)  # the refusal has read the app anew

    def read(**_: object) -> None:
        raise AssertionError("it was read")

    monkeypatch.setattr(token, "read_call", read)
    opened = runner.run(ask(there, there.basic(assertion=other)))
    assert isinstance(opened, TokenReply)


def test_refresh_of_an_app_without_a_secret_is_not_read_again(
    world: tuple[asyncio.Runner, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names itself in the body, where everything but its token is the same each time."""
    runner, there = world
    client_id, password = runner.run(invite(there))

    def asked(**form: str) -> TokenRequest:
        plain = there.basic()
        return plain._replace(authorization=None, body=urlencode({"client_id": client_id, **form}).encode())

    def refresh(reply: TokenReply) -> TokenReply:
        again = asked(grant_type=GrantType.REFRESH_TOKEN.value, refresh_token=reply.refresh_token or "")
        answered = runner.run(ask(there, again))
        assert isinstance(answered, TokenReply)
        return answered

    opened = runner.run(ask(there, asked(grant_type="password", username=EMAIL, password=password)))
    assert isinstance(opened, TokenReply)
    known = refresh(refresh(opened))

    def read(**_: object) -> None:
        raise AssertionError("it was read")

    monkeypatch.setattr(token, "read_call", read)
    assert refresh(known).session_id == opened.session_id


async def invite(there: World) -> tuple[str, str]:
    """An app on a desktop, and somebody's password."""
    password = generate_password(there.desk)
    account_id = there.person.account_id
    done(await create_extension(there.desk, account_id, NewPerson(first_name="Cy", email=EMAIL, password=password)))
    app = NewApp(
        name="desktop",
        account_id=account_id,
        kind=AppKind.DESKTOP_OTHER,
        grants=frozenset({GrantType.PASSWORD, GrantType.REFRESH_TOKEN}),
        issues_refresh_tokens=True,
        scopes=("ReadAccounts",),
    )
    return done(await register_app(there.desk, app)).client.id, password


def test_request_stays_known_when_somebody_else_names_its_app(
    world: tuple[asyncio.Runner, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong secret has the app read anew, and found as it was: nobody makes others' requests cost more by that."""
    runner, there = world
    assert isinstance(runner.run(ask(there, there.basic(), times=2)), TokenReply)
    proof = b64encode(f"{there.secretive.client.id}:wrong".encode()).decode()
    refused = runner.run(ask(there, there.basic()._replace(authorization=f"Basic {proof}")))
    assert isinstance(refused, Denied)

    def read(**_: object) -> None:
        raise AssertionError("it was read")

    monkeypatch.setattr(token, "read_call", read)
    assert isinstance(runner.run(ask(there, there.basic())), TokenReply)


def test_theft_is_noticed_once_when_the_refresh_is_known(world: tuple[asyncio.Runner, World]) -> None:
    """The denial that ends the session is the answer: decided anew, it would find the session over already."""
    runner, there = world
    opened = runner.run(ask(there, there.basic()))
    assert isinstance(opened, TokenReply)
    living = opened
    for _ in range(3):
        renewed = runner.run(ask(there, there.refresh(living)))
        assert isinstance(renewed, TokenReply)
        living = renewed
    stolen = runner.run(ask(there, there.refresh(opened)))
    assert isinstance(stolen, Denied)
    assert stolen.fault is grant_faults.TOKEN_REVOKED
    assert stolen.why.startswith("replay")
    assert len(stolen.changes) == 1
    ended = runner.run(ask(there, there.refresh(living)))
    assert isinstance(ended, Denied)
    assert ended.fault is grant_faults.TOKEN_REVOKED


def test_old_secret_learns_nothing_of_a_token_when_the_refresh_was_known(world: tuple[asyncio.Runner, World]) -> None:
    """Whatever a refresh with it comes to, the app is proven first."""
    runner, there = world
    opened = runner.run(ask(there, there.basic()))
    assert isinstance(opened, TokenReply)
    renewed = runner.run(ask(there, there.refresh(opened)))
    assert isinstance(renewed, TokenReply)
    asked = [there.refresh(each) for each in (opened, renewed)]
    unknown = asked[0]._replace(body=asked[0].body[:-96] + b"x" * 96)
    runner.run(rotate(there))
    outcomes = [runner.run(ask(there, each)) for each in (unknown, *asked)]
    assert [outcome.fault for outcome in outcomes if isinstance(outcome, Denied)] == [faults.CLIENT_UNPROVEN] * 3


async def rotate(there: World) -> None:
    """The secret is another."""
    await there.rotate()


async def take_grant_away(there: World) -> None:
    """The app may not do this any more."""
    grants = frozenset({GrantType.CLIENT_CREDENTIALS, GrantType.REFRESH_TOKEN})
    done(await change_app(there.desk, there.secretive.client, lambda app: app._replace(grants=grants)))


async def delete(there: World) -> None:
    """The credential is gone."""
    done(await delete_credential(there.desk, there.issued))


async def disable(there: World) -> None:
    """The person is out."""
    status = ExtensionStatus.DISABLED
    done(await change_extension(there.desk, there.person, lambda person: person._replace(status=status)))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (rotate, faults.CLIENT_UNPROVEN),
        (take_grant_away, grant_faults.GRANT_NOT_ALLOWED),
        (delete, grant_faults.CREDENTIAL_GONE),
        (disable, grant_faults.SIGN_IN_STATE),
    ],
)
def test_known_request_is_refused_as_a_new_one_when_something_changed(
    world: tuple[asyncio.Runner, World], change: Change, fault: Fault
) -> None:
    """What is remembered is evidence only: the transaction compares it with the rows."""
    runner, there = world
    assert isinstance(runner.run(ask(there, there.basic(), times=3)), TokenReply)
    runner.run(change(there))
    refused = runner.run(ask(there, there.basic()))
    assert isinstance(refused, Denied)
    assert refused.fault is fault


def test_nothing_secret_is_remembered(world: tuple[asyncio.Runner, World]) -> None:
    """Neither the app's secret nor the assertion: a hash of each is all."""
    runner, there = world
    runner.run(ask(there, there.basic(), times=2))
    asked = there.basic()
    mark = mark_of(
        content_type=asked.content_type, body=asked.body, query=asked.query, authorization=asked.authorization
    )
    assert mark is not None
    known = there.context.repeats.get(mark.sha256)
    assert known is not None
    kept = "".join(repr(part) + str(getattr(part, "assertion", "")) for part in known)
    assert there.jwt not in kept
    assert str(there.secretive.secret) not in kept


@pytest.mark.parametrize(
    ("body", "authorization"),
    [
        (b"grant_type=refresh_token&refresh_token=x", "Basic x"),
        (b"grant_type=refresh_token&refresh_token=" + 97 * b"x", "Basic x"),
        (b"grant_type=refresh_token&refresh_token=" + 95 * b"x" + b"%78", "Basic x"),
        (b"grant_type=jwt-bearer&assertion=a.%62.c", "Basic x"),
        (b"grant_type=jwt-bearer&assertion=", "Basic x"),
        (b"grant_type=refresh_token" + 2 * (b"&refresh_token=" + 96 * b"x"), "Basic x"),
        (b"grant_type=authorization_code&code=x", "Basic x"),
        (b"x" * (BODY_BYTES_MAX + 1), "Basic x"),
    ],
)
def test_request_has_no_mark_when_it_is_not_looked_for(body: bytes, authorization: str | None) -> None:
    """Codes, and tokens that are none, come once; of two, which counts is not ours to say; long forms cost too much."""
    assert mark_of(content_type=FORM, body=body, query=b"", authorization=authorization) is None


def test_marks_differ_when_any_part_of_the_request_does() -> None:
    """Type, proof, query and body."""
    plain = {"content_type": FORM, "query": b"", "authorization": "Basic x", "body": b"grant_type=client_credentials"}
    proofs = ({"authorization": "Basic y"}, {"authorization": ""}, {"authorization": None})
    others = ({"content_type": "text/plain"}, {"query": b"a=b"}, *proofs, {"body": b"scope=x"})
    marks = {mark_of(**(plain | other)) for other in ({}, *others)}
    assert len(marks) == 7


def test_requests_have_one_mark_when_only_their_tokens_differ() -> None:
    """A token, or an assertion, is cut out of the body, wherever it stands, and nothing else is."""

    def mark(body: bytes) -> Mark | None:
        return mark_of(content_type=FORM, body=body, query=b"", authorization="Basic x")

    bodies = [
        b"grant_type=refresh_token&refresh_token=%b",
        b"refresh_token=%b&grant_type=refresh_token",
        b"refresh_token=%b&grant_type=refresh_token&scope=x",
        b"refresh_token=%b&grant_type=refresh_token&scope=xx",
        b"grant_type=jwt-bearer&assertion=%b",
        b"assertion=%b&grant_type=jwt-bearer",
    ]
    marks = [mark(body % each) for body in bodies for each in (96 * b"t", 96 * b"u")]
    assert [each and each.cut_out for each in marks] == len(bodies) * [96 * "t", 96 * "u"]
    assert [len({each.sha256 for each in marks[at : at + 2] if each}) for at in range(0, 12, 2)] == 6 * [1]
    assert len({each.sha256 for each in marks if each}) == len(bodies)
    assert "ttt" not in repr(marks)


def test_refresh_is_read_each_time_when_its_token_has_a_field_spelled_otherwise(
    world: tuple[asyncio.Runner, World],
) -> None:
    """What a mark has cut out is the grant's token, or nothing is remembered: a lost reply is given again."""
    runner, there = world
    opened = runner.run(ask(there, there.basic(), times=2))
    assert isinstance(opened, TokenReply)
    asked = there.refresh(opened)
    asked = asked._replace(body=asked.body.replace(b"&refresh_token", b"&refresh%5Ftoken"))
    first = runner.run(ask(there, asked))
    assert isinstance(first, TokenReply)
    again = runner.run(ask(there, asked, times=2))
    assert isinstance(again, TokenReply)
    assert again.refresh_token == first.refresh_token
