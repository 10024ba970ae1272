"""A history: steps drawn from a seed, each taken in the real server and in the specification and compared.

A failure names the seed and tells the last steps. What may be drawn stands in acts.py.
"""

import copy
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from callgate.model.account import Account, Allowance
from callgate.model.client import AppKind, AuthMethod, Client, GrantType
from callgate.model.facts import Allowed
from callgate.model.ids import ClientId, ExtensionId, RowId
from callgate.model.reference import Reference, TokenKind
from tests.factories import ACCOUNT, AGENT, CREDENTIAL, OTHER_ACCOUNT, ROLE, SERVICE_EXTENSION, WEB
from tests.simulation.invariants import Watch
from tests.simulation.spec import App, Expected, Must, Person, Spec
from tests.simulation.store import ModelStore
from tests.simulation.world import Admission, Carried, Code, No, Reply, Tokens, World

START_MS = 1_760_000_000_000

URI = WEB.redirect_uris[0]
OTHER_URI = "https://app.example/other"
PEOPLE = ("ada@northwind.example", "bob@northwind.example")
SERVICE = "the service"


def _app(name: str, kind: AppKind, *grants: GrantType, cap: int, owner: Account = ACCOUNT) -> Client:
    public = kind not in {AppKind.SERVER_WEB, AppKind.SERVER_OTHER}
    return WEB._replace(
        id=ClientId(name),
        account_id=owner.id,
        private=owner is ACCOUNT,
        kind=kind,
        auth_method=AuthMethod.NONE if public else AuthMethod.CLIENT_SECRET_BASIC,
        grants=frozenset({*grants, GrantType.REFRESH_TOKEN}),
        redirect_uris=(URI, OTHER_URI) if GrantType.AUTHORIZATION_CODE in grants else (),
        session_cap=cap,
    )


APPS = {
    "web": _app("web", AppKind.SERVER_WEB, GrantType.AUTHORIZATION_CODE, cap=2, owner=OTHER_ACCOUNT),
    "spa": _app("spa", AppKind.BROWSER_BASED, GrantType.AUTHORIZATION_CODE, cap=3),
    "desk": _app(
        "desk", AppKind.DESKTOP_MAC, GrantType.AUTHORIZATION_CODE, GrantType.PASSWORD, GrantType.DEVICE_CODE, cap=2
    ),
    "script": _app(
        "script", AppKind.SERVER_OTHER, GrantType.PASSWORD, GrantType.JWT_BEARER, GrantType.DEVICE_CODE, cap=3
    ),
    "pods": _app("pods", AppKind.SERVER_OTHER, GrantType.CLIENT_CREDENTIALS, cap=1, owner=OTHER_ACCOUNT),
}


