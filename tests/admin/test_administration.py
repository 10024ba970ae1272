"""A company set up from the command line, from nothing to a service: every noun, its JSON, its refusals."""

import json
import re
from pathlib import Path

import apsw
import pytest

from callgate.model.instant import parse_instant, render_instant
from tests.admin.shell import Shell

PASSWORD = "correct horse battery"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def open_account(shell: Shell, name: str = "Alder", number: str = "+12025550100") -> str:
    """An account's id."""
    opened = shell.give("accounts", "create", "--name", name, "--main-number", number)
    return str(opened["id"])


def register(shell: Shell, account: str, name: str, *more: str) -> dict[str, str]:
    """An app as shown at its registration."""
    options = ("--account", account, "--name", name, "--scope", "ReadAccounts", "--scope", "ReadCallLog")
    registered: dict[str, str] = shell.give("apps", "register", *options, *more)
    return registered


def test_accounts_are_opened_changed_and_disabled(shell: Shell) -> None:
    """protocol.md B: the main administrator's extension has the account's id and number 101."""
    made = shell.give(
        "accounts", "create", "--name", "Alder", "--main-number", "+12025550100", "--password-stdin", stdin=PASSWORD
    )
    assert "password" not in made
    assert shell.give("accounts", "list") == [
        {"id": made["id"], "name": "Alder", "main_number": "+12025550100", "status": "Confirmed"}
    ]
    administrator = shell.give("extensions", "show", str(made["id"]))
    assert (administrator["number"], administrator["role"]) == ("101", "Super Admin")
    assert shell.give("extensions", "show", "+12025550100") == administrator
    changed = shell.give("accounts", "update", "Alder", "--absolute-timeout-s", "3600", "--idle-timeout-s", "600")
    assert (changed["absolute_timeout_s"], changed["idle_timeout_s"]) == (3600, 600)
    moved = shell.give("accounts", "update", "Alder", "--name", "Alder Ltd", "--main-number", "+12025550109")
    assert shell.give("accounts", "show", "+12025550109") == moved
    assert shell.give("extensions", "show", "+12025550109*101") == administrator
    assert shell.give("accounts", "disable", "Alder Ltd", "--yes")["status"] == "Disabled"
    assert shell.give("accounts", "enable", "Alder Ltd")["status"] == "Confirmed"
    assert "no such" not in shell.run("accounts", "list").out
    open_account(shell, "Birch", "+12025550200")
    page = shell.run("accounts", "list", "--limit", "1")
    assert re.search(r"There are more: --after \d+", page.err)
    assert len(shell.give("accounts", "list", "--after", page.err.split()[-1])) == 1


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--name", "x", "--main-number", "12025550100"), "is not a phone number in E.164"),
        (("--name", "", "--main-number", "+12025550100"), "the account's name must have 1 to 64 characters"),
        (("--name", "x\x1b[31m", "--main-number", "+12025550100"), "one printable line"),
        (("--name", "x", "--main-number", "+12025550100", "--idle-timeout-s", "5"), "the idle time-out must be"),
        (("--name", "x", "--main-number", "+12025550100", "--email", "nobody"), "is not an e-mail address"),
        (("--name", "x", "--main-number", "+12025550100", "--password-stdin"), "a password must have 12 characters"),
    ],
)
def test_account_is_refused_when_it_cannot_be(unchanged: Shell, options: tuple[str, ...], problem: str) -> None:
    """One line says what to change."""
    assert problem in unchanged.refuse("accounts", "create", *options)


@pytest.mark.parametrize(
    "password", ["Password12345", "alder-telephony", "Ann.Alder.2025"], ids=["list", "firm", "name"]
)
def test_password_is_refused_when_it_is_easy_to_guess(shell: Shell, password: str) -> None:
    """NIST SP 800-63B section 3.1.1.2; one line says what to do, and not what was typed."""
    person = open_account(shell, "Alder Telephony")
    shell.give("extensions", "update", person, "--first-name", "Ann", "--last-name", "Alder")
    problem = shell.refuse("extensions", "set-password", person, "--password-stdin", stdin=password)
    assert "too easy to guess" in problem
    assert "several words that do not belong together" in problem
    assert password not in problem
    assert not shell.give("extensions", "list")[0]["password"]


