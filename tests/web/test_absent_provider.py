"""An identity provider and an issuer that take every connection and answer nothing (assurance R17).

Who comes by them is told in time, nobody else notices, and they are left alone.
"""

import subprocess
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from callgate.admin.world import WorldApp
from callgate.service.errands import AT_ONCE_EACH
from callgate.service.fetch import WHOLE_S
from tests.admin.conftest import forker
from tests.company import email_of
from tests.figures import Figure
from tests.hostile_provider import HostileProvider, lying
from tests.openid_provider import CLIENT_ID, OidcCompany, connected_by_oidc
from tests.outside_issuer import issuing
from tests.server import Server, running_server
from tests.web.raw import basic
from tests.web.test_issuers import World
from tests.web.test_sso import SIGN_IN_COOKIE, code_of
from tests.web.visitor import TOKEN, Visitor, visiting

__all__ = ["forker"]

PEOPLE = 40
JOBS = 8
ACCOUNT = "/restapi/v1.0/account/~"


@dataclass(frozen=True)
class Stage:
    """A company with two providers, and a job of an outside issuer; all of them answer still."""

    server: Server
    company: OidcCompany
    absent: HostileProvider
    other: HostileProvider
    other_start_url: str
    jobs: World

    def leaves(self, visitor: Visitor, provider: HostileProvider) -> str:
        """Where a person comes back to who left for a provider."""
        start_url = self.other_start_url if provider is self.other else self.company.ours["our_start_url"]
        return provider.answers(visitor.follows(start_url).headers["location"])

    def threads(self) -> int:
        """The server's."""
        (line,) = [
            line
            for line in Path(f"/proc/{self.server.pid}/status").read_text().splitlines()
            if line.startswith("Threads:")
        ]
        return int(line.split()[1])

    def beside(self) -> list[tuple[int, float]]:
        """A password, a grant and a bearer check: each with its status and how long it took."""
        script, service = (self.server.world.apps[key] for key in ("script", "service"))
        agent = self.server.world.people["agent"]
        form = {"grant_type": "password", "username": agent.email, "password": agent.password}
        took: list[tuple[int, float]] = []
        with httpx.Client(base_url=self.server.base_url, timeout=30) as http:

            def ask(request: httpx.Request) -> httpx.Response:
                began_s = time.monotonic()
                reply = http.send(request)
                took.append((reply.status_code, time.monotonic() - began_s))
                return reply

            def post(app: WorldApp, form: Mapping[str, str | None]) -> httpx.Response:
                proof = basic(app).partition(": ")[2]
                return ask(http.build_request("POST", TOKEN, data=form, headers={"Authorization": proof}))

            for _ in range(3):
                post(script, form)
                given = post(service, {"grant_type": "client_credentials"}).json()["access_token"]
                ask(http.build_request("GET", ACCOUNT, headers={"Authorization": f"Bearer {given}"}))
        return took


@pytest.fixture
def stage(forker: "subprocess.Popen[str]", tmp_path: Path) -> Iterator[Stage]:
    """A server of its own: what it learns of providers, it keeps."""
    with (
        lying() as absent,
        lying() as other,
        running_server() as server,
        issuing(server.base_url) as issuer,
        connected_by_oidc(server, absent.issuer, forker=forker, folder=tmp_path) as company,
    ):
        other.email = email_of(server, "helper")
        words = ("--name", "Other", "--issuer", other.issuer, "--client-id", CLIENT_ID, "--client-secret-stdin")
        second = company.shell.give("sso", "connect-oidc", company.account, *words, stdin="its own")
        jobs = World(server, company.shell, issuer)
        jobs.trusts("Deployments", "--condition", "repository=acme/app")
        yield Stage(server, company, absent, other, second["our_start_url"], jobs)
        absent.answering.set()
        issuer.answering.set()


def test_nobody_else_notices_and_few_are_asked(stage: Stage, figure: Figure) -> None:
    """Of forty who sign in at once eight wait for the provider, of eight jobs one for the keys; then nobody does."""
    with (
        visiting(stage.server) as visitor,
        visiting(stage.server) as elsewhere,
        ThreadPoolExecutor(PEOPLE + JOBS) as pool,
    ):
        address = stage.leaves(visitor, stage.absent)
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in visitor.http.cookies.jar)
        threads, quiet = stage.threads(), stage.beside()

        def comes_back() -> httpx.Response:
            return httpx.get(address, headers={"Accept": "text/html", "Cookie": cookies}, timeout=60)

        stage.absent.answering.clear()
        stage.jobs.issuer.answering.clear()
        stage.absent.asked.clear()
        began_s = time.monotonic()
        people = [pool.submit(comes_back) for _ in range(PEOPLE)]
        jobs = [pool.submit(stage.jobs.asks, stage.jobs.issuer.github()) for _ in range(JOBS)]
        until_s = began_s + WHOLE_S / 2
        while len(stage.absent.asked.get("/token", ())) < AT_ONCE_EACH and time.monotonic() < until_s:
            time.sleep(0.01)
        beside = stage.beside()
        elsewhere.http.timeout = httpx.Timeout(60)
        back = stage.leaves(elsewhere, stage.other)
        stage.other.signs(stage.other.claims())
        assert elsewhere.follows(back).status_code == 200
        assert SIGN_IN_COOKIE in elsewhere.http.cookies
        assert stage.threads() == threads
        assert len(stage.absent.asked["/token"]) == AT_ONCE_EACH
        pages = [each.result() for each in people]
        told = [each.result() for each in jobs]
        waited_s = time.monotonic() - began_s
        asked = len(stage.absent.asked["/token"])
        again = [comes_back() for _ in range(3)]
    assert {(page.status_code, code_of(page)) for page in (*pages, *again)} == {(503, "CGT-158")}
    assert {reply.status_code for reply in told} == {503}
    assert {status for status, _ in (*quiet, *beside)} == {200}
    assert asked == AT_ONCE_EACH, "who waited for a turn asked nothing any more"
    assert asked == len(stage.absent.asked["/token"]), "who came later asked"
    slow_ms, quiet_ms = (1000 * max(took_s for _, took_s in each) for each in (beside, quiet))
    figure(
        "providers.hang",
        f"{PEOPLE} sign-ins and {JOBS} jobs at once: {AT_ONCE_EACH} connections to the provider at a time, "
        f"{asked} in all, 1 to the issuer, no thread; all told after {waited_s:.1f} s, the next {len(again)} at once; "
        f"beside them {len(beside)} requests answered, the longest {slow_ms:.0f} ms, quiet {quiet_ms:.0f}; "
        "somebody signed in by another provider",
    )
    assert slow_ms < quiet_ms + 1000 * WHOLE_S / 2
    assert stage.jobs.issuer.asked <= 2, "one by the command that trusts it, one for all jobs"
