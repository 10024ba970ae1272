"""Turns: given fairly, and never lost."""

import asyncio

from callgate.crypto.turns import Turns


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_parties_are_served_in_turn_however_many_of_one_wait() -> None:
    """One of each, then again one of each, those of a party in the order in which they came."""

    async def scenario() -> None:
        turns = Turns(at_once=1, waiting_max=9)
        served: list[str] = []

        async def serve(name: str) -> None:
            assert await turns.take(name[0])
            served.append(name)
            turns.give_back(name[0])

        assert await turns.take("x")
        tasks = [asyncio.create_task(serve(name)) for name in ("a1", "a2", "a3", "b1", "b2", "c1")]
        await settle()
        turns.give_back("x")
        await asyncio.gather(*tasks)
        assert served == ["a1", "b1", "c1", "a2", "b2", "a3"]

    asyncio.run(scenario())


def test_turn_of_one_who_hangs_up_as_it_comes_goes_to_the_next() -> None:
    """Else a few hung-up callers would take all turns with them."""

    async def scenario() -> None:
        turns = Turns(at_once=1, waiting_max=9)
        assert await turns.take("x")
        first, second = (asyncio.create_task(turns.take("a")) for _ in range(2))
        await settle()
        turns.give_back("x")
        first.cancel()
        assert await second
        assert first.cancelled()
        turns.give_back("a")
        assert await turns.take("b")

    asyncio.run(scenario())


def test_turn_that_meets_one_who_hung_up_a_moment_before_goes_to_the_next() -> None:
    """Hung up, and not yet gone from the queue: a turn given there would be nobody's for ever."""

    async def scenario() -> None:
        turns = Turns(at_once=1, waiting_max=9)
        assert await turns.take("x")
        first, second = (asyncio.create_task(turns.take(party)) for party in "ab")
        await settle()
        first.cancel()
        turns.give_back("x")
        assert await second
        turns.give_back("b")
        assert await turns.take("c")
        last = asyncio.create_task(turns.take("d"))
        await settle()
        last.cancel()
        turns.give_back("c")
        await settle()
        assert await turns.take("e")

    asyncio.run(scenario())


def test_one_who_hung_up_a_moment_before_makes_room() -> None:
    """And is told nothing: nobody listens there any more."""

    async def scenario() -> None:
        turns = Turns(at_once=1, waiting_max=2)
        assert await turns.take("x")
        flood = [asyncio.create_task(turns.take("flood")) for _ in range(2)]
        await settle()
        flood[1].cancel()
        asyncio.get_running_loop().call_later(0.01, turns.drop)
        assert await turns.take("other") is False
        assert await flood[0] is False

    asyncio.run(scenario())


def test_full_queue_sends_away_the_latest_of_whoever_has_the_most_waiting() -> None:
    """And the newcomer where nobody has more: between equals who came first stays."""

    async def scenario() -> None:
        turns = Turns(at_once=1, waiting_max=3)
        assert await turns.take("x")
        flood = [asyncio.create_task(turns.take("flood")) for _ in range(3)]
        await settle()
        assert await turns.take("flood") is False
        other = asyncio.create_task(turns.take("other"))
        await settle()
        assert [task.done() for task in flood] == [False, False, True]
        assert flood[2].result() is False
        third = asyncio.create_task(turns.take("third"))
        await settle()
        assert flood[1].result() is False
        assert await turns.take("fourth") is False
        turns.drop()
        assert [await flood[0], await other, await third] == [False, False, False]

    asyncio.run(scenario())


def test_party_has_no_more_than_its_share_while_turns_are_left_for_others() -> None:
    """And its next comes in when one of its own is given back, not when another's is."""

    async def scenario() -> None:
        turns = Turns(at_once=3, waiting_max=9, each_max=2)
        assert [await turns.take("slow"), await turns.take("slow")] == [True, True]
        third = asyncio.create_task(turns.take("slow"))
        await settle()
        assert await asyncio.wait_for(turns.take("other"), 1)
        waiting = asyncio.create_task(turns.take("another"))
        await settle()
        turns.give_back("other")
        assert await waiting
        turns.give_back("another")
        await settle()
        assert not third.done()
        turns.give_back("slow")
        assert await third
        assert turns.taken == 2

    asyncio.run(scenario())
