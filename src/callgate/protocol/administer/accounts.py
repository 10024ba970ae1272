"""Accounts: opened with their main administrator, changed, enabled and disabled."""

from collections.abc import Callable

from callgate.model.account import Account, AccountStatus, Extension
from callgate.model.acts import AccountActFacts, Refused
from callgate.model.changes import AccountChanged, AccountCreated, ExtensionCreated
from callgate.model.decisions import Done
from callgate.protocol.administer.extensions import check_person
from callgate.protocol.administer.texts import check_phone, check_text, first_problem

TIMEOUT_MIN_S = 60
"""A shorter one signs people out before they have signed in."""

TIMEOUT_MAX_S = 366 * 86_400


def open_account(
    account: Account, administrator: Extension, *, password_hash: str | None, facts: AccountActFacts, by: str
) -> Done | Refused:
    """A company and its main administrator, whose extension has the account's id (protocol.md B)."""
    assert account.id == administrator.account_id == int(administrator.id)
    problem = first_problem(
        _check(account),
        check_person(administrator),
        f"the number {account.main_number} belongs to another account" if facts.number_taken else None,
        f"the address {administrator.email} belongs to somebody else" if facts.email_taken else None,
    )
    if problem:
        return Refused(problem)
    return Done((AccountCreated(account, by), ExtensionCreated(administrator, None, password_hash, by)))


def change_account(edit: Callable[[Account], Account], *, facts: AccountActFacts, by: str) -> Done | Refused:
    """An account after an edit; nothing is written when nothing changed."""
    before = facts.account
    if before is None:
        return Refused("there is no such account")
    edited = _end_with_ability(before, edit(before), now_ms=facts.now_ms)
    if edited == before:
        return Done()
    problem = _check(edited)
    if not problem and facts.number_taken:
        problem = f"the number {edited.main_number} belongs to another account"
    return (
        Refused(problem)
        if problem
        else Done((AccountChanged(before, edited._replace(version=before.version + 1), by),))
    )


def able(account: Account, *, enabled: bool) -> Account:
    """The account with its people able to sign in, or not."""
    return account._replace(status=AccountStatus.CONFIRMED if enabled else AccountStatus.DISABLED)


def _end_with_ability(before: Account, after: Account, *, now_ms: int) -> Account:
    """Whose account is disabled has lost their sessions for good, as a person who is (extensions.py)."""
    if before.status is not AccountStatus.CONFIRMED or after.status is AccountStatus.CONFIRMED:
        return after
    return after._replace(sessions_from_ms=max(after.sessions_from_ms, now_ms + 1))


def _check(account: Account) -> str | None:
    return first_problem(
        check_text("account's name", account.name),
        check_phone(account.main_number),
        None if account.brand_id.isascii() and account.brand_id.isdigit() else "the brand id must be a number",
        _check_timeout("absolute", account.absolute_timeout_s),
        _check_timeout("idle", account.idle_timeout_s),
    )


def _check_timeout(which: str, timeout_s: int) -> str | None:
    if timeout_s == 0 or TIMEOUT_MIN_S <= timeout_s <= TIMEOUT_MAX_S:
        return None
    return f"the {which} time-out must be 0 for none, or {TIMEOUT_MIN_S} to {TIMEOUT_MAX_S} seconds"
