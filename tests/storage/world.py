"""A small world to store: one value of each entity, overridden only in what a test is about."""

import hashlib
import json

from callgate.model.account import (
    Account,
    AccountStatus,
    Allowance,
    Extension,
    ExtensionStatus,
    ExtensionType,
    Role,
)
from callgate.model.changes import (
    AccountCreated,
    AppRegistered,
    Change,
    CredentialCreated,
    ExtensionCreated,
    RoleCreated,
    ServiceAllowed,
)
from callgate.model.client import (
    AppKind,
    AuthMethod,
    Client,
    ClientKeys,
    ClientStatus,
    GrantType,
    Switch,
)
from callgate.model.connection import Connection, ConnectionKind
from callgate.model.consent import Consent, SignIn
from callgate.model.credential import JwtCredential
from callgate.model.device import DeviceCode, DeviceState
from callgate.model.ids import AccountId, ClientId, ConnectionId, ExtensionId, RoleId, RowId
from callgate.model.issuer import Condition, TrustedIssuer
from callgate.model.key import KeyState, KeyUse, StoredKey
from callgate.model.session import PENDING_SLOT_FIRST, CredentialKind, Session, SessionState

NOW_MS = 1_800_000_000_000
"""When the tests take place, unless they move the clock."""

ACCOUNT = Account(
    id=AccountId(208594004),
    name="Acme",
    main_number="+12025550100",
    status=AccountStatus.CONFIRMED,
    brand_id="1210",
    absolute_timeout_s=0,
    idle_timeout_s=86_400,
    version=1,
)

OTHER_ACCOUNT = ACCOUNT._replace(id=AccountId(300000004), name="Other", main_number="+12025550200")

ROLE = Role(
    id=RoleId(1),
    account_id=None,
    name="Standard",
    description="What most people have",
    permissions=frozenset({"ReadCallLog", "ThirdPartyAppAccess"}),
    version=1,
)

CUSTOM_ROLE = ROLE._replace(id=RoleId(2), account_id=ACCOUNT.id, name="Reader", permissions=frozenset())

ADMIN = Extension(
    id=ExtensionId(208594004),
    account_id=ACCOUNT.id,
    number="101",
    type=ExtensionType.USER,
    status=ExtensionStatus.ENABLED,
    first_name="Ada",
    last_name="Admin",
    email="Ada.Admin@Example.com",
    role_id=ROLE.id,
    password_version=3,
    sessions_from_ms=0,
    version=1,
)

AGENT = ADMIN._replace(
    id=ExtensionId(208594102),
    number="102",
    first_name="Ben",
    last_name="Agent",
    email="ben@example.com",
    password_version=1,
)
AGENT_NUMBER = "12025550102"

SERVICE = ADMIN._replace(
    id=ExtensionId(208594901),
    number=None,
    type=ExtensionType.SERVICE,
    first_name="Reports",
    last_name="",
    email=None,
    role_id=CUSTOM_ROLE.id,
    password_version=1,
)

OTHER_SERVICE = SERVICE._replace(id=ExtensionId(300000901), account_id=OTHER_ACCOUNT.id, role_id=ROLE.id)

APP = Client(
    id=ClientId("appAPPappAPPappAPPapp1"),
    account_id=ACCOUNT.id,
    name="Reports",
    kind=AppKind.SERVER_WEB,
    private=True,
    status=ClientStatus.ACTIVE,
    auth_method=AuthMethod.CLIENT_SECRET_BASIC,
    grants=frozenset({GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN, GrantType.CLIENT_CREDENTIALS}),
    scopes=("ReadCallLog", "ReadAccounts"),
    redirect_uris=("http://localhost:5000/oauth2callback", "https://app.example.com/cb"),
    switches=frozenset({Switch.PKCE_PLAIN}),
    issues_refresh_tokens=True,
    access_ttl_s=3600,
    refresh_ttl_s=604_800,
    session_cap=5,
    version=1,
    post_logout_redirect_uris=("https://app.example.com/bye", "com.example.app:/bye"),
)
KEYS = ClientKeys(secret_sha256=hashlib.sha256(b"an app's secret").digest(), sealed_secret=None, jwks=None)

