"""The whole story, on real parts: a company that enforces single sign-on, four ways in without a person, five refusals.

    ./dev example unattended

Starts a development server, a real identity provider (SimpleSAMLphp) and an outside issuer, sets them up with the
commands an administrator types, and runs each variant as its own program. Ends with 1 where anything differs.
"""

import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from tests.crypto.saml.signer import identity
from tests.identity_provider import (
    INSTALLED,
    PACKAGES,
    IdentityProvider,
    Member,
    ServedParty,
    running_identity_provider,
)
from tests.outside_issuer import OutsideIssuer, issuing
from tests.server import Server, running_server

HERE = Path(__file__).parent
COMPANY = "Harbour Lane Books"
HELPER = "lake@main.example"
JOB_PASSWORD = "the job's password at the provider"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SAML2_BEARER = "urn:ietf:params:oauth:grant-type:saml2-bearer"
SCOPES = ("--scope", "ReadAccounts", "--scope", "ReadCallLog")
RULE_CHARS = 100


@dataclass
class Story:
    """Whoever tells it: an administrator's commands and the programs of jobs, with what each of these is told."""

    server: Server
    folder: Path
    told: dict[str, dict[str, str]] = field(default_factory=dict)
    """By program: its environment, beside where the server is."""
    credential: str = ""
    """The id of the JWT credential, to delete it by."""

    def chapter(self, title: str) -> None:
        """Begin a step."""
        print(f"\n── {title} ".ljust(RULE_CHARS, "─"), flush=True)

    def admin(self, *words: str, stdin: str = "") -> dict[str, str]:
        """A command of an administrator's, beside the running server; gives what it prints."""
        print(f"# callgate {shlex.join(words)}", flush=True)
        command = [str(Path(sys.executable).with_name("callgate")), *words, "--json"]
        settings = self._environment({"CALLGATE_CONFIG": str(self.server.settings_file)})
        ended = subprocess.run(command, env=settings, input=stdin, capture_output=True, text=True, check=False)
        if ended.returncode:
            sys.exit(ended.stderr)
        return json.loads(ended.stdout)

    def works(self, script: str) -> None:
        """A job that must end well."""
        self._expect(script, self._run(script), ended=0, said="records")

    def refused(self, script: str, *, code: str) -> None:
        """A job that must be told no, by this code, and what to do."""
        printed = self._run(script)
        self._expect(script, printed, ended=1, said=code)
        self._expect(script, printed, ended=1, said="What to do: ")

    def _run(self, script: str) -> tuple[int, str]:
        told = self.told[script] | {"CALLGATE_URL": self.server.base_url}
        print(f"$ {' '.join(f'{name}=…' for name in self.told[script])} python {script}.py", flush=True)
        command = [sys.executable, str(HERE / f"{script}.py")]
        ended = subprocess.run(
            command,
            env=self._environment(told),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        print(ended.stdout, end="", flush=True)
        return ended.returncode, ended.stdout

    def _expect(self, script: str, got: tuple[int, str], *, ended: int, said: str) -> None:
        if got[0] != ended or said not in got[1]:
            sys.exit(f"{script} ended with {got[0]}; expected {ended}, and that it says {said!r}")

    @staticmethod
    def _environment(more: Mapping[str, str]) -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if not name.startswith("CALLGATE_")} | more


def main() -> None:
    """Tell it."""
    with _story() as (story, issuer, provider):
        story.chapter("What an administrator does once")
        client = register_apps(story)
        connect_provider(story, provider, client=client)
        trust_issuer(story, issuer)

        story.chapter("1  JWT credential")
        story.works("jwt_credential")
        story.chapter("2  SAML assertion of the company's identity provider")
        if provider:
            story.works("saml_assertion")
        else:
            print(f"Left out: this variant needs SimpleSAMLphp.\n  apt-get install --no-install-recommends {PACKAGES}")
        story.chapter("3  Client credentials")
        story.works("client_credentials")
        story.chapter("4  Outside issuer")
        story.works("outside_issuer")

        tell_refusals(story, with_provider=provider is not None)
        print("\nAll as it should be." if provider else "\nAll as it should be, without the SAML variant.")


