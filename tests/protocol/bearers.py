"""Bearers for tests of the resource API: an admitted person of account 1001, overridden only in what matters."""

from callgate.model.account import Account, AccountStatus, Extension, ExtensionStatus, ExtensionType, Role
from callgate.model.client import AppKind, AuthMethod, Client, ClientStatus, GrantType
from callgate.model.decisions import Admitted
from callgate.model.ids import AccountId, ClientId, ExtensionId, RoleId, RowId
from callgate.model.session import CredentialKind, Session, SessionState

ACCOUNT = AccountId(1001)
ADMIN = ExtensionId(1001)
AGENT = ExtensionId(1002)
NOW_MS = 1_760_000_000_000

HELPER_PERMISSIONS = frozenset({"ReadCompanyCallLog", "ReadCallLog", "ReadExtensions", "ThirdPartyAppAccess"})


def admit(
    *,
    extension_id: ExtensionId = AGENT,
    permissions: frozenset[str] = HELPER_PERMISSIONS,
    scope: str = "ReadAccounts ReadCallLog",
    app_scopes: tuple[str, ...] = ("ReadAccounts", "ReadCallLog"),
) -> Admitted:
    """A bearer whose token has `scope`, whose app has `app_scopes` and whose role has `permissions`."""
    return Admitted(
        session=make_session(extension_id, scope),
        client=make_client(app_scopes),
        account=make_account(),
        extension=make_extension(extension_id),
        role=Role(RoleId(7), ACCOUNT, "Helper", "", permissions, 1),
        expires_ms=NOW_MS + 3_600_000,
    )


def make_account() -> Account:
    """The account of every bearer here."""
    return Account(ACCOUNT, "Northwind", "12025550100", AccountStatus.CONFIRMED, "1210", 0, 0, 1)


def make_extension(
    extension_id: ExtensionId = AGENT, extension_type: ExtensionType = ExtensionType.USER, number: str | None = "102"
) -> Extension:
    """Somebody of the account."""
    return Extension(
        extension_id,
        ACCOUNT,
        number,
        extension_type,
        ExtensionStatus.ENABLED,
        "Ada",
        "Byron",
        "ada@northwind.example",
        RoleId(7),
        1,
        0,
        1,
    )


def make_client(scopes: tuple[str, ...]) -> Client:
    """An app of the account."""
    return Client(
        ClientId("A" * 22),
        ACCOUNT,
        "Archive",
        AppKind.SERVER_OTHER,
        private=True,
        status=ClientStatus.ACTIVE,
        auth_method=AuthMethod.CLIENT_SECRET_BASIC,
        grants=frozenset({GrantType.JWT_BEARER}),
        scopes=scopes,
        redirect_uris=(),
        switches=frozenset(),
        issues_refresh_tokens=True,
        access_ttl_s=3600,
        refresh_ttl_s=604_800,
        session_cap=5,
        version=1,
    )


def make_session(extension_id: ExtensionId, scope: str) -> Session:
    """A living session of the bearer."""
    return Session(
        account_id=ACCOUNT,
        id=RowId(1),
        client_id=ClientId("A" * 22),
        extension_id=extension_id,
        state=SessionState.ACTIVE,
        slot=0,
        secret_sha256=b"\0" * 32,
        generation=1,
        key_number=1,
        opened_ms=NOW_MS,
        first_issued_ms=NOW_MS,
        issued_ms=NOW_MS,
        first_used_ms=None,
        access_ttl_s=3600,
        refresh_ttl_s=604_800,
        scope=scope,
        endpoint_id="endpoint",
        credential_kind=CredentialKind.JWT_CREDENTIAL,
        credential_id=1,
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
