"""The development server's clock: for programs, and for no page that a developer happens to have open."""

import httpx
import pytest

from callgate.model import api_faults
from tests.server import Server

CLOCK = "/_dev/clock"


def move(server: Server, seconds: int, **headers: str) -> httpx.Response:
    """Ask for the clock to be moved, as a page without a preflight can."""
    spelled = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.post(f"{server.base_url}{CLOCK}", content=f'{{"advance_s": {seconds}}}', headers=spelled)


def now_ms(server: Server) -> int:
    """What the clock shows."""
    told: int = move(server, 0).json()["now_ms"]
    return told


@pytest.mark.requirement("ruling 20")
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example", "sec_fetch_site": "cross-site"},
        {"origin": "http://localhost:3000", "sec_fetch_site": "same-site"},
        {"origin": "http://rebound.example:8080", "sec_fetch_site": "same-origin"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec_fetch_site": "cross-site"},
    ],
)
def test_clock_stands_when_another_origins_page_moves_it(server: Server, headers: dict[str, str]) -> None:
    """Fetch section 3.2: browsers say whose page sends a POST; those that say no site say the origin."""
    before = now_ms(server)
    refused = move(server, 86_400, **headers)
    assert (refused.status_code, refused.json()["errorCode"]) == (403, api_faults.ORIGIN_FOREIGN.code)
    assert now_ms(server) - before < 86_400_000


@pytest.mark.requirement("ruling 20")
@pytest.mark.parametrize("headers", [{}, {"sec_fetch_mode": "cors"}, {"sec_fetch_site": "none"}])
def test_clock_moves_when_a_program_asks(server: Server, headers: dict[str, str]) -> None:
    """curl, SDKs, Node's fetch (which tells its mode and no site)."""
    before = now_ms(server)
    assert move(server, 3, **headers).status_code == 200
    assert now_ms(server) - before >= 3000


def test_clock_moves_when_a_page_of_its_own_asks(server: Server) -> None:
    """Its own origin is nobody else's."""
    moved = move(server, 1, origin=server.base_url, sec_fetch_site="same-origin")
    assert moved.status_code == 200
