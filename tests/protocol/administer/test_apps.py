"""Apps, services, credentials and sessions: which registrations are possible at all, and what acts on them write."""

from collections.abc import Callable

import pytest

from callgate.model.account import Allowance, Extension, ExtensionType
from callgate.model.acts import AllowanceActFacts, AppActFacts, CellFacts, CredentialActFacts, Refused
from callgate.model.changes import (
    AppChanged,
    AppRegistered,
    CredentialCreated,
    CredentialDeleted,
    ServiceAllowed,
    ServiceDisallowed,
    SessionEnded,
    SessionsFromMoved,
)
from callgate.model.client import AppKind, AuthMethod, Client, ClientKeys, ClientStatus, GrantType, Switch
from callgate.model.decisions import Done
from callgate.model.ids import ClientId, ExtensionId, RowId
from callgate.model.listings import ListedSession, SessionsFacts
from callgate.model.session import EndReason, SessionState
from callgate.protocol.administer import apps, credentials, services, sessions
from tests.factories import (
    ACCOUNT,
    ACTIVE,
    AGENT,
    ALLOWANCE,
    CREDENTIAL,
    FOREIGN,
    NATIVE,
    NOW_MS,
    OTHER_ACCOUNT,
    QUEUE,
    ROLE,
    SCRIPT,
    SERVICE,
    SESSION_FACTS,
    SPA,
    WEB,
)

HASHED = ClientKeys(b"hash", None, None)
SEALED = ClientKeys(None, b"sealed", None)
PUBLIC = ClientKeys(None, None, '{"keys": []}')
NOTHING = ClientKeys(None, None, None)
NEW = AppActFacts(NOW_MS, ACCOUNT, None, name_taken=False)
THERE = NEW._replace(client=WEB)


@pytest.mark.parametrize(
    ("client", "keys"),
    [
        (WEB, HASHED),
        (SPA, NOTHING),
        (NATIVE, NOTHING),
        (SCRIPT, HASHED),
        (SERVICE, HASHED),
        (FOREIGN, HASHED),
        (WEB._replace(redirect_uris=()), HASHED),
        (WEB._replace(auth_method=AuthMethod.CLIENT_SECRET_JWT), SEALED),
        (WEB._replace(auth_method=AuthMethod.PRIVATE_KEY_JWT), PUBLIC),
        (WEB._replace(auth_method=AuthMethod.FEDERATED_JWT), NOTHING),
        (WEB._replace(switches=frozenset({Switch.ID_TOKEN_HS256})), HASHED._replace(sealed_secret=b"sealed")),
        (
            WEB._replace(
                auth_method=AuthMethod.PRIVATE_KEY_JWT,
                switches=frozenset({Switch.ASSERTION_FOR_TOKEN_URL, Switch.LATE_REPEAT_ENDS, Switch.PKCE_PLAIN}),
            ),
            PUBLIC,
        ),
    ],
)
def test_app_is_registered_with_what_proves_it(client: Client, keys: ClientKeys) -> None:
    """protocol.md A.2, A.3: every kind there is, each with the proof its method needs."""
    assert apps.register_app(client, keys, facts=NEW, by="cli") == Done((AppRegistered(client, keys, "cli"),))


@pytest.mark.parametrize(
    "keys", [NOTHING, SEALED, PUBLIC, HASHED._replace(sealed_secret=b"x"), HASHED._replace(jwks="x")]
)
def test_app_is_refused_when_it_has_another_proof_than_its_method(keys: ClientKeys) -> None:
    """An app without a secret must never be one that needs none."""
    assert isinstance(apps.register_app(WEB, keys, facts=NEW, by="cli"), Refused)


