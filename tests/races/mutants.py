"""Defects planted in a server's process, each of which a test must notice; and upkeep hastened for the rotation tests.

A plant replaces a piece of a module's text, which must occur exactly once, as that module is imported. The product has
no switch for any of it.
"""

import importlib.machinery
import sys
from collections.abc import Iterable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import NamedTuple


class Plant(NamedTuple):
    """In this module, this text instead of that."""

    module: str
    was: str
    becomes: str


_REFRESH = "callgate.protocol.grants.refresh_token"
_CODE = "callgate.protocol.grants.authorization_code"
_STORE = "callgate.storage.sqlite"

STALE_FACTS = (
    # The classic mistake: look, then act on what was seen, though others have acted in between.
    Plant(
        _STORE,
        'return cast("D", await self._commits.submit(cast("Job", unit)))',
        "facts = self._load(unit.lookup)\n"
        "        stale = Unit(unit.lookup, lambda _: unit.decide(facts))\n"
        '        return cast("D", await self._commits.submit(cast("Job", stale)))',
    ),
)
NO_SWAP = (Plant("callgate.storage.pen", "if self.write(sql, values) != 1:", "if self.write(sql, values) > 1:"),)
NO_SLOTS = (
    Plant(
        _STORE,
        "require_head(connection, path)\n                self._writer",
        'require_head(connection, path)\n                connection.execute("DROP INDEX session_seat")\n'
        "                self._writer",
    ),
)

MUTANTS: dict[str, tuple[Plant, ...]] = {
    "stale-facts-without-swap": STALE_FACTS + NO_SWAP,
    "stale-facts-without-slots": STALE_FACTS + NO_SWAP + NO_SLOTS,
    "ended-session-refreshes": (
        Plant(
            _REFRESH,
            "if session.state is SessionState.ENDED:",
            "if session.state is SessionState.ENDED and reference.generation == session.generation:",
        ),
    ),
    "repeat-window-without-end": (
        Plant(_REFRESH, "return now_ms - session.first_used_ms <= REPEAT_USED_MS", "return True"),
    ),
    "unused-repeat-without-end": (
        Plant(_REFRESH, "return now_ms - session.first_issued_ms <= REPEAT_UNUSED_MS", "return True"),
    ),
    "first-use-unmarked": (
        Plant("callgate.protocol.bearer", "return (SessionFirstUsed(session, now_ms),)", "return ()"),
    ),
    "grandparent-forgiven": (
        Plant(
            _REFRESH,
            "if reference.generation == session.generation - 1:",
            "if reference.generation <= session.generation - 1:",
        ),
    ),
    "denials-write-nothing": (
        Plant(
            "callgate.storage.sqlite_writer",
            "                if changes:\n",
            '                if changes and type(decision).__name__ != "Denied":\n',
        ),
    ),
    "old-access-token-lives": (
        Plant(
            "callgate.protocol.bearer",
            "if reference.generation < session.generation:",
            "if reference.generation < session.generation - 1:",
        ),
    ),
    "code-redeemed-again": (
        Plant(_CODE, "if session.state is not SessionState.PENDING:", "if session.state is SessionState.ENDED:"),
    ),
    "code-replay-ends-at-once": (
        Plant(_CODE, "now_ms - session.redeemed_ms > CODE_REPEAT_GRACE_MS", "now_ms >= session.redeemed_ms"),
    ),
    "newest-evicted": (Plant("callgate.protocol.seats", "key=_ISSUED)", "key=_ISSUED, reverse=True)"),),
    "revoked-by-living-generation-only": (
        Plant(
            "callgate.protocol.revoke",
            "or session.state is SessionState.ENDED:",
            "or session.state is SessionState.ENDED or session.generation != reference.generation:",
        ),
    ),
    "credential-deletion-unseen": (
        Plant(
            "callgate.storage.load_sessions",
            "WHEN 2 THEN (SELECT 1 FROM jwt_credential c WHERE c.id = s.credential_id AND c.account_id = s.account_id)",
            "WHEN 2 THEN 1",
        ),
    ),
    "password-change-unseen": (
        Plant(
            "callgate.protocol.sessions",
            "if credential_version != session.credential_version:",
            "if credential_version is None:",
        ),
    ),
    "block-lifted-revives": (
        Plant("callgate.protocol.sessions", "if session.issued_ms < client.sessions_from_ms:", "if False:"),
    ),
    "unknown-key-refused-at-once": (
        Plant(
            "callgate.service.keeper",
            "if isinstance(opened, UnknownKey):\n            await",
            "if False:\n            await",
        ),
    ),
    "repeat-under-the-key-of-today": (
        Plant(
            "callgate.service.reply",
            "granted.secret, session.generation, session.key_number)\n",
            "granted.secret, session.generation, context.keeper.rings.sealer.active_key_number)\n",
        ),
    ),
}
"""Each by its name in test_mutants.py, which says what catches it."""