def register_apps(story: Story) -> dict[str, str]:
    """A helper extension that may read and nothing else, and one app that may ask in each way but the fourth."""
    permissions = ("--permission", "ReadCompanyCallLog", "--permission", "ReadExtensions")
    story.admin("roles", "create", "--account", COMPANY, "--name", "Reports", *permissions)
    person = ("--first-name", "Data", "--last-name", "Lake", "--number", "110", "--email", HELPER, "--role", "Reports")
    made = story.admin("extensions", "create", "--account", COMPANY, *person, "--generate-password")
    grants = ("--grant", JWT_BEARER, "--grant", SAML2_BEARER, "--grant", "client_credentials", "--grant", "password")
    app = story.admin(
        *("apps", "register", "--account", COMPANY, "--name", "Data lake", "--kind", "ServerOther", *grants, *SCOPES)
    )
    story.admin("apps", "allow-service", "Data lake", "--account", COMPANY, "--role", "Reports")
    credential = story.admin("credentials", "create", "--person", HELPER, "--label", "lake", "--app", "Data lake")
    story.credential = str(credential["id"])
    client = {"APP_CLIENT_ID": app["client_id"], "APP_CLIENT_SECRET": app["client_secret"]}
    story.told["password"] = client | {"APP_USER": HELPER, "APP_PASSWORD": made["password"]}
    story.told["jwt_credential"] = client | {"APP_JWT": credential["jwt"]}
    story.told["client_credentials"] = client
    return client


def connect_provider(story: Story, provider: IdentityProvider | None, *, client: Mapping[str, str]) -> None:
    """Single sign-on for everybody: from here on a password is refused. Without a provider, one that never answers."""
    certificate = story.folder / "idp.pem"
    certificate.write_bytes(provider.key.pem if provider else identity("nobody").pem)
    issuer = provider.entity_id if provider else "https://idp.example/metadata"
    url = provider.sso_url if provider else "https://idp.example/sso"
    words = ("--name", "Company IdP", "--issuer", issuer, "--sso-url", url, "--certificate", str(certificate))
    ours = story.admin("sso", "connect-saml", COMPANY, *words)
    story.admin("sso", "policy", COMPANY, "enforced")
    if provider:
        token_url = f"{story.server.base_url}/restapi/oauth/token"
        provider.serve([ServedParty(entity_id=ours["our_entity_id"], places=(ours["our_acs_url"], token_url))])
        provider.know([Member("lake", JOB_PASSWORD, HELPER)])
        asked = urlencode({"spentityid": ours["our_entity_id"], "ConsumerURL": token_url})
        there = {"IDP_URL": f"{provider.sso_url}?{asked}", "IDP_USER": "lake", "IDP_PASSWORD": JOB_PASSWORD}
        story.told["saml_assertion"] = dict(client) | there


def trust_issuer(story: Story, issuer: OutsideIssuer) -> None:
    """An app that keeps no secret, for jobs of one repository. The file is what the job's host writes for it."""
    words = ("--kind", "ServerOther", "--auth-method", "federated_jwt", "--grant", JWT_BEARER, *SCOPES)
    app = story.admin("apps", "register", "--account", COMPANY, "--name", "Data lake in CI", *words)
    trust = ("--app", "Data lake in CI", "--role", "Reports", "--issuer", issuer.url)
    story.admin(
        *("issuers", "trust", "--name", "Nightly", "--account", COMPANY, *trust),
        *("--condition", "repository=acme/reports"),
    )
    token = story.folder / "token"
    token.write_text(issuer.github("acme/reports"))
    story.told["outside_issuer"] = {"APP_CLIENT_ID": app["client_id"], "JOB_TOKEN_FILE": str(token)}


def tell_refusals(story: Story, *, with_provider: bool) -> None:
    """What a job meets when a way is closed: each time the code, and what to do."""
    story.chapter("Refused: a password, where single sign-on is enforced")
    story.refused("password", code="CGT-150")

    story.chapter("Refused: a role that may not read the company's call log")
    story.admin("extensions", "update", HELPER, "--role", "Standard")
    story.refused("jwt_credential", code="CMN-408")
    story.admin("extensions", "update", HELPER, "--role", "Reports")

    story.chapter("Refused: an extension that is disabled")
    story.admin("extensions", "disable", HELPER, "--yes")
    story.refused("jwt_credential", code="OAU-141")
    story.admin("extensions", "enable", HELPER)

    story.chapter("Refused: a credential that was revoked")
    story.admin("credentials", "delete", story.credential, "--yes")
    story.refused("jwt_credential", code="CGT-113")

    if with_provider:
        story.chapter("Refused: an assertion of a provider that is disabled")
        story.admin("sso", "disable", "Company IdP", "--yes")
        story.refused("saml_assertion", code="CGT-163")

    story.chapter("Still open: a service app is nobody's session, whatever happened to people and provider")
    story.works("client_credentials")


@contextmanager
def _story() -> Iterator[tuple[Story, OutsideIssuer, IdentityProvider | None]]:
    """The parts, started; the provider where it is installed."""
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="unattended-")))
        print("Starting a development server, an outside issuer and, where installed, SimpleSAMLphp.", flush=True)
        server = running.enter_context(running_server())
        issuer = running.enter_context(issuing(server.base_url))
        provider = running.enter_context(running_identity_provider()) if INSTALLED.exists() else None
        yield Story(server, folder), issuer, provider


if __name__ == "__main__":
    main()
