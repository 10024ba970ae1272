"""What holds whatever happened: looked at after every step, in what the server keeps and in all it ever said."""

from collections import Counter

from callgate.model.decisions import Admitted
from callgate.model.ids import ClientId, ExtensionId, RowId
from callgate.model.lookups import SessionLookup
from callgate.model.reference import Reference, TokenKind
from callgate.model.session import PENDING_SLOT_FIRST, Session, SessionState
from callgate.protocol import bearer
from tests.simulation.store import ModelStore
from tests.simulation.world import Admission, Reply, Tokens

Seat = tuple[ClientId, ExtensionId]


class Watch:
    """Remembers the rows of the step before, and every token ever given out."""

    def __init__(self, store: ModelStore) -> None:
        self._store = store
        self._rows: dict[RowId, Session] = {}
        self._seated: Counter[Seat] = Counter()
        self._given: dict[tuple[RowId, int], Tokens] = {}
        self._lives_until: dict[Reference, int] = {}
        self._dead: set[RowId] = set()

    def hear(self, reply: Reply, *, presented: Reference | None, revoked: RowId | None) -> None:
        """What was said: the same pair is the same strings; nothing revoked or expired is ever honoured."""
        if revoked is not None:
            self._dead.add(revoked)
        match reply:
            case Tokens(access=access):
                assert access.row_id not in self._dead, "a revoked session got tokens"
                self._check_same(reply)
                row = self._store.sessions[access.row_id]
                self._lives_until[access] = row.issued_ms + row.access_ttl_s * 1000
                self._probe(access)
            case Admission(row_id=row_id):
                assert presented is not None
                assert row_id not in self._dead, "a revoked session's bearer was let in"
                assert self._store.now_ms < self._lives_until[presented], "an expired access token was accepted"
            case _:
                pass

    def look(self) -> None:
        """What is kept: seats, ends, and everything about a row that never changes."""
        for row in self._store.sessions.values():
            before = self._rows.get(row.id)
            if before is not None and before is not row:
                self._check_path(before, row)
        self._check_seats()
        self._rows = dict(self._store.sessions)

    def _check_same(self, reply: Tokens) -> None:
        access = reply.access
        first = self._given.setdefault((access.row_id, access.generation), reply)
        assert (first.access, first.refresh) == (access, reply.refresh), "a repeat gave other strings"
        opened = self._given.get((access.row_id, 1))
        assert opened is not None, "tokens of a session that never gave any"
        assert set(reply.scope.split()) <= set(opened.scope.split()), "a scope widened"

    def _probe(self, access: Reference) -> None:
        """Of all access tokens a session ever gave, the newest alone is let in, and none of another kind or maker."""
        facts = self._store.load(SessionLookup(access.account_id, access.row_id))
        for (row_id, generation), given in self._given.items():
            if row_id == access.row_id and generation != access.generation:
                assert not isinstance(bearer.decide(given.access, facts), Admitted), "two generations live"
        forged = access._replace(secret=bytes(20))
        assert not isinstance(bearer.decide(forged, facts), Admitted), "a row alone let a bearer in"
        newer = access._replace(kind=TokenKind.ACCESS, generation=access.generation + 1)
        assert not isinstance(bearer.decide(newer, facts), Admitted), "a generation never issued was let in"

    def _check_path(self, before: Session, row: Session) -> None:
        assert before.state is not SessionState.ENDED, "a session came back to life"
        assert row.state >= before.state, "a session went back"
        assert row.generation >= before.generation, "a generation went back"
        assert row.issued_ms >= before.issued_ms, "times went back"
        fixed = (
            "account_id",
            "id",
            "client_id",
            "extension_id",
            "secret_sha256",
            "opened_ms",
            "scope",
            "credential_id",
        )
        settled = (*fixed, "access_ttl_s", "refresh_ttl_s", "endpoint_id", "redeemed_ms")
        for name in fixed if before.state is SessionState.PENDING else settled:
            assert getattr(before, name) == getattr(row, name), f"{name} of a session changed"

    def _check_seats(self) -> None:
        live: Counter[Seat] = Counter()
        waiting: Counter[Seat] = Counter()
        for row in self._store.sessions.values():
            assert (row.slot is None) <= (row.state is SessionState.ENDED or not row.refresh_ttl_s), "nobody's seat"
            if row.slot is not None:
                (waiting if row.slot >= PENDING_SLOT_FIRST else live)[row.client_id, row.extension_id] += 1
        for seat, count in live.items():
            cap = self._store.clients[seat[0]].session_cap
            assert count <= max(cap, self._seated[seat]), f"{count} sessions where {cap} may be"
        assert all(count <= 5 for count in waiting.values()), "more than five codes wait"
        self._seated = live
