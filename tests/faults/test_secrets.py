"""Secrets at rest (assurance.md P9, P11): none in database, its log, backup, server log or replies, in any form."""

import asyncio
from base64 import b64encode, urlsafe_b64encode
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults.canaries import show_everywhere, show_malformed
from tests.faults.console import command
from tests.faults.founding import World, copy_world
from tests.faults.harvest import Browser, Harvest, administer, open_secrets
from tests.faults.hiding import Search, Secret
from tests.faults.ledger import Ledger
from tests.faults.process import Served, serve
from tests.faults.traffic import LANES, Traffic
from tests.faults.wire import Answer, Wire
from tests.figures import Figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """How much is issued: of everything, and of what costs a password's hash each."""

    everything: int
    typists: int


class Gathered:
    """Secrets of every kind, and the replies to those who showed canaries, in which no canary may stand."""

    def __init__(self, harvest: Harvest, replies: list[Answer]) -> None:
        self.secrets = harvest.secrets
        self._replies = replies
        self._search = Search(self.secrets)
        self._canaries = Search(secret for secret in self.secrets if secret.kind.startswith("canary"))

    def found_beside(self, world: World, backup: Path | None = None) -> Counter[str]:
        """What is found where: in the files, in a backup, in the log, in the replies."""
        places = {path.name: path.read_bytes() for path in world.database.parent.iterdir()}
        places["log"] = (world.folder / "server.log").read_bytes()
        if backup:
            places["backup"] = backup.read_bytes()
        found: Counter[str] = Counter()
        for name, content in places.items():
            found.update(f"{hit.kind}, {hit.form}, in {name}" for hit in self._search.hits(content))
        for answer in self._replies:
            text = repr(sorted(answer.headers.items())).encode() + answer.body
            found.update(f"{hit.kind}, {hit.form}, in a reply: {text[:300]!r}" for hit in self._canaries.hits(text))
        return found


async def gather(world: World, served: Served, amount: Amount) -> Gathered:
    """Issue and present secrets of every kind."""
    harvest, ledger = Harvest(), Ledger()
    await administer(world, harvest, count=amount.typists)
    wire = await Wire.connect(served.port)
    for email in harvest.passwords:
        browser = Browser(wire, harvest)
        await browser.sign_in(world, email)
        for _ in range(amount.everything // 20 // amount.typists):
            browser.code_of(await browser.begin(world))
        await browser.redeem(world, await browser.begin(world))
    replies = await show_everywhere(world, wire, harvest) + await show_malformed(served.port, harvest)
    wire.close()
    traffic = Traffic(world, ledger, seed=12)
    async with traffic.connected(served.port):
        await traffic.run_until(lambda: len(ledger.tokens) >= amount.everything)
    harvest.secrets |= {Secret("token", token.encode()) for token in ledger.tokens}
    harvest.secrets |= await open_secrets(world, [held.access for held in ledger.held])
    return Gathered(harvest, replies)


def test_no_secret_lies_anywhere_after_a_load_run(
    world: World, tmp_path: Path, counts: Callable[[int, int], int], figure: Figure
) -> None:
    """Tokens, codes, cookies, passwords, client secrets, JWT credentials, and canaries in every wrong place."""
    own = copy_world(world, tmp_path)
    amount = Amount(everything=counts(1_000, 10_000), typists=counts(6, 100))
    backup = tmp_path / "backup.db"
    with serve(own) as served:

        async def run() -> Gathered:
            gathered = await gather(own, served, amount)
            await command(own, "db", "backup", str(backup))
            return gathered

        gathered = asyncio.run(run())
        found = gathered.found_beside(own, backup)
        assert (own.database.parent / "callgate.db-wal").stat().st_size, "the log of SQLite was not looked at"
        assert served.stop() == 0
    found += gathered.found_beside(own)
    kinds = Counter("canary" if s.kind.startswith("canary") else s.kind for s in gathered.secrets)
    figure("secrets.search", f"{sum(kinds.values())} looked for, {sum(found.values())} found: {dict(kinds)}")
    assert found == {}
    assert sum(kinds.values()) >= amount.everything
    assert kinds.keys() >= {"token", "code", "cookie callgate_sign_in", "client secret", "password", "JWT credential"}


@pytest.mark.parametrize("log_format", ["console", pytest.param("json", marks=pytest.mark.long)])
def test_no_secret_is_logged_when_a_defect_shows_its_trace(world: World, tmp_path: Path, log_format: str) -> None:
    """Some traces show local variables; ours must not."""
    own = copy_world(world, tmp_path)
    own.config.write_text(own.config.read_text() + f'format = "{log_format}"\n')
    with serve(own, plant="defect_with_tokens") as served:

        async def run() -> list[Secret]:
            traffic = Traffic(own, Ledger(), seed=13)
            async with traffic.connected(served.port, LANES // 2):
                await traffic.run_until(lambda: len(traffic.ledger.tokens) >= 100)
            tokens = {Secret("token", token.encode()) for token in traffic.ledger.tokens}
            presented = {Secret("JWT credential", person.jwt.encode()) for person in own.people}
            secrets = {Secret("client secret", app.secret.encode()) for app in (own.service, own.script)}
            return [*tokens, *presented, *secrets]

        secrets = asyncio.run(run())
        assert served.stop() == 0
    log = served.log.read_bytes()
    assert b"planted" in log, "no defect was logged"
    assert list(Search(secrets).hits(log)) == []


@pytest.mark.parametrize(
    ("defect", "place"),
    [pytest.param("log_tokens", "in log", marks=pytest.mark.long), ("keep_secrets", "in callgate.db-wal")],
)
def test_the_leak_is_found_when_one_is_planted(world: World, tmp_path: Path, defect: str, place: str) -> None:
    """Planted: a log that tells tokens, and a row that keeps what only its tokens may carry."""
    own = copy_world(world, tmp_path)
    with serve(own, plant=defect) as served:
        gathered = asyncio.run(gather(own, served, Amount(everything=100, typists=1)))
        found = gathered.found_beside(own)
    assert any(place in hit for hit in found)


VALUE = b"Q0dUMDFQMDFLMDAwMDAxfKSzvgDPrW1iMtVk-QEanF3m6Di6nQzrsl535PMYKvJ4cuVkf8aIpgjryu8MK_dzvsP1cfc_6diR"
FORMS = {
    "raw": VALUE,
    "hexadecimal": VALUE.hex().encode(),
    "capitals": VALUE.hex().upper().encode(),
    "base64": b64encode(VALUE),
    "base64 inside a longer text": b64encode(b"id:" + VALUE + b"!"),
    "base64 one further": b64encode(b"x" + VALUE + b"y"),
    "base64url": urlsafe_b64encode(b"xy" + VALUE),
    "half of it": VALUE[30:],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("offset", range(9))
def test_search_finds_a_secret_wherever_it_lies(form: str, offset: int) -> None:
    """A search that finds nothing must be one that could have."""
    haystack = bytes(1000 + offset) + FORMS[form] + bytes(1000)
    assert list(Search([Secret("token", VALUE)]).hits(haystack))
    assert not list(Search([Secret("token", VALUE.swapcase())]).hits(haystack))