@pytest.mark.parametrize(
    ("client", "problem"),
    [
        (WEB._replace(name=""), "the app's name must have"),
        (WEB._replace(grants=frozenset({GrantType.IMPLICIT})), "cannot have the grant implicit"),
        (SPA._replace(grants=frozenset({GrantType.JWT_BEARER})), "a private BrowserBased app cannot have"),
        (FOREIGN._replace(grants=frozenset({GrantType.PASSWORD})), "a public ServerWeb app cannot have"),
        (SCRIPT._replace(grants=frozenset({GrantType.REFRESH_TOKEN})), "at least one grant that opens a session"),
        (SCRIPT._replace(grants=frozenset({GrantType.PASSWORD})), "needs the grant refresh_token"),
        (WEB._replace(scopes=()), "at least one scope"),
        (WEB._replace(scopes=("openid",)), "there is no scope openid"),
        (WEB._replace(scopes=("SMS", "SMS")), "a scope is named twice"),
        (SCRIPT._replace(redirect_uris=("https://a.example",)), "redirect URIs are for apps with"),
        (WEB._replace(redirect_uris=("https://a.example",) * 2), "a redirect URI is named twice"),
        (WEB._replace(redirect_uris=tuple(f"https://{n}.example" for n in range(11))), "at most 10 redirect URIs"),
        (WEB._replace(redirect_uris=("javascript:alert(1)",)), "javascript:alert(1) cannot be registered"),
        (SCRIPT._replace(post_logout_redirect_uris=("https://a.example",)), "post-logout redirect URIs are for apps"),
        (
            WEB._replace(post_logout_redirect_uris=("https://a.example",) * 2),
            "a post-logout redirect URI is named twice",
        ),
        (WEB._replace(post_logout_redirect_uris=("javascript:alert(1)",)), "the post-logout redirect URI javascript:"),
        (WEB._replace(auth_method=AuthMethod.NONE), "must prove itself"),
        (SPA._replace(auth_method=AuthMethod.PRIVATE_KEY_JWT), "cannot keep a secret"),
        (SCRIPT._replace(switches=frozenset({Switch.PKCE_PLAIN})), "pkce_plain has no meaning"),
        (SPA._replace(switches=frozenset({Switch.CLIENT_SECRET_POST})), "client_secret_post has no meaning"),
        (WEB._replace(switches=frozenset({Switch.ASSERTION_FOR_TOKEN_URL})), "has no meaning"),
        (SPA._replace(switches=frozenset({Switch.LATE_REPEAT_ENDS})), "has no meaning"),
        (SPA._replace(switches=frozenset({Switch.ID_TOKEN_HS256})), "has no meaning"),
        (WEB._replace(switches=frozenset({Switch.ID_TOKEN_HS256, Switch.ID_TOKEN_ES256})), "signed in one way"),
        (WEB._replace(access_ttl_s=599), "access token's lifetime must be 600 to 3600"),
        (WEB._replace(refresh_ttl_s=2_592_001), "refresh token's lifetime must be 600 to 2592000"),
        (WEB._replace(session_cap=101), "session cap must be 1 to 100"),
    ],
)
def test_app_is_refused_when_it_is_impossible(client: Client, problem: str) -> None:
    """What could never work, or never safely, is not registered."""
    refused = apps.register_app(client, HASHED, facts=NEW, by="cli")
    assert isinstance(refused, Refused)
    assert problem in refused.problem


def test_app_is_refused_when_its_name_or_owner_does_not_fit() -> None:
    """People find apps by name on the command line."""
    taken = apps.register_app(WEB, HASHED, facts=NEW._replace(name_taken=True), by="cli")
    assert taken == Refused("its account has an app Web already")
    assert apps.register_app(WEB, HASHED, facts=NEW._replace(owner=None), by="cli") == Refused(
        "there is no such account"
    )


@pytest.mark.parametrize(
    ("edit", "keys", "after"),
    [
        (
            apps.blocked,
            None,
            WEB._replace(status=ClientStatus.BLOCKED, version=2, sessions_from_ms=THERE.now_ms + 1),
        ),
        (lambda c: c, HASHED, WEB._replace(version=2)),
        (lambda c: c._replace(name="New"), None, WEB._replace(name="New", version=2)),
    ],
)
def test_app_changes_by_one_version(edit: Callable[[Client], Client], keys: ClientKeys | None, after: Client) -> None:
    """A proof names the version it stood on; a new secret alone is a change too."""
    changed = apps.change_app(edit, keys=keys, facts=THERE, by="cli")
    assert changed == Done((AppChanged(WEB, after, keys, "cli"),))


def test_blocked_app_has_lost_its_sessions_when_it_is_unblocked() -> None:
    """ASVS 7.4.2: what was issued before the block stays over."""
    before = WEB._replace(status=ClientStatus.BLOCKED, sessions_from_ms=7)
    changed = apps.change_app(apps.unblocked, keys=None, facts=THERE._replace(client=before), by="cli")
    after = before._replace(status=ClientStatus.ACTIVE, version=2)
    assert changed == Done((AppChanged(before, after, None, "cli"),))