HASTE: dict[str, tuple[Plant, ...]] = {
    # Sealing keys are published for a second and used for two; ID-token keys for two and four.
    "rotating": (
        Plant("callgate.crypto.rotation", "RELOAD_MS = 60_000", "RELOAD_MS = 500"),
        Plant(
            "callgate.crypto.rotation",
            "active_for_ms=90 * _DAY_MS, published_for_ms=_KNOWN_MS, retired_for_ms=365 * _DAY_MS",
            "active_for_ms=2000, published_for_ms=_KNOWN_MS, retired_for_ms=3_600_000",
        ),
        Plant(
            "callgate.crypto.rotation",
            "active_for_ms=90 * _DAY_MS, published_for_ms=_DAY_MS, retired_for_ms=2 * _DAY_MS",
            "active_for_ms=4000, published_for_ms=2000, retired_for_ms=10_000",
        ),
        Plant("callgate.service.upkeep", "KEYS_S = RELOAD_MS // 1000", "KEYS_S = 0.25"),
        Plant("callgate.service.upkeep", "seconds: int", "seconds: float"),
    ),
    "rotating-by-hand": (
        # As above, and nothing changes until somebody says so.
        Plant("callgate.crypto.rotation", "RELOAD_MS = 60_000", "RELOAD_MS = 500"),
        Plant(
            "callgate.crypto.rotation",
            "active_for_ms=90 * _DAY_MS, published_for_ms=_DAY_MS, retired_for_ms=2 * _DAY_MS",
            "active_for_ms=90 * _DAY_MS, published_for_ms=2000, retired_for_ms=2 * _DAY_MS",
        ),
        Plant("callgate.service.upkeep", "KEYS_S = RELOAD_MS // 1000", "KEYS_S = 0.25"),
        Plant("callgate.service.upkeep", "seconds: int", "seconds: float"),
    ),
    "quick-upkeep": (
        Plant("callgate.crypto.rotation", "RELOAD_MS = 60_000", "RELOAD_MS = 500"),
        Plant("callgate.service.upkeep", "KEYS_S = RELOAD_MS // 1000", "KEYS_S = 0.25"),
        Plant("callgate.service.upkeep", "seconds: int", "seconds: float"),
    ),
}

_POSTGRES = "callgate.storage.postgres"
_BATCH = "callgate.storage.postgres_batch"
_LANE = "callgate.storage.postgres_lane"

NO_LOCKS = Plant(_BATCH, "    if asked.writes:\n        return None", "    return None")
NO_SWAPS = Plant(
    "callgate.storage.postgres_asking",
    "if any(touched != 1 for touched in answers[: len(swaps)]):",
    "if any(touched not in (0, 1) for touched in answers[: len(swaps)]):",
)
NO_SEATS = Plant(
    _POSTGRES,
    "            await self._heart.beat()\n",
    "            await self._heart.beat()\n"
    '            await self._others._link.ask([("DROP INDEX IF EXISTS session_seat", ())])\n',
)

BESIDE_EACH_OTHER: dict[str, tuple[Plant, ...]] = {
    # Of servers that share a database on PostgreSQL. Locks alone may be missing: swaps and seats stand behind them.
    "swaps-that-missed-pass": (NO_LOCKS, NO_SWAPS),
    "cap-counted-without-lock": (NO_LOCKS, NO_SEATS),
    "sessions-kept-by-each-process": (
        Plant(
            _POSTGRES,
            '        facts = await reader.read(cast("Lookup[object]", lookup))\n',
            "        kept = vars(self).setdefault('kept', {}) if reader is self._sessions else {}\n"
            "        if lookup not in kept:\n"
            '            kept[lookup] = await reader.read(cast("Lookup[object]", lookup))\n'
            "        facts = kept[lookup]\n",
        ),
    ),
    "repeats-judged-by-what-was-read-before": (
        Plant(
            _POSTGRES,
            'return cast("D", await self._submit(cast("Job", unit)))',
            "if type(unit.lookup) is not SessionLookup:\n"
            '            return cast("D", await self._submit(cast("Job", unit)))\n'
            "        seen = vars(self).setdefault('seen', {})\n"
            "        if unit.lookup in seen and not (again := unit.decide(seen[unit.lookup])).changes:\n"
            "            return again\n"
            "        def decide(facts):\n"
            "            seen[unit.lookup] = facts\n"
            "            return unit.decide(facts)\n"
            '        return cast("D", await self._submit(cast("Job", Unit(unit.lookup, decide))))',
        ),
    ),
    "answered-before-the-commit": (
        Plant(
            _LANE,
            "            if not await self._commit(link, batch):\n",
            "            for done in batch.done:\n"
            "                if isinstance(done.task.job, Unit):\n"
            "                    tell(done)\n"
            "            if not await self._commit(link, batch):\n",
        ),
    ),
    "lost-commit-taken-for-done": (
        Plant(_LANE, "            return await self._settle(batch.number, lost)", "            return True"),
    ),
}

_PLANTS = MUTANTS | HASTE | BESIDE_EACH_OTHER


def plant(names: Iterable[str]) -> None:
    """Make this process's imports of Callgate bring these plants."""
    sys.meta_path.insert(0, _Finder([each for name in names for each in _PLANTS[name]]))


class _Finder(MetaPathFinder):
    def __init__(self, plants: list[Plant]) -> None:
        self._plants = plants

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find modules that have plants, and leave all others to those who come next."""
        mine = [each for each in self._plants if each.module == fullname]
        spec = PathFinder.find_spec(fullname, path, target) if mine else None
        if spec is not None:
            assert isinstance(spec.loader, importlib.machinery.SourceFileLoader)
            spec.loader = _Planter(fullname, spec.loader.path, mine)
        return spec


class _Planter(SourceFileLoader):
    def __init__(self, fullname: str, path: str, plants: list[Plant]) -> None:
        super().__init__(fullname, path)
        self._plants = plants

    def get_code(self, fullname: str) -> CodeType:
        """Compile the changed text, past any cache of the unchanged."""
        text = self.get_source(fullname)
        assert text is not None
        for each in self._plants:
            assert text.count(each.was) == 1, f"{each.was!r} must occur once in {fullname}: plant it anew"
            text = text.replace(each.was, each.becomes)
        return compile(text, self.path, "exec", dont_inherit=True)
