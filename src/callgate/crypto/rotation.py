"""When keys change: published, active, retired, forgotten. Pure; what is made and written stands elsewhere.

    (none) ──► published ──► active ──► retired ──► forgotten
              every node     makes      still opens  nothing made with
              learns of it   new things  old things  it can live

A key becomes active only after it has been published as long as any node or client may remember an older
list, and is forgotten only after the longest life of what it made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from callgate.model.key import KeyState, KeyUse, StoredKey

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationPolicy:
    """Times in milliseconds; None means never.

    `active_for_ms`: age at which the active key gives way. `published_for_ms`: at least as long as any node
    keeps its ring and any client its copy of the JWKS. `retired_for_ms`: the longest life of what was made,
    and the time a node may go on making things with the old key.
    """

    active_for_ms: int | None
    published_for_ms: int
    retired_for_ms: int | None

    def __post_init__(self) -> None:
        assert self.published_for_ms > 0
        assert self.retired_for_ms is None or self.retired_for_ms >= self.published_for_ms
        assert self.active_for_ms is None or self.active_for_ms > self.published_for_ms


RELOAD_MS = 60_000
"""A node looks for new keys at least this often."""

_KNOWN_MS = 2 * RELOAD_MS
"""How long a key is published that only nodes must know of. A node that could not look all that time loses nothing:
it loads the keys once more before it refuses a number it lacks."""

_ID_TOKENS = RotationPolicy(active_for_ms=90 * _DAY_MS, published_for_ms=_DAY_MS, retired_for_ms=2 * _DAY_MS)

POLICIES: Mapping[KeyUse, RotationPolicy] = {
    # Tokens live 30 days, but an old refresh token ends its session only while it can be read: a year of that.
    KeyUse.SEALING: RotationPolicy(
        active_for_ms=90 * _DAY_MS, published_for_ms=_KNOWN_MS, retired_for_ms=365 * _DAY_MS
    ),
    # Credentials live for ever and are accepted by their row: a new key is published by hand or not at all.
    KeyUse.JWT_CREDENTIAL: RotationPolicy(active_for_ms=None, published_for_ms=_KNOWN_MS, retired_for_ms=None),
    # ID tokens live an hour; libraries keep a JWKS for a day.
    KeyUse.ID_TOKEN_RS256: _ID_TOKENS,
    KeyUse.ID_TOKEN_ES256: _ID_TOKENS,
}
"""The one table of lifetimes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationPlan:
    """What to do now: rows that change, numbers to forget, and the state of the key to make, if any."""

    changed: tuple[StoredKey, ...] = ()
    forgotten: tuple[int, ...] = ()
    make: KeyState | None = None


def plan_rotation(keys: Sequence[StoredKey], policy: RotationPolicy, *, now_ms: int) -> RotationPlan:
    """Judge the keys of one use; called again after its plan was carried out, it finds nothing to do.

    A published key becomes active when it has waited long enough, whoever published it: publishing one by
    hand is how a rotation is forced.
    """
    in_use = [key for key in keys if key.state is KeyState.ACTIVE]
    waiting = sorted((key for key in keys if key.state is KeyState.PUBLISHED), key=lambda key: key.number)
    forgotten = tuple(key.number for key in keys if _is_spent(key, policy, now_ms=now_ms))
    if not in_use:
        # Nothing can be made at all: a key that some nodes have not heard of is better than none.
        changed = (_activate(waiting[0], now_ms),) if waiting else ()
        return RotationPlan(changed=changed, forgotten=forgotten, make=None if waiting else KeyState.ACTIVE)
    if not waiting:
        make = KeyState.PUBLISHED if _is_due(in_use, policy, now_ms=now_ms) else None
        return RotationPlan(forgotten=forgotten, make=make)
    if now_ms < waiting[0].published_ms + policy.published_for_ms:
        return RotationPlan(forgotten=forgotten)
    retired = tuple(key._replace(state=KeyState.RETIRED, retired_ms=now_ms) for key in in_use)
    return RotationPlan(changed=(*retired, _activate(waiting[0], now_ms)), forgotten=forgotten)


def _is_due(in_use: Sequence[StoredKey], policy: RotationPolicy, *, now_ms: int) -> bool:
    if policy.active_for_ms is None:
        return False
    since_ms = max(key.published_ms if key.active_ms is None else key.active_ms for key in in_use)
    return now_ms >= since_ms + policy.active_for_ms - policy.published_for_ms


def _is_spent(key: StoredKey, policy: RotationPolicy, *, now_ms: int) -> bool:
    return (
        key.state is KeyState.RETIRED
        and key.retired_ms is not None
        and policy.retired_for_ms is not None
        and now_ms >= key.retired_ms + policy.retired_for_ms
    )


def _activate(key: StoredKey, now_ms: int) -> StoredKey:
    return key._replace(state=KeyState.ACTIVE, active_ms=now_ms)