def test_second_factors_are_required_shown_and_taken_away(shell: Shell) -> None:
    """The account's word, and what happens when somebody lost their phone."""
    person = open_account(shell)
    assert shell.give("accounts", "show", person)["mfa_policy"] == "allowed"
    assert shell.give("accounts", "update", person, "--mfa", "required")["mfa_policy"] == "required"
    assert shell.give("accounts", "update", person, "--name", "Beech")["mfa_policy"] == "required"
    assert shell.give("extensions", "list")[0]["has_factor"] is False
    reset = shell.run("extensions", "reset-mfa", person, "--yes")
    assert (reset.code, "No second factor is left" in reset.err) == (0, True)
    assert shell.give("extensions", "show", person)["has_factor"] is False
    told = [each["what"] for each in shell.give("audit", "list")]
    assert "FactorsReset" in told


def test_password_is_taken_when_the_settings_ask_for_less(shell: Shell) -> None:
    """An operator's own floor, within bounds."""
    person = open_account(shell)
    with (shell.folder / "callgate.toml").open("a") as settings:
        settings.write("[passwords]\nchars_min = 8\nstrength_min = 0\n")
    assert shell.run("extensions", "set-password", person, "--password-stdin", stdin="password").code == 0


def test_names_are_refused_when_somebody_has_them(shell: Shell) -> None:
    """Numbers and addresses are login names: each means one person of all accounts (protocol.md B)."""
    first = open_account(shell)
    shell.give("extensions", "create", "--account", first, "--first-name", "Ann", "--email", "ann@x.example")
    taken = shell.refuse("accounts", "create", "--name", "B", "--main-number", "+12025550100")
    assert "+12025550100 belongs to another account" in taken
    options = ("--name", "B", "--main-number", "+12025550200", "--email", "ANN@x.example")
    assert "belongs to somebody else" in shell.refuse("accounts", "create", *options)
    create = ("extensions", "create", "--account", first, "--first-name", "Bo")
    assert "belongs to somebody else" in shell.refuse(*create, "--email", "Ann@X.example")
    assert "the extension number 101 is taken" in shell.refuse(*create, "--number", "101")
    assert "belongs to somebody else" in shell.refuse(*create, "--phone-number", "+12025550100")
    assert "there is no role 'Boss'" in shell.refuse(*create, "--role", "Boss")
    assert "there is no account" in shell.refuse("accounts", "show", "Nobody")
    assert "there is no extension" in shell.refuse("extensions", "show", "nobody@x.example")


