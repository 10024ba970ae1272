"""Apps' secrets written: changed, the former kept for a while or retired, and the hour of their last use."""

from typing import Final

from callgate.model.client_secret import FormerSecretRetired, SecretRotated, SecretUsed
from callgate.storage.pen import Pen

# What stands at the right is as it was before the statement.
_ROTATE: Final = """
UPDATE client SET former_sha256 = CASE WHEN CAST(?1 AS BIGINT) IS NULL THEN NULL ELSE secret_sha256 END,
    former_sealed = CASE WHEN CAST(?1 AS BIGINT) IS NULL THEN NULL ELSE sealed_secret END,
    former_used_ms = CASE WHEN CAST(?1 AS BIGINT) IS NULL THEN NULL ELSE secret_used_ms END,
    former_until_ms = ?1, secret_sha256 = ?2, sealed_secret = ?3, secret_made_ms = ?4, secret_used_ms = NULL,
    version = ?5
WHERE id = ?6 AND version = ?7
"""
_RETIRE: Final = """
UPDATE client SET former_sha256 = NULL, former_sealed = NULL, former_used_ms = NULL, former_until_ms = NULL, version = ?
WHERE id = ? AND version = ?
"""
_USE: Final = "UPDATE client SET secret_used_ms = ? WHERE id = ? AND version = ?"
_USE_FORMER: Final = "UPDATE client SET former_used_ms = ? WHERE id = ? AND version = ?"


def rotate_secret(pen: Pen, change: SecretRotated) -> None:
    """Put a new secret in the place of the one there is, which becomes the former or is gone."""
    before, keys = change.before, change.keys
    proof = (keys.secret_sha256, keys.sealed_secret)
    pen.swap(_ROTATE, (change.former_until_ms, *proof, change.at_ms, change.after.version, before.id, before.version))


def retire_secret(pen: Pen, change: FormerSecretRetired) -> None:
    """Forget the former secret."""
    pen.swap(_RETIRE, (change.after.version, change.before.id, change.before.version))


def use_secret(pen: Pen, change: SecretUsed) -> None:
    """Note a use; of an app that changed meanwhile it is not known any more which secret it was, and the next tells."""
    pen.write(_USE_FORMER if change.former else _USE, (change.at_ms, change.client.id, change.client.version))
