"""What the audit chain says of second factors: whose, and never what."""

from callgate.model import mfa
from callgate.storage.audit_browsers import Entry


def factor_changed(change: mfa.TotpAdded | mfa.TotpRemoved | mfa.FactorsReset) -> Entry:
    """An authenticator app set up or removed, or everything taken away."""
    return {"account": change.before.account_id, "extension": change.before.id, "by": change.by}


def passkey_changed(change: mfa.PasskeyAdded | mfa.PasskeyRemoved) -> Entry:
    """Which row, of whom."""
    passkey = change.passkey
    return {
        "account": passkey.account_id,
        "extension": passkey.extension_id,
        "passkey": passkey.id,
        "by": change.by,
    }


def passkey_doubted(change: mfa.PasskeyDoubted) -> Entry:
    """Its counter, and the one that it had shown before."""
    passkey = change.passkey
    return {
        "account": passkey.account_id,
        "extension": passkey.extension_id,
        "passkey": passkey.id,
        "counted": passkey.sign_count,
        "shown": change.sign_count,
    }


def recovery_codes_made(change: mfa.RecoveryCodesMade) -> Entry:
    """How many, and never which."""
    return {
        "account": change.account_id,
        "extension": change.extension_id,
        "codes": len(change.sha256s),
        "by": change.by,
    }


def recovery_code_used(change: mfa.RecoveryCodeUsed) -> Entry:
    """Whose."""
    return {"account": change.account_id, "extension": change.extension_id}


def code_missed(change: mfa.CodeMissed) -> Entry:
    """Somebody knew the password and not the code."""
    return {"account": change.account_id, "extension": change.extension_id, "in_a_row": change.after.in_a_row}