def test_people_get_roles_passwords_and_an_end(shell: Shell) -> None:
    """A helper with a role of the account's own, as the company's administrator would make one."""
    account = open_account(shell)
    role = shell.give("roles", "create", "--account", account, "--name", "Reader", "--permission", "ReadCompanyCallLog")
    grown = shell.give("roles", "update", "Reader", "--account", account, "--permission", "ReadExtensions")
    assert grown["permissions"] == ["ReadCompanyCallLog", "ReadExtensions"]
    shell.give("roles", "update", str(role["id"]), "--account", account, "--remove-permission", "ReadExtensions")
    assert shell.give("roles", "show", "Reader", "--account", account)["permissions"] == ["ReadCompanyCallLog"]
    listed = [each["name"] for each in shell.give("roles", "list")]
    assert listed == ["Super Admin", "Standard", "Phone System Admin", "User Admin", "Reader"]
    assert "ReadCompanyCallLog" in [each["permission"] for each in shell.give("roles", "permissions")]
    another = ("roles", "create", "--account", account, "--name")
    assert "there is no permission Fly" in shell.refuse(*another, "x", "--permission", "Fly")
    assert "a role Reader already" in shell.refuse(*another, "Reader")
    assert "is predefined" in shell.refuse("roles", "update", "Standard", "--name", "x")

    assert shell.give("roles", "default", "--account", account)["name"] == "Standard"
    assert shell.give("roles", "default", "--account", account, "--role", "Reader")["name"] == "Reader"
    assert "new people get the role Reader" in shell.refuse("roles", "delete", "Reader", "--account", account, "--yes")
    newcomer = shell.give(
        "extensions", "create", "--account", account, "--first-name", "New", "--status", "NotActivated"
    )
    assert (newcomer["role"], newcomer["status"]) == ("Reader", "NotActivated")
    shell.give("roles", "default", "--account", account, "--role", "Standard")
    assert "somebody has the role Reader" in shell.refuse("roles", "delete", "Reader", "--account", account, "--yes")
    moved = shell.give("extensions", "update", str(newcomer["id"]), "--role", "Standard", "--status", "Frozen")
    assert (moved["role"], moved["status"]) == ("Standard", "Frozen")
    assert shell.give("roles", "delete", "Reader", "--account", account, "--yes")["name"] == "Reader"
    assert "predefined" in shell.refuse("roles", "delete", "Standard", "--yes")
    shell.give("roles", "create", "--account", account, "--name", "Reader", "--permission", "ReadCompanyCallLog")

    helper = shell.give(
        *("extensions", "create", "--account", account, "--first-name", "Hal", "--number", "104", "--role", "Reader"),
        *("--email", "hal@x.example", "--phone-number", "+12025550104", "--generate-password"),
    )
    assert len(helper.pop("password")) >= 12
    assert shell.give("extensions", "show", "+12025550104") == helper
    renamed = shell.give(
        *("extensions", "update", "hal@x.example", "--first-name", "Hel", "--last-name", "Per"),
        *("--number", "105", "--email", "", "--role", "Standard"),
    )
    assert renamed == helper | {"name": "Hel Per", "number": "105", "email": None, "role": "Standard"}
    person = str(helper["id"])
    assert shell.give("extensions", "disable", person, "--yes")["status"] == "Disabled"
    assert shell.give("extensions", "enable", person)["status"] == "Enabled"
    assert "password" in shell.give("extensions", "set-password", person, "--generate-password")
    assert "password" not in shell.give("extensions", "set-password", person, "--password-stdin", stdin=PASSWORD)
    assert "nobody is there to be asked" in shell.refuse("extensions", "set-password", person)
    both = shell.refuse("extensions", "set-password", person, "--password-stdin", "--generate-password")
    assert "not both" in both
    assert shell.give("extensions", "sign-out-everywhere", person, "--yes")["id"] == helper["id"]
    listed = shell.give("extensions", "list", "--account", account)
    assert {(each["number"], each["phone_number"], each["password"]) for each in listed} == {
        ("101", None, False),
        ("105", "+12025550104", True),
        (None, None, False),
    }


def test_queues_get_settings_and_people(shell: Shell) -> None:
    """A queue is an extension nobody signs in as; people take its calls until they no longer do."""
    account = open_account(shell)
    shell.give("extensions", "create", "--account", account, "--first-name", "Ann", "--number", "102")
    made = shell.give("queues", "create", "--account", account, "--name", "Orders", "--number", "103")
    orders = str(made["id"])
    assert shell.give("extensions", "show", orders)["type"] == "Department"
    assert shell.give("queues", "show", "+12025550100*103") == made
    changed = shell.give(
        *("queues", "settings", orders, "--sla-goal", "95", "--sla-threshold", "10", "--no-count-abandoned"),
        *("--abandoned-threshold", "3", "--no-editable-member-status", "--alert-timer", "30"),
    )
    assert changed == made | {
        "sla_goal_percent": 95,
        "sla_threshold_s": 10,
        "counts_abandoned": False,
        "abandoned_threshold_s": 3,
        "editable_member_status": False,
        "alert_timer_s": 30,
    }
    assert "the alert timer is one of" in shell.refuse("queues", "settings", orders, "--alert-timer", "7")
    members = shell.give("queues", "add-members", orders, "+12025550100*102", "+12025550100")
    assert {each["number"] for each in members} == {"101", "102"}
    page = shell.run("queues", "members", orders, "--limit", "1")
    assert "There are more: --page 2" in page.err
    assert len(shell.give("queues", "members", orders, "--limit", "1", "--page", "2")) == 1
    assert len(shell.give("queues", "list", "--account", account, "--member", "+12025550100*102")) == 1
    (left,) = shell.give("queues", "remove-members", orders, "+12025550100")
    assert left["number"] == "102"
    assert shell.give("queues", "list", "--account", account, "--member", "+12025550100") == []
    assert "only people take a queue's calls" in shell.refuse("queues", "add-members", orders, orders)
    assert "is no queue" in shell.refuse("queues", "show", "+12025550100")
    assert "there is no queue" in shell.refuse("queues", "show", "9")


