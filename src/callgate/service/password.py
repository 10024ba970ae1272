"""Proving a password, on the bounded pool, with the same work for known and unknown names."""

from callgate.crypto.password_pool import Busy, UnderWay
from callgate.crypto.passwords import password_fits
from callgate.model.account import LoginName
from callgate.model.evidence import PasswordProven, PasswordRefused
from callgate.model.failure import Unavailable
from callgate.model.lookups import LoginLookup
from callgate.protocol.guards import password_reliance
from callgate.service.context import Context

PROOFS_PER_NAME_MAX = 4
"""Under way at once for one login name: more would be a guesser, or a page sent in a frenzy."""

NOBODY = LoginName(None, None, None)
"""What a text of impossible form is looked up as: it finds nobody, at the same cost."""


async def prove(context: Context, login: LoginName | None, password: str) -> PasswordProven | PasswordRefused:
    """Whether this is the password of whom the name means. Raises Unavailable when the pool is full."""
    facts = await context.store.read(LoginLookup(login or NOBODY))
    under = (UnderWay(f"login:{login!r}", PROOFS_PER_NAME_MAX),)
    presented = password if password_fits(password) else ""
    verdict = await context.passwords.verify(facts.password_hash, presented, under=under)
    if isinstance(verdict, Busy):
        raise Unavailable("too many sign-ins at once")
    if facts.extension is None or not verdict:
        return PasswordRefused()
    return PasswordProven(facts.extension.id, password_reliance(facts.extension))
