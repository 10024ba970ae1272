"""Passwords proven on a real store: what is kept of them grows with today's settings."""

import asyncio
from pathlib import Path

import argon2

from callgate.app import CommandLine, running
from callgate.crypto.passwords import needs_rehash
from callgate.model.account import LoginName
from callgate.model.acts import CellLookup
from callgate.model.changes import PasswordChanged
from callgate.model.decisions import Done
from callgate.model.evidence import PasswordProven, PasswordRefused
from callgate.model.facts import LoginFacts
from callgate.model.lookups import LoginLookup
from callgate.model.network import LOCAL
from callgate.service.administer.people import NewAccount, NewPerson, open_account
from callgate.service.context import Context
from callgate.service.password import prove
from callgate.storage.port import Unit
from tests.outcomes import done
from tests.races.founding import settings_of

ADA = LoginName("ada@example.com", None, None)
PASSWORD = "correct horse battery"
WEAK = argon2.PasswordHasher(time_cost=1, memory_cost=9 * 1024, parallelism=1).hash(PASSWORD)


async def weaken(context: Context) -> LoginFacts:
    """Ada's password as an earlier version hashed it."""
    found = await context.store.read(LoginLookup(ADA))
    assert found.extension
    after = found.extension._replace(password_version=2, version=2)
    change = PasswordChanged(found.extension, after, WEAK, "test")
    await context.store.run(Unit(CellLookup(), lambda _: Done((change,))))
    return await context.store.read(LoginLookup(ADA))


def test_weak_hash_is_replaced_when_the_right_password_comes(tmp_path: Path) -> None:
    """Assurance P1: rehash on login. Nobody is signed out by it, and a wrong password changes nothing."""

    async def play() -> None:
        settings = settings_of(tmp_path, port=1)
        async with running(settings) as server, CommandLine().desk(settings, by="test") as desk:
            administrator = NewPerson(first_name="Ada", email=ADA.email, password=PASSWORD)
            wanted = NewAccount(name="Acme", main_number="+12025550100", administrator=administrator)
            done(await open_account(desk, wanted))
            context = server.context
            before = await weaken(context)
            assert isinstance(await prove(context, ADA, f"{PASSWORD}!", network=LOCAL), PasswordRefused)
            assert isinstance(await prove(context, ADA, PASSWORD, network=LOCAL), PasswordProven)
            async with asyncio.timeout(20):
                while (after := await context.store.read(LoginLookup(ADA))).password_hash == WEAK:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            assert after.extension == before.extension
            assert after.password_hash
            assert not needs_rehash(after.password_hash)
            assert isinstance(await prove(context, ADA, PASSWORD, network=LOCAL), PasswordProven)

    CommandLine().migrate(settings_of(tmp_path, port=1))
    asyncio.run(play())