def test_app_is_not_changed_when_it_is_gone_the_same_or_impossible() -> None:
    """Nothing is written."""
    assert apps.change_app(lambda c: c, keys=None, facts=NEW, by="cli") == Refused("there is no such app")
    assert apps.change_app(apps.unblocked, keys=None, facts=THERE, by="cli") == Done()
    assert isinstance(apps.change_app(lambda c: c._replace(scopes=()), keys=None, facts=THERE, by="cli"), Refused)
    assert isinstance(apps.change_app(lambda c: c, keys=PUBLIC, facts=THERE, by="cli"), Refused)


def test_secret_is_sealed_only_where_it_is_computed_with() -> None:
    """A hash cannot sign."""
    assert not apps.needs_sealed_secret(WEB)
    assert apps.needs_sealed_secret(WEB._replace(auth_method=AuthMethod.CLIENT_SECRET_JWT))
    assert apps.needs_sealed_secret(WEB._replace(switches=frozenset({Switch.ID_TOKEN_HS256})))
    assert not apps.keeps_secret(SPA)


ALLOW = AllowanceActFacts(NOW_MS, SERVICE, ACCOUNT, ROLE, None)


def test_service_gets_an_extension_without_number_or_login() -> None:
    """Ruling 7, ruling 8: bounded by a role, visible among the extensions."""
    allowed = services.allow_service(RowId(5), ExtensionId(6), facts=ALLOW, by="cli")
    assert isinstance(allowed, Done)
    (change,) = allowed.changes
    assert isinstance(change, ServiceAllowed)
    assert change.allowance == Allowance(RowId(5), ACCOUNT.id, SERVICE.id, ExtensionId(6), 1)
    made = change.extension
    assert (made.type, made.number, made.email, made.role_id) == (ExtensionType.SERVICE, None, None, ROLE.id)


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        (ALLOW._replace(client=None), "no such app"),
        (ALLOW._replace(account=None), "no such account"),
        (ALLOW._replace(role=None), "no such role"),
        (ALLOW._replace(role=ROLE._replace(account_id=OTHER_ACCOUNT.id)), "no such role"),
        (ALLOW._replace(allowance=ALLOWANCE), "allows Archive already"),
        (ALLOW._replace(client=SCRIPT), "not registered for client_credentials"),
        (ALLOW._replace(account=OTHER_ACCOUNT, role=ROLE._replace(account_id=None)), "private"),
        (
            ALLOW._replace(
                client=SERVICE._replace(account_id=OTHER_ACCOUNT.id, private=False),
                role=ROLE._replace(permissions=frozenset()),
            ),
            "ThirdPartyAppAccess",
        ),
    ],
)
def test_service_is_not_allowed_when_it_could_not_work(facts: AllowanceActFacts, problem: str) -> None:
    """What the token endpoint would refuse is refused here, where somebody can mend it."""
    refused = services.allow_service(RowId(5), ExtensionId(6), facts=facts, by="cli")
    assert isinstance(refused, Refused)
    assert problem in refused.problem


def test_service_is_disallowed_once() -> None:
    """The allowance goes, and its sessions are over by comparison."""
    taken = services.disallow_service(facts=ALLOW._replace(allowance=ALLOWANCE), by="cli")
    assert taken == Done((ServiceDisallowed(ALLOWANCE, "cli"),))
    assert isinstance(services.disallow_service(facts=ALLOW, by="cli"), Refused)


FOR_AGENT = CredentialActFacts(NOW_MS, ACCOUNT, AGENT, None, ())


def test_credential_is_made_for_a_person_and_deleted() -> None:
    """protocol.md G: immutable; deleting is the only change."""
    made = credentials.create_credential(CREDENTIAL, facts=FOR_AGENT, by="cli")
    assert made == Done((CredentialCreated(CREDENTIAL, "cli"),))
    gone = credentials.delete_credential(facts=FOR_AGENT._replace(credential=CREDENTIAL), by="cli")
    assert gone == Done((CredentialDeleted(CREDENTIAL, "cli"),))
    assert isinstance(credentials.delete_credential(facts=FOR_AGENT, by="cli"), Refused)


