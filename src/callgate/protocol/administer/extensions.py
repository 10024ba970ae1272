"""Extensions: people and queues of an account, their passwords, and signing them out everywhere."""

from collections.abc import Callable

from callgate.model.account import (
    Extension,
    ExtensionStatus,
    ExtensionType,
    LoginName,
    normalize_email,
)
from callgate.model.acts import ExtensionActFacts, Refused
from callgate.model.changes import ExtensionChanged, ExtensionCreated, PasswordChanged
from callgate.model.decisions import Done
from callgate.model.mfa import FactorsReset
from callgate.protocol.administer.texts import (
    check_email,
    check_extension_number,
    check_phone,
    check_text,
    first_problem,
)
from callgate.protocol.login_name import normal_phone


def login_of(extension: Extension, phone_number: str | None = None) -> LoginName:
    """What the extension is to be called, in normal form: nobody else may be called so."""
    return LoginName(
        email=normalize_email(extension.email) if extension.email else None,
        phone=normal_phone(phone_number) if phone_number else None,
        extension_number=extension.number,
    )


def create_extension(
    extension: Extension,
    *,
    phone_number: str | None,
    password_hash: str | None,
    facts: ExtensionActFacts,
    by: str,
) -> Done | Refused:
    """A person or a queue. `phone_number` is a direct number of its own, E.164 with '+'."""
    problem = first_problem(
        check_person(extension),
        check_phone(phone_number) if phone_number else None,
        _check_place(extension, facts),
        f"the number {phone_number} belongs to somebody else" if facts.phone_taken else None,
        _check_names(extension, facts),
    )
    if problem:
        return Refused(problem)
    digits = normal_phone(phone_number) if phone_number else None
    return Done((ExtensionCreated(extension, digits, password_hash, by),))


def change_extension(edit: Callable[[Extension], Extension], *, facts: ExtensionActFacts, by: str) -> Done | Refused:
    """An extension after an edit; nothing is written when nothing changed."""
    before = facts.extension
    if before is None:
        return Refused("there is no such extension")
    edited = _end_with_ability(before, edit(before), now_ms=facts.now_ms)
    if edited == before:
        return Done()
    problem = first_problem(
        check_person(edited) if before.type is not ExtensionType.SERVICE else None,
        _check_place(edited, facts) if edited.role_id != before.role_id else None,
        _check_names(edited, facts),
    )
    return (
        Refused(problem)
        if problem
        else Done((ExtensionChanged(before, edited._replace(version=before.version + 1), by),))
    )


def change_password(password_hash: str, *, facts: ExtensionActFacts, by: str) -> Done | Refused:
    """A new password: whatever the old one opened is over."""
    before = facts.extension
    if before is None:
        return Refused("there is no such extension")
    if before.type is ExtensionType.SERVICE:
        return Refused("a service extension has no password: its app proves itself")
    after = before._replace(password_version=before.password_version + 1, version=before.version + 1)
    return Done((PasswordChanged(before, after, password_hash, by),))


def sign_out_everywhere(*, facts: ExtensionActFacts, by: str) -> Done | Refused:
    """Every session and sign-in of the person until now is over."""
    # Of what was issued in this very millisecond it is unknown whether it was before: it is over too.
    return change_extension(lambda e: e._replace(sessions_from_ms=facts.now_ms + 1), facts=facts, by=by)


def reset_factors(*, facts: ExtensionActFacts, by: str) -> Done | Refused:
    """No second factor any more, and no session or sign-in until now: whoever has the lost phone is out, too."""
    before = facts.extension
    if before is None:
        return Refused("there is no such extension")
    if before.type is ExtensionType.SERVICE:
        return Refused("service extensions have no password, and nothing beside one")
    ended = max(before.sessions_from_ms, facts.now_ms + 1)
    after = before._replace(has_factor=False, sessions_from_ms=ended, version=before.version + 1)
    return Done((FactorsReset(before, after, by),))


def able(extension: Extension, *, enabled: bool) -> Extension:
    """The extension able to sign in, or not."""
    return extension._replace(status=ExtensionStatus.ENABLED if enabled else ExtensionStatus.DISABLED)


def _end_with_ability(before: Extension, after: Extension, *, now_ms: int) -> Extension:
    """Who is disabled has lost their sessions for good: enabling them again revives no token (ASVS 7.4.2)."""
    if before.status is not ExtensionStatus.ENABLED or after.status is ExtensionStatus.ENABLED:
        return after
    return after._replace(sessions_from_ms=max(after.sessions_from_ms, now_ms + 1))


def check_person(extension: Extension) -> str | None:
    """What is wrong with an extension whatever else there is."""
    if extension.type is ExtensionType.SERVICE:
        return "service extensions are made by `callgate apps allow-service`"
    return first_problem(
        check_text("first name", extension.first_name),
        check_text("last name", extension.last_name) if extension.last_name else None,
        check_email(extension.email) if extension.email else None,
        check_extension_number(extension.number) if extension.number else None,
    )


def _check_place(extension: Extension, facts: ExtensionActFacts) -> str | None:
    role = facts.role
    if facts.account is None:
        return "there is no such account"
    if role is None or role.account_id not in {None, extension.account_id}:
        return "there is no such role in this account"
    return None


def _check_names(extension: Extension, facts: ExtensionActFacts) -> str | None:
    if facts.number_taken:
        return f"the extension number {extension.number} is taken in this account"
    if facts.email_taken:
        return f"the address {extension.email} belongs to somebody else"
    return None
