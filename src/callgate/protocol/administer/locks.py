"""Locks of a person's login names lifted by an administrator."""

from callgate.model.account import Extension, LoginName
from callgate.model.acts import Refused
from callgate.model.decisions import Done
from callgate.model.guesses import LocksFacts, LocksLifted, NamedSubject, OwnNamesFacts
from callgate.protocol.administer.extensions import login_of
from callgate.protocol.guesses import subject_of


def subjects_of(extension: Extension, names: OwnNamesFacts) -> tuple[str, ...]:
    """Every subject by which a person's password can be guessed at, in the order in which people know them."""
    own = login_of(extension)
    by_email = (NamedSubject(LoginName(own.email, None, None), None),) if own.email else ()
    by_number = (
        (NamedSubject(LoginName(None, "", own.extension_number), extension.account_id),) if own.extension_number else ()
    )
    by_phone = tuple(NamedSubject(LoginName(None, phone, None), None) for phone in names.phones)
    return tuple(subject_of(named) for named in (*by_email, *by_number, *by_phone))


def lift(extension: Extension, *, facts: LocksFacts, by: str) -> Done | Refused:
    """Lift all there are."""
    if not facts.locks:
        return Refused("no login name of this extension is locked")
    return Done((LocksLifted(extension.account_id, extension.id, facts.locks, facts.now_ms, by),))