def test_apps_are_registered_changed_and_blocked(shell: Shell) -> None:
    """A secret is shown at registration and at rotation, and never again."""
    account = open_account(shell)
    web = register(
        shell,
        account,
        "web",
        *("--kind", "ServerWeb", "--grant", "authorization_code", "--grant", "refresh_token"),
        *("--redirect-uri", "https://a.example/cb", "--post-logout-redirect-uri", "https://a.example/bye"),
    )
    secret = web.pop("client_secret")
    assert re.fullmatch(r"[A-Za-z0-9]{43}", secret)
    assert shell.give("apps", "show", "web") == web | {"allowed_by": []}
    assert [each["client_id"] for each in shell.give("apps", "list", "--account", account)] == [web["client_id"]]
    changed = shell.give(
        *(
            "apps",
            "update",
            web["client_id"],
            "--name",
            "Web",
            "--scope",
            "ReadContacts",
            "--remove-scope",
            "ReadAccounts",
        ),
        *("--redirect-uri", "https://b.example/cb", "--remove-redirect-uri", "https://a.example/cb"),
        *("--post-logout-redirect-uri", "https://b.example/bye", "--remove-post-logout-redirect-uri"),
        "https://a.example/bye",
        *("--switch", "pkce_plain", "--remove-grant", "refresh_token", "--access-ttl-s", "900", "--session-cap", "9"),
    )
    assert changed == web | {
        "name": "Web",
        "scopes": ["ReadCallLog", "ReadContacts"],
        "redirect_uris": ["https://b.example/cb"],
        "post_logout_redirect_uris": ["https://b.example/bye"],
        "switches": ["pkce_plain"],
        "grants": ["authorization_code"],
        "issues_refresh_tokens": False,
        "access_ttl_s": 900,
        "session_cap": 9,
    }
    assert shell.give("apps", "rotate-secret", "Web")["client_secret"] != secret
    sealed = shell.give("apps", "update", "Web", "--auth-method", "client_secret_jwt")
    assert sealed["client_secret"] != secret
    assert shell.give("apps", "block", "Web", "--yes")["status"] == "Blocked"
    assert shell.give("apps", "unblock", "Web")["status"] == "Active"
    spa = register(shell, account, "spa", "--kind", "BrowserBased", "--grant", "authorization_code")
    assert "client_secret" not in spa
    assert "has no secret" in shell.refuse("apps", "rotate-secret", "spa")
    assert "there is no app" in shell.refuse("apps", "show", "none")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("--kind ServerWeb --grant implicit", "cannot have the grant implicit"),
        ("--kind BrowserBased --grant password", "cannot have the grant password"),
        ("--kind ServerWeb --public --grant password", "a public ServerWeb app cannot have the grant password"),
        ("--kind BrowserBased --grant client_credentials", "cannot have the grant client_credentials"),
        ("--kind ServerOther --grant refresh_token", "at least one grant that opens a session"),
        ("--kind ServerOther --grant password --refresh-tokens", "needs the grant refresh_token"),
        ("--kind ServerOther --grant password --redirect-uri https://a.example", "redirect URIs are for apps with"),
        (
            "--kind ServerWeb --grant authorization_code --redirect-uri http://a.example",
            "http is allowed for localhost",
        ),
        ("--kind ServerWeb --grant authorization_code --redirect-uri https://a.example/#x", "fragment"),
        ("--kind ServerWeb --grant authorization_code --redirect-uri https://a.example/*", "wildcards"),
        ("--kind ServerWeb --grant authorization_code --scope Everything", "there is no scope Everything"),
        ("--kind ServerWeb --grant authorization_code --auth-method none", "must prove itself"),
        ("--kind BrowserBased --grant authorization_code --auth-method client_secret_basic", "cannot keep a secret"),
        ("--kind ServerWeb --grant authorization_code --auth-method private_key_jwt", "needs the app's public keys"),
        ("--kind ServerOther --grant password --switch pkce_plain", "the switch pkce_plain has no meaning"),
        ("--kind ServerWeb --grant authorization_code --access-ttl-s 9", "lifetime must be 600 to 3600"),
        ("--kind ServerWeb --grant authorization_code --session-cap 0", "session cap must be 1 to 100"),
    ],
)
def test_app_is_refused_when_it_is_impossible(unchanged: Shell, options: str, problem: str) -> None:
    """protocol.md A.2, A.4 and RFC 9700: what could never work safely is not registered."""
    command = ("apps", "register", "--account", "Alder", "--name", "x", "--scope", "ReadAccounts")
    assert problem in unchanged.refuse(*command, *options.split())


