"""Apps without a user: an account's yes to one, and taking it back (ruling 7, ruling 8)."""

from callgate.model.account import Allowance, Extension, ExtensionStatus, ExtensionType
from callgate.model.acts import AllowanceActFacts, Refused
from callgate.model.changes import ServiceAllowed, ServiceDisallowed
from callgate.model.client import GrantType
from callgate.model.decisions import Done
from callgate.model.ids import ExtensionId, RowId
from callgate.protocol.guards import may_serve


def allow_service(row_id: RowId, extension_id: ExtensionId, *, facts: AllowanceActFacts, by: str) -> Done | Refused:
    """A service extension without number, licence, password or login, bounded by a role."""
    client, account, role = facts.client, facts.account, facts.role
    if client is None or account is None:
        return Refused("there is no such app" if client is None else "there is no such account")
    if role is None or role.account_id not in {None, account.id}:
        return Refused("there is no such role in this account")
    if facts.allowance is not None:
        return Refused(f"account {account.id} allows {client.name} already")
    if GrantType.CLIENT_CREDENTIALS not in client.grants:
        return Refused(f"{client.name} is not registered for client_credentials; its owner can add the grant")
    refused = may_serve(client, account, role=role)
    if refused:
        return Refused(refused.why)
    extension = Extension(
        id=extension_id,
        account_id=account.id,
        number=None,
        type=ExtensionType.SERVICE,
        status=ExtensionStatus.ENABLED,
        first_name=client.name,
        last_name="",
        email=None,
        role_id=role.id,
        password_version=1,
        sessions_from_ms=0,
        version=1,
    )
    allowance = Allowance(row_id, account.id, client.id, extension_id, 1)
    return Done((ServiceAllowed(allowance, extension, by),))


def disallow_service(*, facts: AllowanceActFacts, by: str) -> Done | Refused:
    """The app's sessions in this account are over at once."""
    if facts.allowance is None:
        return Refused("this account does not allow that app")
    return Done((ServiceDisallowed(facts.allowance, by),))
