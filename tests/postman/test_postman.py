"""`callgate postman` writes files that Postman's own runner plays whole against a real server."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from callgate.model.client import GrantType
from tests.admin.shell import Shell, open_shell_beside
from tests.company import email_of
from tests.identity_provider import IdentityProvider, Member, ServedParty, needs_identity_provider
from tests.outside_issuer import OutsideIssuer, issuing
from tests.server import Server, running_server
from tests.web.test_saml2_bearer import cut_out

HERE = Path(__file__).parent
NEWMAN = HERE / "node_modules/.bin/newman"
NODE = Path(sys.executable).with_name("node")
COLLECTION, ENVIRONMENT = "callgate.postman_collection.json", "callgate.postman_environment.json"


@dataclass(frozen=True)
class Written:
    """The files, where they are and whose."""

    server: Server
    shell: Shell
    folder: Path

    def read(self, name: str) -> Any:  # noqa: ANN401 - JSON as it came
        """One of them."""
        return json.loads((self.folder / name).read_text())


@pytest.fixture(scope="module")
def written(forker: "subprocess.Popen[str]", tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    """For a server of this module's own: sessions are opened and ended."""
    with running_server() as server:
        folder = tmp_path_factory.mktemp("postman")
        shell = open_shell_beside(forker, server, folder)
        shell.give("postman", "--data", str(server.data), "--folder", str(folder))
        yield Written(server, shell, folder)


@dataclass(frozen=True)
class Played:
    """How newman saw it: by request, what it asserted, and what failed."""

    code: int
    asserted: Mapping[str, list[str]]
    failed: list[str]