def test_app_proves_itself_by_its_own_key_when_registered_with_it(shell: Shell) -> None:
    """RFC 7523: Callgate holds the public half only."""
    account = open_account(shell)
    public = {"kty": "EC", "crv": "P-256", "kid": "1", "use": "sig", "alg": "ES256"}
    point = {
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    }
    (shell.folder / "jwks.json").write_text(json.dumps({"keys": [public | point]}))
    (shell.folder / "bad.json").write_text("[]")
    options = ("--kind", "ServerOther", "--grant", JWT_BEARER, "--auth-method", "private_key_jwt", "--jwks")
    registered = register(shell, account, "own key", *options, "jwks.json")
    assert "client_secret" not in registered
    command = ("apps", "register", "--account", account, "--name", "x", "--scope", "ReadAccounts", *options)
    assert "the JWK Set cannot be used" in shell.refuse(*command, "bad.json")
    assert "No such file" in shell.refuse(*command, "gone.json", code=3)


def test_service_is_allowed_once_and_disallowed(shell: Shell) -> None:
    """Ruling 7, ruling 8: an account's yes, bounded by a role of its own, made visible as an extension."""
    account, stranger = open_account(shell), open_account(shell, "Birch", "+12025550200")
    register(shell, account, "nightly", "--kind", "ServerOther", "--grant", "client_credentials")
    register(shell, account, "other", "--kind", "ServerOther", "--grant", JWT_BEARER)
    shell.give("roles", "create", "--account", account, "--name", "Reader", "--permission", "ReadCompanyCallLog")
    allow = ("apps", "allow-service", "nightly", "--account", account, "--role")
    allowed = shell.give(*allow, "Reader")
    service = shell.give("extensions", "show", str(allowed["service_extension_id"]))
    assert (service["type"], service["number"], service["name"]) == ("ApplicationExtension", None, "nightly")
    assert shell.give("apps", "show", "nightly")["allowed_by"] == [f"{account}:Reader"]
    assert "allows nightly already" in shell.refuse(*allow, "Standard")
    assert "no password" in shell.refuse(
        "extensions", "set-password", str(service["id"]), "--password-stdin", stdin=PASSWORD
    )
    foreign = ("apps", "allow-service", "nightly", "--account", stranger, "--role", "Standard")
    assert "private" in shell.refuse(*foreign)
    assert "not registered for client_credentials" in shell.refuse(
        "apps", "allow-service", "other", "--account", account, "--role", "Reader"
    )
    shell.give("apps", "disallow-service", "nightly", "--account", account, "--yes")
    assert "does not allow" in shell.refuse("apps", "disallow-service", "nightly", "--account", account, "--yes")
    assert shell.give("extensions", "show", str(service["id"]))["status"] == "Disabled"