@dataclass
class Held:
    """What was given out for one life, and what its code must be redeemed with."""

    app: str
    code: Reference | None = None
    device: Reference | None = None
    scope: frozenset[str] = frozenset()
    uri: str = URI
    uri_sent: bool = True
    verifier: str | None = None
    pairs: dict[int, Tokens] = field(default_factory=dict)

    @property
    def row_id(self) -> RowId | None:
        """The row, once it is known."""
        first = next(iter(self.pairs.values()), None)
        return first.access.row_id if first else self.code and self.code.row_id


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing that happens. `order` names the life it is about, in the order in which lives were asked for."""

    label: str
    order: int
    real: Callable[[], Reply]
    spec: Callable[[Spec], Expected]
    presented: Reference | None = None
    revokes: bool = False


class History:
    """One seed's history so far: the server, the specification, and what was given out."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        # Few in each history, so that what they do meets; all of them over many histories.
        self.apps = self.draw.sample(["web", "spa", "desk", "script"], 2)
        self.people = self.draw.sample(PEOPLE, self.draw.choice((1, 2)))
        self.told: list[str] = []
        self.held: dict[int, Held] = {}
        self.late_marks: list[tuple[int, int]] = []
        self.world = World(_stocked())
        self.store = self.world.store
        self.spec = Spec()
        self.spec.now = START_MS
        self.spec.apps = {
            name: App(not app.confidential, app.session_cap, foreign=not app.private) for name, app in APPS.items()
        }
        self.spec.people = {name: Person() for name in (*PEOPLE, SERVICE)}
        self.spec.credentials = {1}
        self.watch = Watch(self.store)

    def take(self, step: Step) -> None:
        """Take a step, and hold the reply against the specification."""
        expected = step.spec(self.spec)
        reply = step.real()
        self.tell(f"{step.label} -> {_short(reply)}")
        wrong = self._compare(step, reply, expected)
        assert not wrong, wrong
        self._keep(step, reply)

    def race(self, first: Step, second: Step) -> None:
        """Take two at once: the replies must be those of one order or of the other."""
        steps = (first, second)
        replies = self.store.race(first.real, second.real)
        self.tell(" AT ONCE ".join(f"{s.label} -> {_short(r)}" for s, r in zip(steps, replies, strict=True)))
        wrongs: list[list[str | None]] = []
        for order in ((0, 1), (1, 0)):
            spec = copy.deepcopy(self.spec)
            wrongs.append([self._compare(steps[i], replies[i], steps[i].spec(spec)) for i in order])
            if not any(wrongs[-1]):
                self.spec = spec
                for i in order:
                    self._keep(steps[i], replies[i])
                return
        raise AssertionError(f"neither order explains it: {wrongs}")

    def pass_time(self, by_ms: int) -> None:
        """Move the one clock."""
        self.store.now_ms += by_ms
        self.spec.now += by_ms

    def next_order(self, app: str) -> int:
        """A name for a life that is asked for."""
        order = len(self.held) + 1
        self.held[order] = Held(app)
        return order

    def tell(self, line: str) -> None:
        """Remember what happened, for whoever must understand a failure."""
        self.told.append(f"+{(self.spec.now - START_MS) / 1000:.3f}s {line}")

    def _compare(self, step: Step, reply: Reply, expected: Expected) -> str | None:
        match reply, expected:
            case No(code=code), frozenset():
                right = code in expected
            case Tokens(), Must():
                right = self._is_pair(step, reply, expected)
            case Code(), Must(life=life, pair=0):
                right = life is not None
            case Admission(row_id=row_id), Must(life=life, pair=0):
                right = life is not None and row_id == self.held[step.order].row_id
            case Carried(), Must(life=None):
                right = True
            case _:
                right = False
        wanted = sorted(expected) if isinstance(expected, frozenset) else expected
        return None if right else f"{step.label}: got {reply}, and the specification says {wanted}"

    def _is_pair(self, step: Step, reply: Tokens, expected: Must) -> bool:
        life, known = expected.life, self.held[step.order].row_id
        return (
            life is not None
            and expected.pair == reply.access.generation
            and known in {None, reply.access.row_id}
            and life.pairs[-1].key == reply.access.key_number
            and life.scope == frozenset(reply.scope.split())
            and (expected.access_s, expected.refresh_s) == (reply.expires_in_s, reply.refresh_expires_in_s)
        )

    def _keep(self, step: Step, reply: Reply) -> None:
        held = self.held[step.order]
        if isinstance(reply, Tokens):
            held.pairs[reply.access.generation] = reply
        if isinstance(reply, Code):
            if reply.reference.kind is TokenKind.DEVICE:
                held.device = reply.reference
            else:
                held.code = reply.reference
        revoked = held.row_id if step.revokes else None
        self.watch.hear(reply, presented=step.presented, revoked=revoked)


def _stocked() -> ModelStore:
    store = ModelStore(account=ACCOUNT, role=ROLE)
    store.now_ms = START_MS
    store.clients = {client.id: client for client in APPS.values()}
    for number, email in enumerate(PEOPLE):
        store.people[email] = AGENT._replace(id=ExtensionId(AGENT.id + number), email=email, password_version=1)
    store.credentials = {RowId(1): CREDENTIAL._replace(id=RowId(1), label="jwt-1")}
    allowance = Allowance(RowId(1), ACCOUNT.id, APPS["pods"].id, SERVICE_EXTENSION.id, 1)
    store.allowed = {APPS["pods"].id: Allowed(allowance, ACCOUNT, SERVICE_EXTENSION, ROLE)}
    store.services = {SERVICE_EXTENSION.id: SERVICE_EXTENSION}
    return store


def _short(reply: Reply) -> str:
    if isinstance(reply, Tokens):
        return f"row {reply.access.row_id} pair {reply.access.generation}, {reply.expires_in_s} s"
    return repr(reply)