def play(written: Written) -> Played:
    """Run the whole collection."""
    stamp = HERE / "node_modules/.installed-lock.json"
    current = stamp.exists() and stamp.read_bytes() == (HERE / "package-lock.json").read_bytes()
    assert current, "the Node packages are not those of the lock file: tools/node-packages tests/postman"
    report = written.folder / "report.json"
    files = (str(written.folder / COLLECTION), "--environment", str(written.folder / ENVIRONMENT))
    ended = subprocess.run(
        [str(NODE), str(NEWMAN), "run", *files, "--reporters", "json", "--reporter-json-export", str(report)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert report.exists(), ended.stdout + ended.stderr
    run = json.loads(report.read_text())["run"]
    asserted = {
        each["item"]["name"]: [one["assertion"] for one in each.get("assertions", [])] for each in run["executions"]
    }
    failed = [f"{each['source'].get('name')}: {each['error']['message']}" for each in run["failures"]]
    return Played(ended.returncode, asserted, failed)


def asks(collection: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every request of a collection."""
    for folder in collection["item"]:
        yield from folder["item"]


def test_newman_finds_nothing_wrong_with_the_whole_collection(written: Written) -> None:
    """Each request is sent and held to its status and code, but those that need what a world has not."""
    played = play(written)
    assert (played.failed, played.code) == ([], 0)
    by_hand = {each["key"] for each in written.read(ENVIRONMENT)["values"] if not each["value"]}
    assert by_hand == {"outside_client_id", "outside_token", "saml2_bearer_assertion"}
    needing = {
        ask["name"]
        for ask in asks(written.read(COLLECTION))
        if any(f"{{{{{name}}}}}" in json.dumps(ask) for name in by_hand)
    }
    everything = {ask["name"] for ask in asks(written.read(COLLECTION))}
    silent = {name for name in everything if not played.asserted.get(name)}
    assert silent == needing
    assert len(everything) - len(needing) > 80


def test_every_grant_is_asked_for(written: Written) -> None:
    """By its name on the wire; implicit is the authorize endpoint's."""
    collection = json.dumps(written.read(COLLECTION))
    missing = [
        grant for grant in GrantType if grant is not GrantType.IMPLICIT and json.dumps(grant.value) not in collection
    ]
    assert missing == []
    assert '"response_type", "value": "token"' in collection


def test_collection_holds_no_secret(written: Written) -> None:
    """What opens anything is in the environment, marked as secret, and that only its owner may read."""
    collection = (written.folder / COLLECTION).read_text()
    values = written.read(ENVIRONMENT)["values"]
    secret = [each["value"] for each in values if each["type"] == "secret" and each["value"]]
    world = written.server.world
    kept = [app.client_secret for app in world.apps.values() if app.client_secret]
    assert set(secret) & set(kept)
    for value in (*secret, *kept, *(person.password for person in world.people.values())):
        assert value not in collection
    assert (written.folder / ENVIRONMENT).stat().st_mode & 0o777 == 0o600


def test_files_of_a_server_without_a_world_wait_to_be_filled_in(written: Written, tmp_path: Path) -> None:
    """The same variables, empty but for the address; and nothing is sent that would need another."""
    told = written.shell.run("postman", "--folder", str(tmp_path))
    assert "fill in" in told.err
    values = json.loads((tmp_path / ENVIRONMENT).read_text())["values"]
    assert {each["key"]: each["value"] for each in values if each["value"]} == {"base_url": written.server.base_url}
    bare = Written(written.server, written.shell, tmp_path)
    played = play(bare)
    assert played.failed == []
    assert "GET" in [name for name, asserted in played.asserted.items() if asserted]
    assert not played.asserted.get("Password")


def test_folder_without_a_world_is_refused(written: Written, tmp_path: Path) -> None:
    """One line that says how to have one."""
    assert "callgate dev --data" in written.shell.refuse("postman", "--data", str(tmp_path))


def assertion_of(provider: IdentityProvider, written: Written) -> str:
    """One about the helper, for the token endpoint; whose app may bring it."""
    server, shell = written.server, written.shell
    main, script = server.world.accounts["main"], server.world.apps["script"]
    made = shell.give("sso", "connect-saml", main.id, "--name", "Company IdP", "--metadata", provider.entity_id)
    shell.give("sso", "policy", main.id, "allowed")
    shell.give("apps", "update", script.client_id, "--grant", GrantType.SAML2_BEARER.value)
    place = f"{server.base_url}/restapi/oauth/token"
    provider.serve([ServedParty(entity_id=made["our_entity_id"], places=(made["our_acs_url"], place))])
    job = Member("job", "a long password", email_of(server, "helper"))
    provider.know([job])
    with provider.visited_by(job) as visitor:
        return cut_out(visitor.answer(entity_id=made["our_entity_id"], place=place).document)


def outside_app(issuer: OutsideIssuer, written: Written) -> str:
    """An app that keeps no secret, and whose jobs' tokens the account trusts."""
    account, shell = written.server.world.accounts["main"].id, written.shell
    app = ("--kind", "ServerOther", "--scope", "ReadCallLog", "--grant", GrantType.JWT_BEARER.value)
    words = ("--account", account, "--name", "Deployer", "--auth-method", "federated_jwt")
    client_id = str(shell.give("apps", "register", *words, *app)["client_id"])
    trusted = ("--account", account, "--app", client_id, "--issuer", issuer.url, "--role", "Super Admin")
    shell.give("issuers", "trust", "--name", "Deployments", *trusted, "--condition", "repository=acme/app")
    return client_id


@needs_identity_provider
def test_newman_leaves_nothing_out_with_what_comes_from_outside(
    written: Written, identity_provider: IdentityProvider, tmp_path: Path
) -> None:
    """A provider's assertion and a job's token are filled in by hand: then every request is held to its reply."""
    with issuing(written.server.base_url) as issuer:
        by_hand = {
            "saml2_bearer_assertion": assertion_of(identity_provider, written),
            "outside_client_id": outside_app(issuer, written),
            "outside_token": issuer.github(),
        }
        environment = written.read(ENVIRONMENT)
        for each in environment["values"]:
            each["value"] = by_hand.get(each["key"], each["value"])
        (tmp_path / ENVIRONMENT).write_text(json.dumps(environment))
        (tmp_path / COLLECTION).write_text((written.folder / COLLECTION).read_text())
        played = play(Written(written.server, written.shell, tmp_path))
    assert (played.failed, played.code) == ([], 0)
    assert [name for name, asserted in played.asserted.items() if not asserted] == []


def test_newman_fails_when_the_server_answers_otherwise(written: Written, tmp_path: Path) -> None:
    """The collection can fail: with every right password wrong, and every credential another's, it does."""
    environment = written.read(ENVIRONMENT)
    for each in environment["values"]:
        if each["key"] in {"service_client_secret", "jwt_deleted"}:
            each["value"] = "another"
    (tmp_path / ENVIRONMENT).write_text(json.dumps(environment))
    (tmp_path / COLLECTION).write_text((written.folder / COLLECTION).read_text())
    played = play(Written(written.server, written.shell, tmp_path))
    assert played.code == 1
    failed = {line.partition(":")[0] for line in played.failed}
    assert {"Client credentials", "A JWT credential that was deleted"} <= failed
    assert httpx.get(f"{written.server.base_url}/health/live").status_code == 200