def test_credentials_are_created_listed_and_deleted(shell: Shell) -> None:
    """protocol.md G: shown once, for all apps of the organisation or those named, immutable, deletable."""
    account = open_account(shell)
    app = register(shell, account, "script", "--kind", "ServerOther", "--grant", JWT_BEARER)
    create = ("credentials", "create", "--person", account, "--label")
    every = shell.give(*create, "all apps")
    named = shell.give(*create, "one app", "--app", "script", "--expires", "2099-01-31T12:00:00Z")
    assert every["jwt"].count(".") == 2
    assert (every["apps"], every["expires"]) == ("all", None)
    assert (named["apps"], named["expires"]) == ([app["client_id"]], "2099-01-31T12:00:00.000Z")
    shown = [{name: value for name, value in each.items() if name != "jwt"} for each in (every, named)]
    assert shell.give("credentials", "list", "--person", "+12025550100") == shown
    assert shell.give("credentials", "list", "--account", account) == shown
    assert shell.give("credentials", "delete", str(every["id"]), "--yes") == shown[0]
    assert shell.give("credentials", "list") == shown[1:]
    assert "is over" in shell.refuse(*create, "late", "--expires", "2001-01-01")
    assert "not an ISO 8601" in shell.refuse(*create, "late", "--expires", "tomorrow")
    assert "there is no app" in shell.refuse(*create, "late", "--app", "none")
    assert "there is no credential" in shell.refuse("credentials", "delete", str(every["id"]), "--yes")
    assert "is not the id" in shell.refuse("credentials", "delete", "x")
    queue = shell.give(
        "extensions", "create", "--account", account, "--first-name", "Q", "--number", "7", "--type", "Department"
    )
    assert "for a person" in shell.refuse("credentials", "create", "--person", str(queue["id"]), "--label", "q")


def test_consents_are_refused_when_there_is_none(shell: Shell) -> None:
    """Nobody agreed to anything on the command line: what people say on the page is tried in tests/web."""
    account = open_account(shell)
    register(shell, account, "web", "--kind", "ServerWeb", "--grant", "authorization_code")
    assert shell.give("consents", "list", "--account", account, "--app", "web", "--person", account) == []
    assert "has not agreed to this app" in shell.refuse("consents", "withdraw", account, "web", "--yes")
    assert "there is no app" in shell.refuse("consents", "withdraw", account, "none")
    for after in ("x", "1" * 20, f"{2**63}:web"):  # an id is what a column holds, here as everywhere
        assert "with a colon between" in shell.refuse("consents", "list", "--after", after)
    assert shell.give("consents", "list", "--after", f"{2**63 - 1}:web") == []


def test_first_key_file_is_made_without_a_word_of_servers(shell: Shell) -> None:
    """Whoever sets a server up has none to start anew, and nothing to wrap."""
    first = shell.run("keys", "new-kek", "--file", "first")
    assert (first.code, first.err) == (0, "")
    second = shell.run("keys", "new-kek", "--file", "first")
    assert "callgate keys rewrap" in second.err


