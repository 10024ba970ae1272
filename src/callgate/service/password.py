"""Proving a password, on the bounded pool, with the same work for known and unknown names."""

from callgate.crypto.password_pool import Busy
from callgate.crypto.passwords import needs_rehash, password_fits
from callgate.model.account import Extension, LoginName
from callgate.model.acts import CellLookup
from callgate.model.changes import PasswordRehashed
from callgate.model.decisions import Denied, Done
from callgate.model.evidence import PasswordEvidence, PasswordLocked, PasswordProven, PasswordRefused
from callgate.model.failure import Unavailable
from callgate.model.guesses import NamedSubject
from callgate.model.lookups import LoginLookup
from callgate.model.sso import RouteLookup
from callgate.protocol import sso
from callgate.protocol.guards import password_reliance
from callgate.protocol.guesses import subject_of
from callgate.service.context import Context
from callgate.service.guesses import Judged, judge
from callgate.storage.port import Unit

NOBODY = LoginName(None, None, None)
"""What a text of impossible form is looked up as: it finds nobody, at the same cost."""


async def prove(context: Context, login: LoginName | None, password: str, *, network: str) -> PasswordEvidence:
    """Whether this is the password of whom the name means.

    Raises Unavailable when the pool is full, or this network has too many proofs of this name under way.
    """
    facts = await context.store.read(LoginLookup(login or NOBODY))
    presented = password if password_fits(password) else ""

    async def proof() -> bool:
        verdict = await context.passwords.verify(facts.password_hash, presented, party=network)
        if isinstance(verdict, Busy):
            raise Unavailable("too many sign-ins at once")
        return verdict and facts.extension is not None

    judged = await judge(context, subject_of(NamedSubject(login, facts.company_id)), network, proof=proof)
    if judged is Judged.LOCKED:
        return PasswordLocked(sso_offered=await _sso_offered(context, login))
    if facts.extension is None or judged is Judged.WRONG:
        return PasswordRefused()
    if facts.password_hash and needs_rehash(facts.password_hash):
        context.later(_rehash(context, facts.extension, stored=facts.password_hash, password=password))
    return PasswordProven(facts.extension.id, password_reliance(facts.extension))


async def _sso_offered(context: Context, login: LoginName | None) -> bool:
    """Whether the page's "Single Sign-On" leads anywhere for this name: that much anybody can find out there."""
    return not isinstance(sso.route(await context.store.read(RouteLookup(login or NOBODY)), login), Denied)


async def _rehash(context: Context, extension: Extension, *, stored: str, password: str) -> None:
    """Only now is the password at hand; where the pool or the store is busy, the next sign-in brings it again."""
    made = await context.passwords.hash(password, context.entropy)
    if not isinstance(made, Busy):
        change = PasswordRehashed(extension.account_id, extension.id, stored, made)
        await context.store.run(Unit(CellLookup(), lambda _: Done((change,))))
