"""Codes proven before the transaction, and new authenticator apps and recovery codes drawn."""

from typing import NamedTuple
from urllib.parse import urlsplit

from callgate.crypto.totp import (
    hash_recovery_code,
    matching_step,
    new_recovery_codes,
    new_totp_secret,
    open_totp_secret,
    seal_totp_secret,
    spell_totp_secret,
    totp_uri,
)
from callgate.model.evidence import CodeEvidence, CodeRefused, RecoveryProven, TotpConfirmed, TotpProven
from callgate.model.ids import AccountId, ExtensionId
from callgate.model.mfa import FactorsLookup
from callgate.protocol.codes import RecoveryCode, TotpCode, parse_code, spell_recovery_code
from callgate.service.context import Context


class RecoveryCodes(NamedTuple):
    """A person's new recovery codes as they are shown once, and as they are kept."""

    shown: tuple[str, ...]
    sha256s: frozenset[bytes]

    def __repr__(self) -> str:
        return f"RecoveryCodes({len(self.shown)})"


class NewTotp(NamedTuple):
    """A secret on its way into an authenticator app: to be scanned, or typed."""

    uri: str
    text: str

    def __repr__(self) -> str:
        return "NewTotp(…)"


async def prove_code(context: Context, account_id: AccountId, extension_id: ExtensionId, *, typed: str) -> CodeEvidence:
    """What somebody typed, as far as it can be told before the transaction. Raises Unavailable."""
    match parse_code(typed):
        case TotpCode(digits):
            totp = (await context.store.read(FactorsLookup(account_id, extension_id))).factors.totp
            if totp is None:
                return CodeRefused()
            sealed = totp.sealed_secret
            secret = context.keeper.unwrap(lambda kek: open_totp_secret(kek, sealed, extension_id=extension_id))
            step = matching_step(secret, digits, now_ms=context.clock.now_ms())
            return CodeRefused() if step is None else TotpProven(totp.id, step)
        case RecoveryCode(text):
            return RecoveryProven(hash_recovery_code(text))
        case None:
            return CodeRefused()


def draw_totp_secret(context: Context) -> bytes:
    """A secret for a new authenticator app."""
    return new_totp_secret(context.entropy)


def describe_totp(context: Context, secret: bytes, *, login: str) -> NewTotp:
    """What the person is shown; the app lists it under this server's host."""
    host = urlsplit(context.policy.issuer).netloc
    return NewTotp(totp_uri(secret, issuer=f"Callgate {host}", login=login), spell_totp_secret(secret))


def draw_recovery_codes(context: Context) -> RecoveryCodes:
    """New recovery codes."""
    codes = new_recovery_codes(context.entropy)
    shown = tuple(spell_recovery_code(code) for code in codes)
    return RecoveryCodes(shown, frozenset(hash_recovery_code(code) for code in codes))


def confirm_totp(
    context: Context, secret: bytes, *, extension_id: ExtensionId, typed: str, codes: RecoveryCodes
) -> TotpConfirmed | None:
    """A new authenticator app that shows what it should; None when it does not."""
    code = parse_code(typed)
    step = matching_step(secret, code.digits, now_ms=context.clock.now_ms()) if isinstance(code, TotpCode) else None
    if step is None:
        return None
    sealed = seal_totp_secret(context.keeper.kek, secret, extension_id=extension_id)
    return TotpConfirmed(sealed, step, codes.sha256s)