OTHER_APP = APP._replace(
    id=ClientId("othOTHothOTHothOTHoth2"), account_id=OTHER_ACCOUNT.id, name="Other app", private=False
)

ALLOWANCE = Allowance(id=RowId(7_001), account_id=ACCOUNT.id, client_id=APP.id, extension_id=SERVICE.id, version=1)
OTHER_ALLOWANCE = Allowance(
    id=RowId(7_002),
    account_id=OTHER_ACCOUNT.id,
    client_id=APP.id,
    extension_id=OTHER_SERVICE.id,
    version=4,
)

CONNECTION = Connection(
    id=ConnectionId(6_001),
    account_id=ACCOUNT.id,
    kind=ConnectionKind.SAML,
    name="Acme IdP",
    enabled=True,
    issuer="https://idp.example.com/saml",
    sso_url="https://idp.example.com/sso",
    certificates=("MIIprimary", "MIIsecondary"),
    email_attribute="mail",
    email_domains=("example.com", "example.org"),
    signs_requests=True,
    allows_idp_initiated=False,
    client_id="",
    token_url="",
    jwks_url="",
    jwks="",
    trust_version=1,
    version=1,
)
"""Not in the founding: each test that needs it makes it."""

CREDENTIAL = JwtCredential(
    id=RowId(8_001),
    account_id=ACCOUNT.id,
    extension_id=AGENT.id,
    label="Night reports",
    sha256=hashlib.sha256(b"a credential").digest(),
    client_ids=frozenset({APP.id, OTHER_APP.id}),
    created_ms=NOW_MS - 1000,
    expires_ms=None,
    last_used_ms=None,
)
CREDENTIAL_FOR_ALL = CREDENTIAL._replace(
    id=RowId(8_002), sha256=hashlib.sha256(b"another").digest(), client_ids=None, expires_ms=NOW_MS + 5000
)

TRUST = TrustedIssuer(
    id=RowId(8_500),
    account_id=ACCOUNT.id,
    client_id=APP.id,
    extension_id=SERVICE.id,
    name="Deployments",
    issuer="https://ci.example.com",
    audience="https://gate.example.com",
    conditions=(Condition("repository", "acme/app"), Condition("sub", "repo:acme/*:ref=refs/heads/**")),
    jwks_url="https://ci.example.com/jwks",
    jwks=None,
    life_max_s=7200,
    repeatable=False,
    created_ms=NOW_MS - 1000,
    last_used_ms=None,
    version=3,
)
OTHER_TRUST = TRUST._replace(
    id=RowId(8_501),
    account_id=OTHER_ACCOUNT.id,
    extension_id=None,
    conditions=(Condition("sub", "x"),),
    jwks_url=None,
    jwks='{"keys":[]}',
    repeatable=True,
    last_used_ms=NOW_MS - 5,
)

SIGN_IN = SignIn(
    id=RowId(9_001),
    account_id=ACCOUNT.id,
    extension_id=AGENT.id,
    secret_sha256=hashlib.sha256(b"a cookie").digest(),
    signed_in_ms=NOW_MS,
    expires_ms=NOW_MS + 43_200_000,
    password_version=1,
)

CONSENT = Consent(
    account_id=ACCOUNT.id,
    extension_id=AGENT.id,
    client_id=APP.id,
    scopes=frozenset({"ReadCallLog"}),
    granted_ms=NOW_MS,
)

KEY = StoredKey(
    use=KeyUse.SEALING,
    number=1,
    state=KeyState.PUBLISHED,
    wrapped=b"\x00wrapped\xff",
    published_ms=NOW_MS,
    active_ms=None,
    retired_ms=None,
)

