"""Values for tests of the pure floors: sound, ordinary and frozen. A test overrides what matters with `_replace`.

The world: account 1001 with its administrator and an agent; account 2002, which owns apps of its own. At `NOW_MS` the
agent has a session of each app, opened a minute ago.
"""

import hashlib
from dataclasses import replace

from callgate.model.account import Account, AccountStatus, Allowance, Extension, ExtensionStatus, ExtensionType, Role
from callgate.model.client import AppKind, AuthMethod, Client, ClientStatus, GrantType
from callgate.model.connection import NAME_ID, Connection, ConnectionKind
from callgate.model.consent import Consent, SignIn
from callgate.model.credential import JwtCredential
from callgate.model.decisions import AuthorizeRequest, Denied
from callgate.model.device import DeviceCode, DeviceState
from callgate.model.evidence import ClientProven, PasswordProven
from callgate.model.facts import Allowed, AuthorizeFacts, OpeningFacts, Seated, ServiceFacts, SessionFacts
from callgate.model.ids import AccountId, ClientId, ConnectionId, ExtensionId, RoleId, RowId
from callgate.model.issuer import Condition, OutsideProven, TrustedIssuer, TrustFacts
from callgate.model.moment import Fresh, Moment
from callgate.model.policy import Policy
from callgate.model.reference import Reference, TokenKind
from callgate.model.session import CredentialKind, Session, SessionState
from callgate.protocol.forms import Form
from callgate.protocol.guards import client_reliance, password_reliance
from callgate.protocol.pkce import s256
from callgate.protocol.sessions import Parties

NOW_MS = 1_760_000_000_000
SECOND_MS = 1000
MINUTE_MS = 60 * SECOND_MS
OPENED_MS = NOW_MS - MINUTE_MS

SECRET = bytes(range(20))
"""What every session here is opened with; OTHER_SECRET opens none."""
OTHER_SECRET = bytes(20)
FRESH_SECRET = bytes(range(100, 120))

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = s256(VERIFIER)
REDIRECT_URI = "https://app.example/callback"

ACCOUNT = Account(
    id=AccountId(1001),
    name="Northwind",
    main_number="+12025550100",
    status=AccountStatus.CONFIRMED,
    brand_id="1210",
    absolute_timeout_s=0,
    idle_timeout_s=0,
    version=1,
)
OTHER_ACCOUNT = ACCOUNT._replace(id=AccountId(2002), name="Contoso", main_number="+12025550200")

AGENT = Extension(
    id=ExtensionId(1002),
    account_id=ACCOUNT.id,
    number="102",
    type=ExtensionType.USER,
    status=ExtensionStatus.ENABLED,
    first_name="Ada",
    last_name="Byron",
    email="ada@northwind.example",
    role_id=RoleId(7),
    password_version=3,
    sessions_from_ms=0,
    version=1,
)
QUEUE = AGENT._replace(id=ExtensionId(1003), number="103", type=ExtensionType.DEPARTMENT)
SERVICE_EXTENSION = AGENT._replace(
    id=ExtensionId(1900), number=None, type=ExtensionType.SERVICE, first_name="Archive", last_name="", email=None
)
ROLE = Role(
    id=RoleId(7),
    account_id=ACCOUNT.id,
    name="Agent",
    description="",
    permissions=frozenset({"ReadCallLog", "ThirdPartyAppAccess"}),
    version=1,
)

SAML = Connection(
    id=ConnectionId(1500),
    account_id=ACCOUNT.id,
    kind=ConnectionKind.SAML,
    name="Northwind IdP",
    enabled=True,
    issuer="https://idp.northwind.example/saml",
    sso_url="https://idp.northwind.example/sso",
    certificates=("MIIprimary",),
    email_attribute=NAME_ID,
    email_domains=("northwind.example",),
    signs_requests=True,
    allows_idp_initiated=False,
    client_id="",
    token_url="",
    jwks_url="",
    jwks="",
    trust_version=1,
    version=1,
)
"""The account's identity provider."""

OIDC = SAML._replace(
    kind=ConnectionKind.OIDC,
    issuer="https://op.northwind.example",
    sso_url="https://op.northwind.example/authorize",
    certificates=(),
    email_attribute="email",
    signs_requests=False,
    client_id="callgate",
    token_url="https://op.northwind.example/token",
    jwks_url="https://op.northwind.example/jwks",
    userinfo_url="https://op.northwind.example/me",
    scopes=("openid", "email"),
)
"""The same company's, where it speaks OpenID Connect."""