def test_keys_are_rotated_and_wrapped_anew(shell: Shell) -> None:
    """A new key-encryption key takes over without a moment in which something cannot be opened."""
    account = open_account(shell)
    shell.give("credentials", "create", "--person", account, "--label", "makes the first keys")
    options = ("--kind", "ServerOther", "--grant", JWT_BEARER, "--auth-method", "client_secret_jwt")
    register(shell, account, "sealed", *options)
    uses = [(each["use"], each["number"], each["state"]) for each in shell.give("keys", "list")]
    assert ("sealing", 1, "active") in uses
    assert shell.give("keys", "rotate") == {"use": "sealing", "number": 2, "state": "published"}
    (waiting,) = [each for each in shell.give("keys", "list") if each["state"] == "published"]
    at = render_instant((parse_instant(waiting["published"]) or 0) + 120_000)
    assert f"is published already, and becomes active by itself: {at}" in shell.refuse("keys", "rotate")
    keys, secrets = len(uses) + 1, 1
    old = (shell.folder / "kek").read_text()
    made = shell.give("keys", "new-kek")
    assert (shell.folder / "kek").stat().st_mode & 0o777 == 0o600
    assert shell.give("keys", "rewrap") == {"key": made["key"], "wrapped": keys + secrets}
    assert shell.give("keys", "rewrap")["wrapped"] == 0
    assert shell.give("keys", "drop-old-keks", "--yes") == {"file": "kek", "wrapped": 0, "dropped": 1}
    assert shell.give("credentials", "create", "--person", account, "--label", "still signs")["jwt"]
    (shell.folder / "kek").write_text(old)
    assert "was wrapped by key-encryption key" in shell.refuse(
        "credentials", "create", "--person", account, "--label", "x", code=3
    )
    (shell.folder / "kek").unlink()
    create = ("credentials", "create", "--person", account, "--label", "x")
    assert "cannot read the key file kek" in shell.refuse(*create, code=3)
    assert not (shell.folder / "kek").exists(), "a lost key is never replaced by one that opens nothing"
    made = shell.give("keys", "new-kek", "--file", "another")
    assert len(made["key"]) == 16


def test_settings_are_checked_and_masked(shell: Shell) -> None:
    """`config check` is what an operator runs before a restart."""
    entries = {each["setting"]: each["value"] for each in shell.give("config", "check")}
    assert entries["keys.key_encryption_key_file"] == "kek"
    assert entries["server.port"] == "8080"
    (shell.folder / "wrong.toml").write_text("[server]\nprot = 1\n[lock]\n")
    (shell.folder / "secret.toml").write_text('[limits]\nstore = "redis://h"\nstore_password_file = "gone"\n')
    for words in (("config", "check"), ("serve", "--check")):
        ended = shell.run(*words, "--config", "secret.toml")
        assert (ended.code, ended.err) == (2, "limits.store_password_file: No such file or directory: gone\n")
    ended = shell.run("config", "check", "--config", "wrong.toml")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.splitlines() == [
        "wrong.toml: server.prot is not a setting; did you mean server.port?",
        "wrong.toml: [lock] is not a section; did you mean log?",
    ]


def test_every_act_is_in_the_audit_log_and_the_log_shows_when_it_was_altered(shell: Shell, tmp_path: Path) -> None:
    """A chain of hashes: what was done, by whom, and whether somebody has been at it."""
    account = open_account(shell)
    shell.give("accounts", "update", account, "--name", "Renamed")
    entries = shell.give("audit", "list")
    assert [(each["what"], each["by"]) for each in entries[:3]] == [
        ("AccountChanged", "cli"),
        ("ExtensionCreated", "cli"),
        ("AccountCreated", "cli"),
    ]
    assert '"name": ["Alder", "Renamed"]' in entries[0]["about"]
    (chain,) = shell.give("audit", "verify")
    assert (chain["writer"], chain["links"], chain["entries"]) == ("cli", 3, 7)
    assert shell.give("audit", "list", "--limit", "1") == entries[:1]
    assert "There are more: --after cli/3" in shell.run("audit", "list", "--limit", "1").err
    assert shell.give("audit", "list", "--after", "cli/3") == entries[1:]
    assert shell.give("audit", "list", "--after", "cli/9") == []
    assert "is not a link" in shell.refuse("audit", "list", "--after", "cli")
    assert len(shell.give("audit", "list", "--before", "2001-01-01")) == 0
    assert "not an ISO 8601" in shell.refuse("audit", "list", "--before", "then")
    assert shell.give("db", "check")["whole"]
    falsify(tmp_path / "callgate.db")
    assert "the audit log was altered: link 3 of cli: its content was altered" in shell.refuse("audit", "verify")
    assert "its content was altered" in shell.refuse("db", "check")


def falsify(database: Path) -> None:
    """Change what the log says was done, as somebody with the file could."""
    with apsw.Connection(str(database)) as connection:
        connection.execute("UPDATE audit SET entries = replace(entries, 'Renamed', 'Blamed')")
