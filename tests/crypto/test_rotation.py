"""Keys change without a token refused: the plan step by step, and a cluster that lives by it."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.crypto.entropy import SeededEntropy
from callgate.crypto.keys import new_root, open_ring
from callgate.crypto.rotation import POLICIES, RotationPlan, RotationPolicy, plan_rotation
from callgate.crypto.tokens import Sealer, UnknownKey
from callgate.model.key import KeyState, KeyUse, StoredKey
from callgate.model.reference import Reference
from tests.crypto.factories import CELL, REFERENCE, make_kek

POLICY = RotationPolicy(active_for_ms=100, published_for_ms=10, retired_for_ms=50)
LIFE_MS = 40
RELOAD_MS = 10
PUBLISHED, ACTIVE, RETIRED = KeyState


def row(number: int, state: KeyState, *, published: int = 0, active: int | None = None) -> StoredKey:
    """A root's row; retired at 0 where it is retired."""
    retired = 0 if state is RETIRED else None
    return StoredKey(KeyUse.SEALING, number, state, b"", published, active, retired)


def test_first_key_is_active_at_once() -> None:
    """An empty database has nobody who could not know the key."""
    assert plan_rotation([], POLICY, now_ms=0) == RotationPlan(make=ACTIVE)


@pytest.mark.parametrize(("now_ms", "make"), [(89, None), (90, PUBLISHED), (10_000, PUBLISHED)])
def test_successor_is_published_ahead(now_ms: int, make: KeyState | None) -> None:
    """Ten before the active key's hundred are over, so that every node knows the next."""
    plan = plan_rotation([row(1, ACTIVE, active=0)], POLICY, now_ms=now_ms)
    assert plan == RotationPlan(make=make)


def test_successor_waits_until_every_node_knows_it() -> None:
    """However overdue the active key is."""
    keys = [row(1, ACTIVE, active=0), row(2, PUBLISHED, published=500)]
    assert plan_rotation(keys, POLICY, now_ms=509) == RotationPlan()
    assert plan_rotation(keys, POLICY, now_ms=510) == RotationPlan(
        changed=(
            keys[0]._replace(state=RETIRED, retired_ms=510),
            keys[1]._replace(state=ACTIVE, active_ms=510),
        )
    )


def test_key_published_by_hand_takes_over_early() -> None:
    """How an operator forces a rotation, of credentials' keys as well, which time never changes."""
    keys = [row(1, ACTIVE, active=0), row(2, PUBLISHED, published=5)]
    by_hand_only = RotationPolicy(active_for_ms=None, published_for_ms=10, retired_for_ms=None)
    assert len(plan_rotation(keys, by_hand_only, now_ms=15).changed) == 2
    assert plan_rotation(keys[:1], by_hand_only, now_ms=10**15) == RotationPlan()
    assert plan_rotation([row(1, RETIRED), row(2, ACTIVE)], by_hand_only, now_ms=10**15) == RotationPlan()


def test_published_key_takes_over_at_once_when_none_is_active() -> None:
    """Without an active key nothing can be issued at all."""
    waiting = row(2, PUBLISHED, published=5)
    assert plan_rotation([row(1, RETIRED), waiting], POLICY, now_ms=6) == RotationPlan(
        changed=(waiting._replace(state=ACTIVE, active_ms=6),)
    )


@pytest.mark.parametrize(("now_ms", "forgotten"), [(49, ()), (50, (1,))])
def test_retired_key_is_forgotten_when_nothing_of_it_can_live(now_ms: int, forgotten: tuple[int, ...]) -> None:
    """Not a moment sooner."""
    keys = [row(1, RETIRED), row(2, ACTIVE, active=0)]
    assert plan_rotation(keys, POLICY, now_ms=now_ms) == RotationPlan(forgotten=forgotten)


def test_policies_cover_every_use_and_outlive_what_is_made() -> None:
    """Roots outlive the longest refresh token (30 days); credentials' keys are never forgotten (ruling 6)."""
    day_ms = 86_400_000
    assert set(POLICIES) == set(KeyUse)
    assert (POLICIES[KeyUse.SEALING].retired_for_ms or 0) > 31 * day_ms
    assert POLICIES[KeyUse.JWT_CREDENTIAL].retired_for_ms is None


