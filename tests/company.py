"""A company with an identity provider: the development world's main account, connected to a real SimpleSAMLphp."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tests.admin.shell import Shell, open_shell_beside
from tests.identity_provider import Answer, IdentityProvider, Member, ServedParty
from tests.server import Server

PASSWORD = "a password kept at the provider"
CONNECTION = "Company sign-in"


@dataclass(frozen=True)
class Company:
    """The server, the provider, and the operator's shell between them."""

    server: Server
    provider: IdentityProvider
    shell: Shell
    moved: list[str] = field(default_factory=list)
    """Commands that changed something; whoever wants the company as it was looks here first."""

    @property
    def account(self) -> str:
        """The account's id."""
        return self.server.world.accounts["main"].id

    @cached_property
    def ours(self) -> dict[str, str]:
        """The connection as the operator saw it first: our addresses do not change."""
        shown: dict[str, str] = self.shell.give("sso", "show", CONNECTION)
        return shown

    def says(self, *words: str) -> None:
        """Run a command that must succeed."""
        self.moved.append(words[0])
        self.shell.give("sso", *words)

    def as_it_was(self) -> None:
        """Single sign-on beside passwords, for everybody, by the one provider."""
        if not self.moved:
            return
        self.says("enable", CONNECTION)
        self.says("certificates", CONNECTION, "--primary", str(self.provider.certificate), "--remove-secondary")
        self.says("update", CONNECTION, "--no-idp-initiated", "--signed-requests")
        self.says("policy", self.account, "allowed")
        self.says("follow", self.server.world.people["agent"].id)
        self.moved.clear()

    def answers(self, who: str, url: str) -> Answer:
        """What the provider makes a browser post that followed this address and signed in there."""
        with self.provider.visited_by(Member(who, PASSWORD, "")) as visitor:
            return visitor.answer_to(url)

    def answers_unasked(self, who: str) -> Answer:
        """The same, where the sign-in began at the provider's own portal."""
        with self.provider.visited_by(Member(who, PASSWORD, "")) as visitor:
            return visitor.answer(entity_id=self.ours["our_entity_id"], place=self.ours["our_acs_url"])


def email_of(server: Server, who: str) -> str:
    """Somebody's address."""
    email = server.world.people[who].email
    assert email is not None
    return email


@contextmanager
def connected(
    server: Server, provider: IdentityProvider, *, forker: "subprocess.Popen[str]", folder: Path
) -> Iterator[Company]:
    """Connect both sides by each other's metadata, and let people choose."""
    shell = open_shell_beside(forker, server, folder)
    company = Company(server, provider, shell)
    options = ("--name", CONNECTION, "--metadata", provider.entity_id)
    made = shell.give("sso", "connect-saml", company.account, *options)
    provider.serve([ServedParty(entity_id=made["our_entity_id"], places=(made["our_acs_url"],))])
    people = [Member(who, PASSWORD, email_of(server, who)) for who in ("agent", "helper", "admin")]
    provider.know([*people, Member("stranger", PASSWORD, "stranger@nowhere.example")])
    company.says("policy", company.account, "allowed")
    company.moved.clear()
    yield company
