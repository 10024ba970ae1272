"""Others at the same file (assurance.md R22): a second server is refused, the command line is welcome."""

import asyncio
import time
from pathlib import Path

import apsw
import pytest

from callgate.app import CommandLine
from callgate.model.account import ExtensionStatus
from callgate.model.acts import Refused
from callgate.service.administer.finding import find_account, find_person
from callgate.service.administer.people import NewPerson, change_extension, create_extension
from callgate.storage.check import check_audit, check_file
from tests.faults.console import command
from tests.faults.founding import World, copy_world
from tests.faults.ledger import Ledger
from tests.faults.process import NotStartedError, Served, serve
from tests.faults.traffic import SELF, TOKEN, Traffic
from tests.faults.wire import Wire
from tests.figures import Figure

LANES = 32
HIRED_MIN = 10
HELD_S = 1.5
"""How long another process keeps the right to write: less than the server is willing to wait."""

READS_MIN = 5
"""Meanwhile, one after the other; of those that waited for it there would be one."""


def test_second_server_is_refused_and_the_first_goes_on(world: World, tmp_path: Path, figure: Figure) -> None:
    """A kill leaves no lock behind: the next start has the file at once."""
    own = copy_world(world, tmp_path)
    traffic = Traffic(own, Ledger(), seed=9)

    def start_another() -> tuple[NotStartedError, float]:
        began_s = time.monotonic()
        with pytest.raises(NotStartedError) as refused, serve(own, log=tmp_path / "second.log"):
            pass
        return refused.value, time.monotonic() - began_s

    async def drive(served: Served) -> float:
        async with traffic.connected(served.port, LANES):
            # Beside the traffic: connections on which nothing is asked meanwhile are closed.
            another = asyncio.create_task(asyncio.to_thread(start_another))
            await traffic.run_until(another.done)
            refused, after_s = await another
            assert refused.status == 3
            assert refused.said == f"Failed: {own.database} is served by another process\n"
            await traffic.run_for(0.5)
            await traffic.check()
            return after_s

    with serve(own) as served:
        after_s = asyncio.run(drive(served))
        served.kill()
    with serve(own) as served:
        assert served.stop() == 0
    figure("neighbours.second-server", f"refused {after_s:.1f} s after its start; beside it {traffic.ledger.summary()}")
    assert traffic.ledger.broken == []


def test_command_line_writes_beside_a_server_and_nothing_is_lost(world: World, tmp_path: Path, figure: Figure) -> None:
    """Both under way all the time; what either acknowledged is there, and both audit chains hold."""
    own = copy_world(world, tmp_path)
    traffic = Traffic(own, Ledger(), seed=10)
    hired: list[str] = []
    waits_s: list[float] = []

    async def hire(until: float) -> None:
        async with CommandLine().desk(own.settings, by="desk") as desk:
            account = await find_account(desk, "Faulty Ltd")
            assert not isinstance(account, Refused)
            while time.monotonic() < until or len(hired) < HIRED_MIN:
                email = f"hired{len(hired)}@example.com"
                began_s = time.monotonic()
                created = await create_extension(desk, account.id, NewPerson(first_name="Hired", email=email))
                waits_s.append(time.monotonic() - began_s)
                assert not isinstance(created, Refused)
                hired.append(email)
                await asyncio.sleep(0.01)

    async def drive(served: Served) -> None:
        async with traffic.connected(served.port, LANES):
            made = asyncio.create_task(
                command(own, "extensions", "create", "--account", "Faulty Ltd", "--first-name", "Console")
            )
            hiring = asyncio.create_task(hire(time.monotonic() + 2))
            await traffic.run_until(lambda: hiring.done() and made.done())  # who is silent for long is closed
            await hiring
            assert (await made)["name"] == "Console"
            await traffic.check()
            async with CommandLine().desk(own.settings, by="desk") as desk:
                for email in hired:
                    assert not isinstance(await find_person(desk, email), Refused)

    with serve(own) as served:
        asyncio.run(drive(served))
        assert served.stop() == 0
    figure(
        "neighbours.command-line",
        f"{len(hired)} people hired, longest wait {max(waits_s) * 1000:.0f} ms; {traffic.ledger.summary()}",
    )
    assert traffic.ledger.broken == []
    assert check_file(own.database) == ()
    audit = check_audit(own.database, lambda *_: None)
    assert audit.breaks == ()
    assert {chain.writer for chain in audit.chains} == {"server", "cli"}


def test_person_disabled_by_the_command_line_is_refused_at_once(world: World, tmp_path: Path) -> None:
    """What the server keeps in memory of an extension must not outlive the row."""
    own = copy_world(world, tmp_path)

    async def drive(served: Served) -> None:
        wire = await Wire.connect(served.port)
        person = own.people[0]
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": person.jwt}
        token = (await wire.post(TOKEN, own.script, form)).text("access_token")
        bearer = {"Authorization": f"Bearer {token}"}
        assert (await wire.ask("GET", SELF, headers=bearer)).status == 200
        async with CommandLine().desk(own.settings, by="desk") as desk:
            extension = await find_person(desk, person.email)
            assert not isinstance(extension, Refused)
            await change_extension(desk, extension, lambda e: e._replace(status=ExtensionStatus.DISABLED))
            assert (await wire.ask("GET", SELF, headers=bearer)).status == 401
            assert (await wire.post(TOKEN, own.script, form)).status == 400
        wire.close()

    with serve(own) as served:
        asyncio.run(drive(served))


def test_reads_go_on_and_writes_wait_while_another_process_writes(world: World, tmp_path: Path, figure: Figure) -> None:
    """The wait is beside the loop: bearer tokens are validated meanwhile, and no write fails."""
    own = copy_world(world, tmp_path)

    async def drive(served: Served) -> tuple[float, list[float]]:
        writer, reader = await Wire.connect(served.port), await Wire.connect(served.port)
        form = {"grant_type": "client_credentials"}
        bearer = {"Authorization": f"Bearer {(await writer.post(TOKEN, own.service, form)).text('access_token')}"}
        other = apsw.Connection(str(own.database))
        other.set_busy_timeout(5000)  # the server may be noting something that no reply waited for
        other.execute("BEGIN IMMEDIATE")
        began_s = time.monotonic()
        granted = asyncio.create_task(writer.post(TOKEN, own.service, form))
        reads_s = []
        while (at_s := time.monotonic()) < began_s + HELD_S:
            assert (await reader.ask("GET", SELF, headers=bearer)).status == 200
            reads_s.append(time.monotonic() - at_s)
            await asyncio.sleep(0.01)
        assert not granted.done()
        other.execute("ROLLBACK")
        assert (await granted).status == 200
        waited_s = time.monotonic() - began_s
        other.close()
        writer.close()
        reader.close()
        return waited_s, sorted(reads_s)

    with serve(own) as served:
        waited_s, reads_s = asyncio.run(drive(served))
    median_ms, longest_ms = 1000 * reads_s[len(reads_s) // 2], 1000 * reads_s[-1]
    figure("neighbours.writing", f"for {waited_s:.2f} s; {len(reads_s)} reads, {median_ms:.1f} to {longest_ms:.0f} ms")
    assert len(reads_s) > READS_MIN
