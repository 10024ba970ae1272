"""Which of the servers that a URL names is written: all are asked side by side, and the first that says so is it.

one ──── a standby ──── asked again ──── now it is written: it is the one
two ──── no answer ··················
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Final, cast

import psycopg
from psycopg import AsyncConnection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from callgate.model.database import PostgresPlace

CONNECT_S: Final = 3.0
"""How long to try to reach a server."""

AGAIN_S: Final = 0.1
"""How soon one that is not written is asked again, while another has not answered."""

LAST_S: Final = 0.5
"""How long after the others the last one is asked."""

Connection = AsyncConnection[tuple[object, ...]]
Parameters = Mapping[str, str | int | None]

_WRITTEN: Final[Parameters] = {"target_session_attrs": "read-write"}
"""Of several servers the one that is written is meant, unless the URL says otherwise."""

_NOTICING: Final[Parameters] = {
    "keepalives_idle": 1,
    "keepalives_interval": 1,
    "keepalives_count": 2,
    "tcp_user_timeout": 3000,
}
"""A machine that is gone says nothing: this is how soon the kernel finds out, unless the URL says otherwise."""


def options_of(url: str) -> Parameters:
    """What a URL says to libpq, and what it leaves to us."""
    said = cast("Parameters", conninfo_to_dict(url))
    of_several = _WRITTEN if len(_hosts(said)) > 1 else {}
    return {"connect_timeout": int(CONNECT_S), **_NOTICING, **of_several, **said}


def conninfo_of(place: PostgresPlace, **ours: str) -> str:
    """All that libpq needs to know: what the settings say, and what we say."""
    password = {} if place.password is None else {"password": place.password}
    return make_conninfo("", **options_of(place.url), **password, **ours)


async def connect(
    conninfo: str, *, last: int | None = None, but: Collection[int | None] = ()
) -> tuple[Connection, int]:
    """Connect to the server that is written, each statement a transaction of its own; tells its place in the URL.

    The server at `last` is asked a moment after the others; those at `but` are not asked, and count as silent. Raises
    psycopg.Error.
    """
    hosts = _hosts(cast("Parameters", conninfo_to_dict(conninfo)))
    silent = set(range(len(hosts)))
    if silent.issubset(but):
        raise psycopg.OperationalError("there is no other server")

    async def ask(place: int) -> tuple[Connection, int]:
        if place == last and len(hosts) > 1:
            await asyncio.sleep(LAST_S)
        while True:
            try:
                return await AsyncConnection.connect(make_conninfo(conninfo, **hosts[place]), autocommit=True), place
            except psycopg.Error:
                silent.discard(place)
                if not silent:
                    raise
            await asyncio.sleep(AGAIN_S)

    asking = [asyncio.create_task(ask(place)) for place in range(len(hosts)) if place not in but]
    return await _first(asking)


async def _first(asking: Sequence[asyncio.Task[tuple[Connection, int]]]) -> tuple[Connection, int]:
    """The first that came about; the others end. Raises what the last one did, when none came about."""
    chosen: tuple[Connection, int] | None = None
    waiting = set(asking)
    try:
        while chosen is None:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            answered = next((task for task in done if task.exception() is None), None)
            if answered is not None or not waiting:
                chosen = (answered or done.pop()).result()
        return chosen
    finally:
        for task in asking:
            task.cancel()
        for other in await asyncio.gather(*asking, return_exceptions=True):
            if not isinstance(other, BaseException) and other is not chosen:
                await other[0].close()


def _hosts(said: Parameters) -> list[Parameters]:
    """What each of the servers is reached by; one that stands for all where libpq is to say what is wrong."""
    parts = {name: str(said[name]).split(",") for name in ("host", "hostaddr", "port") if said.get(name)}
    count = max((len(values) for name, values in parts.items() if name != "port"), default=1)
    if any(len(values) not in {1, count} for values in parts.values()):
        return [{}]
    return [{name: values[place % len(values)] for name, values in parts.items()} for place in range(count)]