def test_a_policy_that_would_refuse_tokens_is_a_defect() -> None:
    """Forgotten before every node stopped using it; replaced before it was known."""
    with pytest.raises(AssertionError):
        RotationPolicy(active_for_ms=100, published_for_ms=10, retired_for_ms=9)
    with pytest.raises(AssertionError):
        RotationPolicy(active_for_ms=10, published_for_ms=10, retired_for_ms=50)
    with pytest.raises(AssertionError):
        RotationPolicy(active_for_ms=None, published_for_ms=0, retired_for_ms=50)


@dataclass
class Cluster:
    """Nodes that load the keys at least every RELOAD_MS, and a sweep that carries plans out now and then."""

    now_ms: int = 0
    keys: dict[int, StoredKey] = field(default_factory=dict)
    nodes: dict[int, Sealer] = field(default_factory=dict)
    loaded_ms: dict[int, int] = field(default_factory=dict)
    tokens: list[tuple[int, str, Reference]] = field(default_factory=list)
    kek = make_kek()

    def rotate(self) -> None:
        """Carry the plan out, and see that nothing is left to do."""
        plan = plan_rotation(list(self.keys.values()), POLICY, now_ms=self.now_ms)
        self.keys.update({key.number: key for key in plan.changed})
        for number in plan.forgotten:
            del self.keys[number]
        if plan.make is not None:
            number = max(self.keys, default=0) + 1
            wrapped = new_root(self.kek, SeededEntropy(number), number=number)
            active_ms = self.now_ms if plan.make is ACTIVE else None
            made = StoredKey(KeyUse.SEALING, number, plan.make, wrapped, self.now_ms, active_ms, None)
            self.keys[number] = made
        assert plan_rotation(list(self.keys.values()), POLICY, now_ms=self.now_ms) == RotationPlan()

    def load(self, node: int) -> Sealer:
        """Give the node what the database holds now."""
        ring = open_ring(self.keys.values(), self.kek)
        assert ring is not None
        self.loaded_ms[node] = self.now_ms
        self.nodes[node] = Sealer(ring, cell=CELL)
        return self.nodes[node]

    def node(self, node: int) -> Sealer:
        """The node as it is, which has loaded the keys within RELOAD_MS."""
        if node in self.nodes and self.now_ms - self.loaded_ms[node] < RELOAD_MS:
            return self.nodes[node]
        return self.load(node)


@given(
    steps=st.lists(
        st.tuples(st.integers(0, 15), st.sampled_from(["rotate", "seal", "open"]), st.integers(0, 2)),
        max_size=60,
    )
)
def test_no_token_is_refused_while_keys_rotate(steps: list[tuple[int, str, int]]) -> None:
    """Whatever node sealed it and whenever the sweep ran: a token that lives opens on every node.

    The sweep may be late; then keys stay longer. Publishing ahead means that no node even has to load early.
    """
    cluster = Cluster()
    cluster.rotate()
    for pause_ms, act, at in steps:
        cluster.now_ms += pause_ms
        match act:
            case "rotate":
                cluster.rotate()
            case "seal":
                sealer = cluster.node(at)
                reference = REFERENCE._replace(key_number=sealer.active_key_number)
                text = sealer.seal(reference)
                assert isinstance(text, str)
                cluster.tokens.append((cluster.now_ms, text, reference))
            case _:
                sealer = cluster.node(at)
                for issued_ms, text, reference in cluster.tokens:
                    if cluster.now_ms < issued_ms + LIFE_MS:
                        assert sealer.open(reference.kind, text) == reference


def test_a_node_that_missed_a_publication_asks_for_one_load() -> None:
    """A token under a root the node has not heard of is neither opened nor refused: load, then open."""
    cluster = Cluster()
    cluster.rotate()
    stale = cluster.load(0)
    cluster.now_ms = 90
    cluster.rotate()
    cluster.now_ms = 100
    cluster.rotate()
    fresh = cluster.load(1)
    reference = REFERENCE._replace(key_number=2)
    text = fresh.seal(reference)
    assert isinstance(text, str)
    assert stale.seal(reference) == stale.open(reference.kind, text) == UnknownKey(2)
    assert cluster.load(0).open(reference.kind, text) == reference
