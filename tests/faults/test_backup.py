"""Backup under load and restore (assurance.md R15): the backup has what was acknowledged; what came before is over."""

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from callgate.storage.check import check_audit, check_file
from tests.faults.console import CommandFailedError, command
from tests.faults.founding import World, copy_world
from tests.faults.harvest import Browser, Harvest, administer
from tests.faults.ledger import Ledger
from tests.faults.process import Served, serve
from tests.faults.promises import broken_promises, promises_of, rows_of
from tests.faults.traffic import LANES, SELF, TOKEN, Traffic
from tests.faults.wire import Wire
from tests.figures import Figure

BEFORE, AT, AFTER = 0, 1, 2


@dataclass(slots=True)
class Story:
    """A life before a restore: sessions, some ended after the backup, a browser signed in, a code not yet redeemed."""

    world: World
    traffic: Traffic
    backups: list[Path] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    cookies: dict[str, str] = field(default_factory=dict, repr=False)
    code: str = field(default="", repr=False)


async def live(story: Story, served: Served, *, backups: int) -> None:
    """Traffic, backups in the middle of it, and traffic again: what is revoked then is alive in every backup."""
    harvest = Harvest()
    await administer(story.world, harvest, count=1)
    wire = await Wire.connect(served.port)
    browser = Browser(wire, harvest)
    [email] = harvest.passwords
    await browser.sign_in(story.world, email)
    story.code = browser.code_of(await browser.begin(story.world))
    story.cookies = browser.cookies
    wire.close()
    is_over = asyncio.Event()
    async with story.traffic.connected(served.port):
        await story.traffic.run_for(0.5)
        flow = asyncio.create_task(story.traffic.run_until(is_over.is_set))
        for number in range(backups):
            await back_up(story, story.world.folder / f"backup{number}.db")
        is_over.set()
        await flow
    # Anew: the checks of many backups keep everybody waiting, and whoever is silent for long is closed.
    async with story.traffic.connected(served.port):
        await story.traffic.run_for(0.5)
        await story.traffic.check()


async def back_up(story: Story, path: Path) -> None:
    """Make a backup, and look whether it is whole and has everything acknowledged before it began."""
    acts = [act for held in story.traffic.ledger.held for act in held.acts]
    known = {act.request_id for act in acts if act.request_id}
    await command(story.world, "db", "backup", str(path))
    acts = [act for held in story.traffic.ledger.held for act in held.acts]
    ids = {name for act in acts for name in (act.request_id, act.sent_after) if name}
    told = {request_id: BEFORE if request_id in known else AFTER for request_id in ids}
    promises = [
        replace(promise, dues=tuple(due._replace(sent=BEFORE) for due in promise.dues))  # sent meanwhile: may be in it
        for promise in await promises_of(story.world, story.traffic.ledger, told)
    ]
    story.incomplete += [*check_file(path), *broken_promises(promises, rows_of(path), AT)]
    story.incomplete += [f"audit link {each.seq}" for each in check_audit(path, lambda *_: None).breaks]
    story.backups.append(path)


async def accepted(story: Story, served: Served) -> list[str]:
    """What a restored server takes of that life: nothing, if all is well."""
    wire = await Wire.connect(served.port)
    found = []
    for held in story.traffic.ledger.held:
        if (await wire.ask("GET", SELF, headers={"Authorization": f"Bearer {held.access}"})).status != 401:
            found.append(f"an access token, revoked before: {held.revoked}")
        if held.refresh:
            form = {"grant_type": "refresh_token", "refresh_token": held.refresh}
            if (await wire.post(TOKEN, story.world.script, form)).status != 400:
                found.append(f"a refresh token, revoked before: {held.revoked}")
    form = {
        "grant_type": "authorization_code",
        "code": story.code,
        "redirect_uri": "http://localhost:5000/oauth2callback",
    }
    if (await wire.post(TOKEN, story.world.web, form)).status != 400:
        found.append("a code")
    if "location" in (await Browser(wire, Harvest(), story.cookies).begin(story.world)).headers:
        found.append("a browser's sign-in")
    wire.close()
    return found


async def works(story: Story, served: Served) -> list[str]:
    """New sessions of the same people and apps, from credentials that outlive every restore."""
    ledger = Ledger()
    traffic = Traffic(story.world, ledger, seed=15)
    async with traffic.connected(served.port, LANES // 2):
        await traffic.run_for(0.3)
        await traffic.check()
    assert ledger.held
    return ledger.broken


@pytest.fixture(scope="module")
def story(world: World, tmp_path_factory: pytest.TempPathFactory, counts: Callable[[int, int], int]) -> Story:
    """A life with backups, its server stopped."""
    own = copy_world(world, tmp_path_factory.mktemp("story"))
    told = Story(own, Traffic(own, Ledger(), seed=14))
    with serve(own) as served:
        asyncio.run(live(told, served, backups=counts(1, 20)))
        with pytest.raises(CommandFailedError, match="is served by another process"):
            asyncio.run(command(own, "db", "restore", str(told.backups[0]), "--yes"))
        assert served.stop() == 0
    return told


def elsewhere(story: Story, folder: Path) -> Story:
    """The same story with files of its own."""
    return replace(story, world=copy_world(story.world, folder))


def test_backup_made_under_load_is_whole_and_has_what_was_acknowledged(story: Story, figure: Figure) -> None:
    """Acknowledged before it began: in it. Integrity and audit chains hold."""
    figure("backup.load", f"{len(story.backups)} backups; {story.traffic.ledger.summary()}")
    assert story.incomplete == []
    assert story.traffic.ledger.broken == []


@pytest.mark.requirement("ruling 5")
def test_nothing_issued_before_a_restore_is_accepted(story: Story, tmp_path: Path, figure: Figure) -> None:
    """Tokens, codes and sign-ins are over, those revoked after the backup first of all; credentials work."""
    own = elsewhere(story, tmp_path)
    asyncio.run(command(own.world, "db", "restore", str(own.backups[-1]), "--yes"))
    with serve(own.world) as served:
        assert asyncio.run(accepted(own, served)) == []
        assert asyncio.run(works(own, served)) == []
        assert served.stop() == 0
    assert check_file(own.world.database) == ()
    assert check_audit(own.world.database, lambda *_: None).breaks == ()
    revoked = sum(held.revoked for held in own.traffic.ledger.held)
    figure(
        "backup.restore", f"{len(own.traffic.ledger.held)} sessions presented, {revoked} of them revoked: 0 accepted"
    )


def test_the_harm_is_found_when_a_backup_is_copied_into_place(story: Story, tmp_path: Path) -> None:
    """Planted: `cp` instead of `db restore`."""
    own = elsewhere(story, tmp_path)
    shutil.copy(own.backups[-1], own.world.database)
    with serve(own.world) as served:
        found = asyncio.run(accepted(own, served))
    assert any("revoked before: True" in each for each in found)