WEB = Client(
    id=ClientId("W" * 22),
    account_id=ACCOUNT.id,
    name="Web",
    kind=AppKind.SERVER_WEB,
    private=True,
    status=ClientStatus.ACTIVE,
    auth_method=AuthMethod.CLIENT_SECRET_BASIC,
    grants=frozenset({GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN}),
    scopes=("ReadAccounts", "ReadCallLog"),
    redirect_uris=(REDIRECT_URI,),
    switches=frozenset(),
    issues_refresh_tokens=True,
    access_ttl_s=3600,
    refresh_ttl_s=604_800,
    session_cap=5,
    version=1,
)
"""A confidential app of the account."""

SPA = WEB._replace(
    id=ClientId("P" * 22), name="Spa", kind=AppKind.BROWSER_BASED, auth_method=AuthMethod.NONE, session_cap=5
)
"""A public app of the account."""

SCRIPT = WEB._replace(
    id=ClientId("S" * 22),
    name="Script",
    kind=AppKind.SERVER_OTHER,
    grants=frozenset({GrantType.PASSWORD, GrantType.JWT_BEARER, GrantType.REFRESH_TOKEN}),
    redirect_uris=(),
)
"""An unattended app of the account."""

SERVICE = SCRIPT._replace(
    id=ClientId("C" * 22), name="Archive", grants=frozenset({GrantType.CLIENT_CREDENTIALS}), issues_refresh_tokens=False
)
"""An app without a user."""

NATIVE = SPA._replace(
    id=ClientId("N" * 22),
    name="Native",
    kind=AppKind.DESKTOP_MAC,
    redirect_uris=("http://127.0.0.1:5000/cb", "http://[::1]/cb", "com.example.app:/cb"),
)
FOREIGN = WEB._replace(id=ClientId("F" * 22), name="Foreign", account_id=OTHER_ACCOUNT.id, private=False)
"""A public app of another account."""

FRESH = Fresh(
    row_id=RowId(500),
    secret=FRESH_SECRET,
    secret_sha256=hashlib.sha256(FRESH_SECRET).digest(),
    endpoint_id="fresh-endpoint",
    key_number=2,
)
MOMENT = Moment(FRESH, Policy(issuer="https://gate.example"))

