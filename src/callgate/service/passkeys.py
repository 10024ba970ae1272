"""Passkeys asked for and proven before the transaction; the domain they belong to is the server's own."""

from base64 import urlsafe_b64encode

from callgate.crypto.passkeys import (
    creation_options,
    new_challenge,
    party_of,
    read_credential_id,
    read_new_passkey,
    request_options,
    verify_assertion,
)
from callgate.model.account import Extension
from callgate.model.evidence import PasskeyMade, PasskeyProven
from callgate.model.factor import PASSKEYS_MAX, Passkey
from callgate.model.mfa import PasskeyLookup
from callgate.service.codes import RecoveryCodes
from callgate.service.context import Context


def draw_challenge(context: Context) -> bytes:
    """A challenge for one page; empty where no browser makes passkeys, at an address without a domain."""
    return new_challenge(context.entropy) if party_of(context.policy.issuer) else b""


def ask_to_make(context: Context, challenge: bytes, *, person: Extension, passkeys: tuple[Passkey, ...]) -> str | None:
    """What the page gives its browser to make a passkey; None where it cannot."""
    party = party_of(context.policy.issuer)
    if party is None or not challenge or len(passkeys) >= PASSKEYS_MAX:
        return None
    known = tuple(each.credential_id for each in passkeys)
    login = person.email or person.name
    user_id = str(person.id).encode()
    return creation_options(party, challenge, user_id=user_id, login=login, name=person.name, known=known)


def ask_for_one(context: Context, challenge: bytes, *, passkeys: tuple[Passkey, ...]) -> str | None:
    """What the page gives its browser to use one of these passkeys, or without any, whichever says whose it is."""
    party = party_of(context.policy.issuer)
    if party is None or not challenge:
        return None
    return request_options(party, challenge, known=tuple(each.credential_id for each in passkeys))


def prove_passkey(
    context: Context, challenge: bytes, *, answer: str, passkeys: tuple[Passkey, ...]
) -> PasskeyProven | None:
    """Which of these passkeys answered the page's challenge; None when none did."""
    party, credential_id = party_of(context.policy.issuer), read_credential_id(answer)
    passkey = next((each for each in passkeys if each.credential_id == credential_id), None)
    if party is None or passkey is None or not challenge:
        return None
    shown = verify_assertion(party, challenge, answer=answer, attested=passkey.attested)
    if shown is None:
        return None
    return PasskeyProven(passkey.id, shown.sign_count, shown.verified, _spell(challenge))


def read_made(context: Context, challenge: bytes, *, answer: str, codes: RecoveryCodes) -> PasskeyMade | None:
    """The passkey that a browser made for the page's challenge; None when it did not."""
    party = party_of(context.policy.issuer)
    made = read_new_passkey(party, challenge, answer=answer) if party and challenge else None
    if made is None:
        return None
    return PasskeyMade(made.credential_id, made.attested, made.sign_count, _spell(challenge), codes.sha256s)


async def is_known(context: Context, made: PasskeyMade) -> bool:
    """Whether somebody has a passkey of this id, themselves included (section 7.1). Raises Unavailable."""
    return (await context.store.read(PasskeyLookup(made.credential_id))).extension is not None


def find_by_answer(challenge: bytes, *, answer: str) -> PasskeyLookup:
    """Whose passkey an answer says it is of, and whether its challenge was answered before."""
    return PasskeyLookup(read_credential_id(answer) or b"", _spell(challenge))


def _spell(challenge: bytes) -> str:
    return urlsafe_b64encode(challenge).decode()
