"""The turnstile: whoever floods it waits behind themselves."""

import asyncio

import pytest

from callgate.model.failure import Unavailable
from callgate.service.turnstile import Turnstile


def test_party_that_fills_it_keeps_no_other_out() -> None:
    """Another's first comes in before the flood's next, and the flood's latest has to go for it."""

    async def scenario() -> list[str]:
        stile, order, release = Turnstile(at_once=1, waiting_max=3, what="errands"), list[str](), asyncio.Event()

        async def errand(party: str) -> None:
            async with stile.turn(party):
                order.append(party)
                await release.wait()

        flood = [asyncio.create_task(errand("slow")) for _ in range(4)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await errand("slow")
        other = asyncio.create_task(errand("other"))
        await asyncio.sleep(0)
        release.set()
        outcomes = await asyncio.gather(*flood, other, return_exceptions=True)
        assert [type(each) for each in outcomes].count(Unavailable) == 1
        assert isinstance(outcomes[3], Unavailable)
        return order

    assert asyncio.run(scenario()) == ["slow", "slow", "other", "slow"]


def test_room_is_free_again_when_an_errand_fails() -> None:
    """Or whoever sends nonsense would fill it for ever."""

    async def fail() -> None:
        stile = Turnstile(at_once=1, waiting_max=0, what="errands")
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                async with stile.turn("x"):
                    raise ZeroDivisionError

    asyncio.run(fail())