DEVICE = DeviceCode(
    id=RowId(9_101),
    client_id=APP.id,
    secret_sha256=hashlib.sha256(b"a device code's secret").digest(),
    user_code="BCDFGHJK",
    scope="ReadCallLog openid",
    network="203.0.113.7",
    opened_ms=NOW_MS,
    expires_ms=NOW_MS + 900_000,
    state=DeviceState.PENDING,
)
APPROVED = DEVICE._replace(
    state=DeviceState.APPROVED,
    account_id=ACCOUNT.id,
    extension_id=AGENT.id,
    sign_in_id=SIGN_IN.id,
    signed_in_ms=NOW_MS,
    approved_ms=NOW_MS + 10_000,
    credential_kind=CredentialKind.PASSWORD,
    credential_id=AGENT.id,
    credential_version=AGENT.password_version,
)

PASSWORD_HASH = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA"

FOUNDING: tuple[Change, ...] = (
    AccountCreated(ACCOUNT, "cli"),
    AccountCreated(OTHER_ACCOUNT, "cli"),
    RoleCreated(ROLE, "cli"),
    RoleCreated(CUSTOM_ROLE, "cli"),
    ExtensionCreated(ADMIN, None, PASSWORD_HASH, "cli"),
    ExtensionCreated(AGENT, AGENT_NUMBER, PASSWORD_HASH, "cli"),
    AppRegistered(APP, KEYS, "cli"),
    AppRegistered(OTHER_APP, KEYS, "cli"),
    ServiceAllowed(ALLOWANCE, SERVICE, "cli"),
    ServiceAllowed(OTHER_ALLOWANCE, OTHER_SERVICE, "cli"),
    CredentialCreated(CREDENTIAL, "cli"),
    CredentialCreated(CREDENTIAL_FOR_ALL, "cli"),
)
"""What every test finds in the database."""


def session_of(number: int) -> Session:
    """A living session of AGENT with APP in the slot of its number, opened by password."""
    return Session(
        account_id=ACCOUNT.id,
        id=RowId(1_000_000 + number),
        client_id=APP.id,
        extension_id=AGENT.id,
        state=SessionState.ACTIVE,
        slot=number,
        secret_sha256=hashlib.sha256(b"secret %d" % number).digest(),
        generation=1,
        key_number=1,
        opened_ms=NOW_MS,
        first_issued_ms=NOW_MS,
        issued_ms=NOW_MS,
        first_used_ms=None,
        access_ttl_s=3600,
        refresh_ttl_s=604_800,
        scope="ReadCallLog ReadAccounts",
        endpoint_id=f"endpoint-{number}",
        credential_kind=CredentialKind.PASSWORD,
        credential_id=AGENT.id,
        credential_version=1,
        sign_in_id=None,
        signed_in_ms=None,
        nonce=None,
        redirect_uri=None,
        redirect_uri_sent=False,
        code_challenge=None,
        challenge_plain=False,
        redeemed_ms=None,
        ended_ms=None,
        ended_why=None,
    )


def pending_of(number: int) -> Session:
    """A session that waits for its code to be redeemed."""
    return session_of(number)._replace(
        state=SessionState.PENDING,
        slot=PENDING_SLOT_FIRST + number,
        generation=0,
        sign_in_id=SIGN_IN.id,
        signed_in_ms=NOW_MS,
        nonce="n-0S6_WzA2Mj",
        redirect_uri=APP.redirect_uris[0],
        redirect_uri_sent=True,
        code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        challenge_plain=True,
    )


def service_session_of(number: int) -> Session:
    """An access-only session of a service extension, outside the slots."""
    return session_of(number)._replace(
        extension_id=SERVICE.id,
        slot=None,
        refresh_ttl_s=0,
        credential_kind=CredentialKind.ALLOWANCE,
        credential_id=ALLOWANCE.id,
    )


def refreshed(session: Session, at_ms: int) -> Session:
    """The session's next generation."""
    return session._replace(
        generation=session.generation + 1,
        key_number=session.key_number + 1,
        first_issued_ms=at_ms,
        issued_ms=at_ms,
        first_used_ms=None,
    )


def entries_of(text: str) -> list[dict[str, object]]:
    """The entries of an audit link."""
    return [json.loads(line) for line in text.splitlines()]