ACTIVE = Session(
    account_id=ACCOUNT.id,
    id=RowId(100),
    client_id=WEB.id,
    extension_id=AGENT.id,
    state=SessionState.ACTIVE,
    slot=0,
    secret_sha256=hashlib.sha256(SECRET).digest(),
    generation=1,
    key_number=1,
    opened_ms=OPENED_MS,
    first_issued_ms=OPENED_MS,
    issued_ms=OPENED_MS,
    first_used_ms=None,
    access_ttl_s=3600,
    refresh_ttl_s=604_800,
    scope="ReadAccounts ReadCallLog",
    endpoint_id="endpoint",
    credential_kind=CredentialKind.PASSWORD,
    credential_id=AGENT.id,
    credential_version=AGENT.password_version,
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
"""The agent's session of WEB."""

PENDING = ACTIVE._replace(
    state=SessionState.PENDING,
    slot=1000,
    generation=0,
    opened_ms=NOW_MS - SECOND_MS,
    first_issued_ms=NOW_MS - SECOND_MS,
    issued_ms=NOW_MS - SECOND_MS,
    sign_in_id=RowId(50),
    signed_in_ms=NOW_MS - MINUTE_MS,
    redirect_uri=REDIRECT_URI,
    redirect_uri_sent=True,
    code_challenge=CHALLENGE,
)
"""The agent's code of WEB, a second old."""

CREDENTIAL = JwtCredential(
    id=RowId(60),
    account_id=ACCOUNT.id,
    extension_id=AGENT.id,
    label="nightly",
    sha256=hashlib.sha256(b"the JWT").digest(),
    client_ids=None,
    created_ms=OPENED_MS,
    expires_ms=None,
    last_used_ms=None,
)
ALLOWANCE = Allowance(RowId(70), ACCOUNT.id, SERVICE.id, SERVICE_EXTENSION.id, 4)
TRUST = TrustedIssuer(
    id=RowId(80),
    account_id=ACCOUNT.id,
    client_id=SCRIPT.id,
    extension_id=SERVICE_EXTENSION.id,
    name="Deployments",
    issuer="https://ci.example",
    audience="https://gate.example",
    conditions=(Condition("repository", "acme/app"),),
    jwks_url="https://ci.example/jwks",
    jwks=None,
    life_max_s=7200,
    repeatable=False,
    created_ms=OPENED_MS,
    last_used_ms=None,
    version=6,
)
OUTSIDE_PROVEN = OutsideProven(TRUST, "repo:acme/app:ref:refs/heads/main", "jti:1", NOW_MS + MINUTE_MS)
ALLOWED = Allowed(ALLOWANCE, ACCOUNT, SERVICE_EXTENSION, ROLE)
SIGN_IN = SignIn(
    id=RowId(50),
    account_id=ACCOUNT.id,
    extension_id=AGENT.id,
    secret_sha256=hashlib.sha256(SECRET).digest(),
    signed_in_ms=OPENED_MS,
    expires_ms=NOW_MS + MINUTE_MS,
    password_version=AGENT.password_version,
)
CONSENT = Consent(ACCOUNT.id, AGENT.id, WEB.id, frozenset(WEB.scopes), OPENED_MS)

PARTIES = Parties(WEB, ACCOUNT, AGENT)
SESSION_FACTS = SessionFacts(
    now_ms=NOW_MS,
    sessions_from_ms=0,
    session=ACTIVE,
    credential_version=AGENT.password_version,
    client=WEB,
    account=ACCOUNT,
    extension=AGENT,
    role=ROLE,
    seat=(),
)
OPENING_FACTS = OpeningFacts(
    now_ms=NOW_MS,
    sessions_from_ms=0,
    client=SCRIPT,
    account=ACCOUNT,
    extension=AGENT,
    role=ROLE,
    credential=CREDENTIAL,
    seat=(),
)
TRUST_FACTS = TrustFacts(
    now_ms=NOW_MS,
    client=SCRIPT,
    trust=TRUST,
    account=ACCOUNT,
    extension=SERVICE_EXTENSION,
    role=ROLE,
    spent=False,
)
SERVICE_FACTS = ServiceFacts(NOW_MS, SERVICE, (ALLOWED,))
AUTHORIZE_FACTS = AuthorizeFacts(
    now_ms=NOW_MS,
    sessions_from_ms=0,
    client=WEB,
    owner_name=ACCOUNT.name,
    sign_in=SIGN_IN,
    account=ACCOUNT,
    extension=AGENT,
    role=ROLE,
    consent=CONSENT,
    seat=(),
)
AUTHORIZE_REQUEST = AuthorizeRequest(
    client_id=WEB.id,
    response_type="code",
    redirect_uri=REDIRECT_URI,
    redirect_uri_sent=True,
    state="xyz",
    scope=WEB.scopes,
    code_challenge=CHALLENGE,
)

DEVICE = DeviceCode(
    id=RowId(90),
    client_id=NATIVE.id,
    secret_sha256=hashlib.sha256(SECRET).digest(),
    user_code="BCDFGHJK",
    scope="ReadCallLog",
    network="203.0.113.7",
    opened_ms=OPENED_MS,
    expires_ms=OPENED_MS + 15 * MINUTE_MS,
    state=DeviceState.PENDING,
)
APPROVED = DEVICE._replace(
    state=DeviceState.APPROVED,
    account_id=ACCOUNT.id,
    extension_id=AGENT.id,
    sign_in_id=SIGN_IN.id,
    signed_in_ms=SIGN_IN.signed_in_ms,
    approved_ms=NOW_MS - 10 * SECOND_MS,
    credential_kind=CredentialKind.PASSWORD,
    credential_id=AGENT.id,
    credential_version=AGENT.password_version,
)

PASSWORD_PROVEN = PasswordProven(AGENT.id, password_reliance(AGENT))


def proven(client: Client) -> ClientProven:
    """The app as it is now, proven."""
    return ClientProven(client.id, client_reliance(client))


def present(kind: TokenKind, *, session: Session = ACTIVE, generation: int | None = None) -> Reference:
    """A token of a session opened with SECRET, of its living generation where none is given."""
    living = session.generation if generation is None else generation
    return Reference(kind, session.account_id, session.id, SECRET, living, session.key_number)


def seated(*sessions: Session, credential_version: int | None = AGENT.password_version) -> tuple[Seated, ...]:
    """Sessions of one seat, their credential as it is today."""
    return tuple(Seated(session, credential_version) for session in sessions)


def form(**values: str) -> Form:
    """A form of these fields."""
    return Form(values)


def plain(judged: object) -> object:
    """A judgement without the reason of a denial, which is for people and may be put otherwise."""
    return replace(judged, why="") if isinstance(judged, Denied) else judged