@pytest.mark.parametrize(
    ("credential", "facts", "problem"),
    [
        (CREDENTIAL, FOR_AGENT._replace(extension=None, account=None), "no such extension"),
        (CREDENTIAL, FOR_AGENT._replace(extension=QUEUE), "is for a person"),
        (CREDENTIAL._replace(label=""), FOR_AGENT, "the label must have"),
        (CREDENTIAL, FOR_AGENT._replace(unknown_apps=(ClientId("gone"),)), "there is no app gone"),
        (CREDENTIAL._replace(client_ids=frozenset()), FOR_AGENT, "name 1 to 50 apps"),
    ],
)
def test_credential_is_refused_when_it_cannot_be(credential: object, facts: CredentialActFacts, problem: str) -> None:
    """A credential is somebody's."""
    refused = credentials.create_credential(credential, facts=facts, by="cli")  # type: ignore[arg-type] # rows of one table
    assert isinstance(refused, Refused)
    assert problem in refused.problem


def test_session_is_ended_once() -> None:
    """The row remembers who ended it."""
    ended = sessions.end_session(facts=SESSION_FACTS, by="cli")
    assert ended == Done((SessionEnded(ACTIVE, EndReason.ADMINISTRATOR, NOW_MS, "cli"),))
    over = ACTIVE._replace(state=SessionState.ENDED, ended_why=EndReason.REVOKED)
    for session in (None, over):
        assert isinstance(sessions.end_session(facts=SESSION_FACTS._replace(session=session), by="cli"), Refused)


def test_every_session_is_ended_and_the_line_never_moves_back() -> None:
    """Architecture, "Sessions end by comparison": what was issued in this very millisecond is over too."""
    assert sessions.end_every_session(facts=CellFacts(NOW_MS, 5), by="cli") == Done(
        (SessionsFromMoved(NOW_MS + 1, "cli"),)
    )
    later = CellFacts(NOW_MS, NOW_MS + 1000)
    assert sessions.end_every_session(facts=later, by="cli") == Done((SessionsFromMoved(NOW_MS + 1001, "cli"),))


LISTED = ListedSession(ACTIVE, AGENT.password_version, WEB, ACCOUNT, AGENT)


@pytest.mark.parametrize(
    ("listed", "over"),
    [
        (LISTED, None),
        (
            LISTED._replace(session=ACTIVE._replace(state=SessionState.ENDED, ended_why=EndReason.EVICTED)),
            EndReason.EVICTED,
        ),
        (LISTED._replace(session=ACTIVE._replace(issued_ms=0)), EndReason.EXPIRED),
        (LISTED._replace(credential_version=None), EndReason.CREDENTIAL_CHANGED),
        (LISTED._replace(client=None), EndReason.APP_BLOCKED),
        (LISTED._replace(client=apps.blocked(WEB)), EndReason.APP_BLOCKED),
        (LISTED._replace(account=None), EndReason.ADMINISTRATOR),
        (LISTED._replace(extension=None), EndReason.ADMINISTRATOR),
        (LISTED._replace(account=ACCOUNT._replace(idle_timeout_s=60)), EndReason.IDLE_TIMEOUT),
    ],
)
def test_listed_session_is_over_when_the_server_would_refuse_it(listed: ListedSession, over: EndReason | None) -> None:
    """What an administrator sees is what a bearer is told."""
    assert sessions.why_listed_over(listed, SessionsFacts(NOW_MS, 0, (listed,))) is over


def test_extension_of_a_disabled_person_has_no_living_session() -> None:
    """Disabled means disabled."""
    disabled: Extension = AGENT._replace(status=type(AGENT.status).DISABLED)
    listed = LISTED._replace(extension=disabled)
    assert sessions.why_listed_over(listed, SessionsFacts(NOW_MS, 0, (listed,))) is EndReason.ADMINISTRATOR


def test_kind_and_audience_never_change() -> None:
    """protocol.md A.1: an app is registered anew instead."""
    with pytest.raises(AssertionError):
        apps.change_app(lambda c: c._replace(kind=AppKind.SERVER_BOT), keys=None, facts=THERE, by="cli")


def test_change_is_refused_when_the_app_now_proves_itself_in_another_way_than_was_seen() -> None:
    """Two administrators at once: without a new proof, the app could never prove itself again."""
    meanwhile = WEB._replace(auth_method=AuthMethod.CLIENT_SECRET_JWT, version=2)
    facts = NEW._replace(client=meanwhile)
    back = apps.change_app(
        lambda app: app._replace(auth_method=AuthMethod.CLIENT_SECRET_BASIC), keys=None, facts=facts, by="cli"
    )
    assert back == Refused("how Web proves itself was changed meanwhile: look at it, then try again")
