"""Discovery beside a database that says nothing."""

import asyncio
from time import monotonic

from callgate.model.changes import AppRegistered
from callgate.model.client import GrantType
from callgate.model.facts import OffersFacts
from callgate.model.ids import ClientId
from callgate.service.offers import WAIT_S, open_offers
from callgate.storage.postgres import PostgresOptions, PostgresStore
from tests.postgres_server import needs_postgres
from tests.storage.engines import postgres_world, unit_of
from tests.storage.world import APP, KEYS

SCREEN = APP._replace(id=ClientId("tv"), name="Screen", grants=frozenset({GrantType.DEVICE_CODE}))


@needs_postgres
def test_what_is_offered_is_said_while_the_database_says_nothing_and_is_new_once_it_does() -> None:
    """As it was last: once after a moment, then at once, for one question is on its way already."""
    world = postgres_world()
    world.put_back()

    async def look() -> None:
        store = PostgresStore(world.place, PostgresOptions(lanes=1))
        await store.start()
        try:
            offers = await open_offers(store)
            before = await offers.look()
            assert before == OffersFacts(True, False, False, False)
            with world.hanging():
                for seconds in (2.0, WAIT_S):
                    began_s = monotonic()
                    assert await offers.look() == before
                    assert monotonic() - began_s < seconds
            await store.run(unit_of(AppRegistered(SCREEN, KEYS, "cli")))
            async with asyncio.timeout(10):
                while await offers.look() != before._replace(device_code=True):  # noqa: ASYNC110 - nobody is told
                    await asyncio.sleep(0.01)
        finally:
            await store.close()

    asyncio.run(look())
