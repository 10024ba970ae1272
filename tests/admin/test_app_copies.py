"""Apps of every account, taken from one cell to another by the command line."""

import json
import subprocess
from pathlib import Path
from shutil import copytree
from typing import Any, NamedTuple

import pytest

from tests.admin.shell import Shell
from tests.crypto.forge import ec_jwk, ec_key, jwks

ORIGIN = "https://app.example.com"
REGISTER = (
    *("apps", "register", "--account", "Alder", "--kind", "ServerWeb", "--public", "--scope", "ReadAccounts"),
    *("--grant", "authorization_code", "--grant", "refresh_token", "--redirect-uri", f"{ORIGIN}/back"),
    *("--post-logout-redirect-uri", f"{ORIGIN}/gone", "--rate", "heavy=7", "--session-cap", "9"),
)


class Cells(NamedTuple):
    """Two installations, each with an account that the app is registered for."""

    one: Shell
    two: Shell


@pytest.fixture
def cells(forker: "subprocess.Popen[str]", migrated: Path, tmp_path: Path) -> Cells:
    """The account has another name in the second."""
    shells = [Shell(Path(copytree(migrated, tmp_path / name)), forker) for name in ("one", "two")]
    for shell, name in zip(shells, ("Alder", "Birch"), strict=True):
        shell.give("accounts", "create", "--name", name, "--main-number", "+12025550100")
    return Cells(*shells)


def export(shell: Shell, app: str) -> dict[str, Any]:
    """What another cell takes in."""
    copy: dict[str, Any] = json.loads(shell.run("apps", "export", app).out)
    return copy


def take_in(shell: Shell, copy: object) -> tuple[str, ...]:
    """The command that takes it in, from a file beside the settings."""
    (shell.folder / "app.json").write_text(copy if isinstance(copy, str) else json.dumps(copy))
    return ("apps", "import", "app.json", "--account", "Birch")


def test_app_is_the_same_in_the_other_cell_and_follows_its_changes(cells: Cells) -> None:
    """Id, proof, switches, numbers; a secret that was changed is changed there too, and never printed."""
    made = cells.one.give(*REGISTER, "--name", "App")
    copy = export(cells.one, "App")
    taken = cells.two.give(*take_in(cells.two, copy))
    assert taken["client_id"] == made["client_id"]
    assert export(cells.two, "App") == copy
    secret = cells.one.give("apps", "rotate-secret", "App")["client_secret"]
    cells.one.give(
        "apps", "update", "App", "--name", "Renamed", "--switch", "client_secret_post", "--remove-rate", "heavy"
    )
    later = export(cells.one, "Renamed")
    assert later["secret_sha256"] != copy["secret_sha256"]
    cells.two.give(*take_in(cells.two, later))
    assert export(cells.two, "Renamed") == later
    shown = cells.two.give("apps", "show", "Renamed")
    assert (shown["switches"], shown["rates"], shown["audience"]) == (["client_secret_post"], [], "public")
    for hidden in (secret, made["client_secret"]):
        assert hidden not in json.dumps([copy, later]) + "".join(cells.two.printed)
    told = [entry["what"] for entry in cells.two.give("audit", "list")]
    assert [told.count(each) for each in ("AppRegistered", "AppChanged")] == [1, 1], told


def test_app_that_signs_is_taken_with_its_public_keys(cells: Cells) -> None:
    """There is no secret that could travel."""
    keys = jwks(ec_jwk(ec_key(which=7), kid="k", alg="ES256", use="sig"))
    (cells.one.folder / "jwks.json").write_text(keys)
    cells.one.give(*REGISTER, "--name", "App", "--auth-method", "private_key_jwt", "--jwks", "jwks.json")
    copy = export(cells.one, "App")
    assert (copy["secret_sha256"], copy["jwks"]) == (None, keys)
    cells.two.give(*take_in(cells.two, copy))
    assert export(cells.two, "App") == copy


def test_app_that_cannot_be_in_two_cells_is_not_exported(cells: Cells) -> None:
    """One account's alone; and one whose secret only this cell's key opens."""
    private = [word for word in REGISTER if word != "--public"]
    cells.one.give(*private, "--name", "Private")
    assert "is private" in cells.one.refuse("apps", "export", "Private")
    cells.one.give(*REGISTER, "--name", "Signs", "--auth-method", "client_secret_jwt")
    assert "use private_key_jwt" in cells.one.refuse("apps", "export", "Signs")


def test_file_that_somebody_spoilt_is_refused(cells: Cells) -> None:
    """By the rules that registering has; nothing is written."""
    cells.one.give(*REGISTER, "--name", "App")
    copy = export(cells.one, "App")
    assert "session cap must be" in cells.two.refuse(*take_in(cells.two, copy | {"session_cap": 9999}))
    assert "is not what" in cells.two.refuse(*take_in(cells.two, copy | {"client_id": "../x"}))
    assert "nowhere" in cells.two.refuse("apps", "import", "nowhere", "--account", "Birch", code=3)
    assert cells.two.give("apps", "list") == []


def test_app_stays_what_it_is_and_whose_it_is(cells: Cells) -> None:
    """Its kind and its account never change, here as there."""
    cells.one.give(*REGISTER, "--name", "App")
    copy = export(cells.one, "App")
    cells.two.give(*take_in(cells.two, copy))
    other = copy | {"kind": "BrowserBased", "auth_method": "none", "secret_sha256": None}
    assert "another kind of app here" in cells.two.refuse(*take_in(cells.two, other))
    cells.two.give("accounts", "create", "--name", "Cedar", "--main-number", "+12025550101")
    assert "another account's" in cells.two.refuse(*take_in(cells.two, copy)[:-1], "Cedar")
