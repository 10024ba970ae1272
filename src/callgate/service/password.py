"""Proving a password, on the bounded pool, with the same work for known and unknown names."""

from callgate.crypto.password_pool import Busy, UnderWay
from callgate.crypto.passwords import needs_rehash, password_fits
from callgate.model.account import Extension, LoginName
from callgate.model.acts import CellLookup
from callgate.model.changes import PasswordRehashed
from callgate.model.decisions import Done
from callgate.model.evidence import PasswordProven, PasswordRefused
from callgate.model.failure import Unavailable
from callgate.model.lookups import LoginLookup
from callgate.protocol.guards import password_reliance
from callgate.service.context import Context
from callgate.storage.port import Unit

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
    if facts.password_hash and needs_rehash(facts.password_hash):
        context.later(_rehash(context, facts.extension, stored=facts.password_hash, password=password))
    return PasswordProven(facts.extension.id, password_reliance(facts.extension))


async def _rehash(context: Context, extension: Extension, *, stored: str, password: str) -> None:
    """Only now is the password at hand; where the pool or the store is busy, the next sign-in brings it again."""
    made = await context.passwords.hash(password, context.entropy)
    if not isinstance(made, Busy):
        change = PasswordRehashed(extension.account_id, extension.id, stored, made)
        await context.store.run(Unit(CellLookup(), lambda _: Done((change,))))
