"""What the audit chain says of credentials of people and secrets of apps: never what proves anybody."""

from callgate.model import changes as c
from callgate.model.client_secret import FormerSecretRetired, SecretRotated
from callgate.model.credential import CredentialReplaced
from callgate.storage.audit_browsers import Entry


def secret_rotated(change: SecretRotated) -> Entry:
    """Whose, and until when the former counts."""
    client = change.before
    return {
        "account": client.account_id,
        "client": client.id,
        "former_until_ms": change.former_until_ms,
        "by": change.by,
    }


def secret_retired(change: FormerSecretRetired) -> Entry:
    """Whose."""
    return {"account": change.before.account_id, "client": change.before.id, "by": change.by}


def credential(change: c.CredentialCreated | c.CredentialDeleted) -> Entry:
    """Whose, for which apps, until when."""
    credential = change.credential
    clients = credential.client_ids
    return {
        "account": credential.account_id,
        "extension": credential.extension_id,
        "credential": credential.id,
        "label": credential.label,
        "clients": None if clients is None else " ".join(sorted(clients)),
        "expires_ms": credential.expires_ms,
        "by": change.by,
    }


def credential_replaced(change: CredentialReplaced) -> Entry:
    """Which, by which, and until when it counts."""
    return {
        "account": change.before.account_id,
        "extension": change.before.extension_id,
        "credential": change.before.id,
        "expires_ms": change.after.expires_ms,
        "successor": change.successor.id,
        "by": change.by,
    }
