"""Bearers for tests of the resource API: the agent of tests/factories.py with a helper's role, admitted."""

from callgate.model.decisions import Admitted
from callgate.model.ids import ExtensionId
from tests import factories

ACCOUNT = factories.ACCOUNT.id
ADMIN = ExtensionId(ACCOUNT)
"""The main administrator's extension has the account's id (protocol.md B)."""
AGENT = factories.AGENT.id
NOW_MS = factories.NOW_MS

HELPER_PERMISSIONS = frozenset({"ReadCompanyCallLog", "ReadCallLog", "ReadExtensions", "ThirdPartyAppAccess"})
"""Ruling 8."""


def admit(
    *,
    permissions: frozenset[str] = HELPER_PERMISSIONS,
    scope: str = "ReadAccounts ReadCallLog",
    app_scopes: tuple[str, ...] = ("ReadAccounts", "ReadCallLog"),
) -> Admitted:
    """A bearer whose token has `scope`, whose app has `app_scopes` and whose role has `permissions`."""
    return Admitted(
        session=factories.ACTIVE._replace(scope=scope),
        client=factories.SCRIPT._replace(scopes=app_scopes),
        account=factories.ACCOUNT,
        extension=factories.AGENT,
        role=factories.ROLE._replace(permissions=permissions),
        expires_ms=NOW_MS + factories.MINUTE_MS,
    )
