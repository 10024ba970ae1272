"""Accounts, extensions and roles: what is made of a wish, and the line that says why not."""

import pytest

from callgate.model.account import AccountStatus, Extension, ExtensionStatus, ExtensionType
from callgate.model.acts import AccountActFacts, ExtensionActFacts, Refused, RoleActFacts
from callgate.model.changes import (
    AccountChanged,
    AccountCreated,
    ExtensionChanged,
    ExtensionCreated,
    PasswordChanged,
    RoleChanged,
    RoleCreated,
)
from callgate.model.decisions import Done
from callgate.model.ids import ExtensionId, RoleId
from callgate.model.listings import RolesFacts
from callgate.model.roles import DefaultRoleChanged, RoleDeleted
from callgate.protocol.administer import accounts, extensions, roles
from callgate.protocol.administer.roles import PREDEFINED, STANDARD, SUPER_ADMIN
from tests.factories import ACCOUNT, AGENT, NOW_MS, OTHER_ACCOUNT, ROLE, SERVICE_EXTENSION

ADMIN = AGENT._replace(id=ExtensionId(ACCOUNT.id), number="101", role_id=SUPER_ADMIN.id)
NEW_ACCOUNT = AccountActFacts(NOW_MS, None, number_taken=False, email_taken=False)
THE_ACCOUNT = NEW_ACCOUNT._replace(account=ACCOUNT)
NEW_PERSON = ExtensionActFacts(NOW_MS, ACCOUNT, None, ROLE, number_taken=False, email_taken=False, phone_taken=False)
THE_PERSON = NEW_PERSON._replace(extension=AGENT)
NEW_ROLE = RoleActFacts(NOW_MS, ACCOUNT, None, name_taken=False)
THE_ROLE = NEW_ROLE._replace(role=ROLE)


def test_account_is_opened_with_its_administrator() -> None:
    """protocol.md B: the main administrator's extension has the account's id."""
    opened = accounts.open_account(ACCOUNT, ADMIN, password_hash="hash", facts=NEW_ACCOUNT, by="cli")
    assert opened == Done((AccountCreated(ACCOUNT, "cli"), ExtensionCreated(ADMIN, None, "hash", "cli")))


@pytest.mark.parametrize(
    ("account", "administrator", "facts", "problem"),
    [
        (ACCOUNT, ADMIN, NEW_ACCOUNT._replace(number_taken=True), "+12025550100 belongs to another account"),
        (ACCOUNT, ADMIN, NEW_ACCOUNT._replace(email_taken=True), "ada@northwind.example belongs to somebody else"),
        (ACCOUNT._replace(name=" x"), ADMIN, NEW_ACCOUNT, "without spaces around it"),
        (ACCOUNT._replace(name="x" * 65), ADMIN, NEW_ACCOUNT, "1 to 64 characters"),
        (ACCOUNT._replace(main_number="+1 202 555 0100"), ADMIN, NEW_ACCOUNT, "is not a phone number in E.164"),
        (ACCOUNT._replace(brand_id="acme"), ADMIN, NEW_ACCOUNT, "brand id must be a number"),
        (ACCOUNT._replace(absolute_timeout_s=59), ADMIN, NEW_ACCOUNT, "the absolute time-out must be"),
        (ACCOUNT._replace(idle_timeout_s=10**9), ADMIN, NEW_ACCOUNT, "the idle time-out must be"),
        (ACCOUNT, ADMIN._replace(first_name=""), NEW_ACCOUNT, "the first name must have"),
    ],
)
def test_account_is_refused_when_it_cannot_be(
    account: object, administrator: Extension, facts: AccountActFacts, problem: str
) -> None:
    """The line names what is wrong."""
    refused = accounts.open_account(account, administrator, password_hash=None, facts=facts, by="cli")  # type: ignore[arg-type] # rows of one table
    assert isinstance(refused, Refused)
    assert problem in refused.problem


def test_account_changes_by_one_version() -> None:
    """What a proof or a session relied on is compared by version."""
    after = ACCOUNT._replace(idle_timeout_s=600, version=2)
    changed = accounts.change_account(lambda a: a._replace(idle_timeout_s=600), facts=THE_ACCOUNT, by="cli")
    assert changed == Done((AccountChanged(ACCOUNT, after, "cli"),))
    assert accounts.able(ACCOUNT, enabled=False).status is AccountStatus.DISABLED
    assert accounts.able(ACCOUNT, enabled=True).status is AccountStatus.CONFIRMED


def test_disabled_account_has_lost_its_sessions_when_it_is_enabled() -> None:
    """ASVS 7.4.2: what its people were issued before stays over."""
    disabled = ACCOUNT._replace(status=AccountStatus.DISABLED, version=2, sessions_from_ms=THE_ACCOUNT.now_ms + 1)
    off = accounts.change_account(lambda a: accounts.able(a, enabled=False), facts=THE_ACCOUNT, by="cli")
    assert off == Done((AccountChanged(ACCOUNT, disabled, "cli"),))
    facts = THE_ACCOUNT._replace(account=disabled)
    on = accounts.change_account(lambda a: accounts.able(a, enabled=True), facts=facts, by="cli")
    assert on == Done((AccountChanged(disabled, disabled._replace(status=AccountStatus.CONFIRMED, version=3), "cli"),))


def test_nothing_is_written_when_nothing_changes() -> None:
    """An act repeated leaves no second line in the audit log."""
    assert accounts.change_account(lambda a: a, facts=THE_ACCOUNT, by="cli") == Done()
    assert extensions.change_extension(lambda e: e, facts=THE_PERSON, by="cli") == Done()
    assert roles.change_role(lambda r: r, facts=THE_ROLE, by="cli") == Done()


def test_change_is_refused_when_it_cannot_be() -> None:
    """Rows may be gone, and names may be taken, between looking and acting."""
    assert isinstance(accounts.change_account(lambda a: a, facts=NEW_ACCOUNT, by="cli"), Refused)
    renamed = accounts.change_account(lambda a: a._replace(name=""), facts=THE_ACCOUNT, by="cli")
    assert isinstance(renamed, Refused)
    facts = THE_ACCOUNT._replace(number_taken=True)
    moved = accounts.change_account(lambda a: a._replace(main_number="+12025550111"), facts=facts, by="cli")
    assert moved == Refused("the number +12025550111 belongs to another account")


def test_person_is_created_with_what_they_sign_in_with() -> None:
    """A direct number is stored as digits, as login names are compared."""
    created = extensions.create_extension(
        AGENT, phone_number="+12025550102", password_hash="hash", facts=NEW_PERSON, by="cli"
    )
    assert created == Done((ExtensionCreated(AGENT, "12025550102", "hash", "cli"),))
    bare = AGENT._replace(number=None, email=None, last_name="")
    plain = extensions.create_extension(bare, phone_number=None, password_hash=None, facts=NEW_PERSON, by="cli")
    assert plain == Done((ExtensionCreated(bare, None, None, "cli"),))
    assert extensions.login_of(AGENT, "+12025550102") == ("ada@northwind.example", "12025550102", "102")


@pytest.mark.parametrize(
    ("extension", "phone_number", "facts", "problem"),
    [
        (AGENT, None, NEW_PERSON._replace(number_taken=True), "the extension number 102 is taken"),
        (AGENT, None, NEW_PERSON._replace(email_taken=True), "belongs to somebody else"),
        (AGENT, "+12025550102", NEW_PERSON._replace(phone_taken=True), "+12025550102 belongs to somebody else"),
        (AGENT, "2025550102", NEW_PERSON, "is not a phone number in E.164"),
        (AGENT, None, NEW_PERSON._replace(account=None), "there is no such account"),
        (AGENT, None, NEW_PERSON._replace(role=None), "there is no such role"),
        (AGENT, None, NEW_PERSON._replace(role=ROLE._replace(account_id=OTHER_ACCOUNT.id)), "there is no such role"),
        (AGENT._replace(email="ada at home"), None, NEW_PERSON, "is not an e-mail address"),
        (AGENT._replace(email=" ada@x.example"), None, NEW_PERSON, "is not an e-mail address"),
        (AGENT._replace(number="10x"), None, NEW_PERSON, "is not an extension number"),
        (AGENT._replace(number="1" * 11), None, NEW_PERSON, "is not an extension number"),
        (AGENT._replace(last_name="\n"), None, NEW_PERSON, "the last name must be one printable line"),
        (SERVICE_EXTENSION, None, NEW_PERSON, "made by `callgate apps allow-service`"),
    ],
)
def test_person_is_refused_when_they_cannot_be(
    extension: Extension, phone_number: str | None, facts: ExtensionActFacts, problem: str
) -> None:
    """Login names mean one person of all accounts (protocol.md B)."""
    refused = extensions.create_extension(
        extension, phone_number=phone_number, password_hash=None, facts=facts, by="cli"
    )
    assert isinstance(refused, Refused)
    assert problem in refused.problem


def test_person_changes_by_one_version() -> None:
    """A role is looked at only when it is another one: a person keeps theirs whatever becomes of it."""
    facts = THE_PERSON._replace(role=None)
    after = AGENT._replace(status=ExtensionStatus.DISABLED, sessions_from_ms=NOW_MS + 1, version=2)
    changed = extensions.change_extension(lambda e: extensions.able(e, enabled=False), facts=facts, by="cli")
    assert changed == Done((ExtensionChanged(AGENT, after, "cli"),))
    assert extensions.able(after, enabled=True).status is ExtensionStatus.ENABLED
    moved = extensions.change_extension(lambda e: e._replace(role_id=RoleId(9)), facts=facts, by="cli")
    assert moved == Refused("there is no such role in this account")
    gone = extensions.change_extension(lambda e: e, facts=NEW_PERSON, by="cli")
    assert gone == Refused("there is no such extension")


def test_tokens_stay_dead_when_a_disabled_person_is_enabled_again() -> None:
    """ASVS 7.4.2: disabling ends sessions, it does not pause them."""
    off = extensions.change_extension(lambda e: extensions.able(e, enabled=False), facts=THE_PERSON, by="cli")
    assert isinstance(off, Done)
    (changed,) = off.changes
    assert isinstance(changed, ExtensionChanged)
    again = THE_PERSON._replace(extension=changed.after)
    on = extensions.change_extension(lambda e: extensions.able(e, enabled=True), facts=again, by="cli")
    assert isinstance(on, Done)
    (enabled,) = on.changes
    assert isinstance(enabled, ExtensionChanged)
    assert enabled.after.sessions_from_ms == NOW_MS + 1


def test_service_extension_may_be_disabled_though_nobody_may_make_one_by_hand() -> None:
    """It is made by an account's yes to an app, and stays an extension."""
    facts = THE_PERSON._replace(extension=SERVICE_EXTENSION)
    changed = extensions.change_extension(lambda e: extensions.able(e, enabled=False), facts=facts, by="cli")
    assert isinstance(changed, Done)


def test_password_ends_what_the_old_one_opened() -> None:
    """protocol.md E.6: sessions compare the password's version."""
    after = AGENT._replace(password_version=4, version=2)
    changed = extensions.change_password("hash", facts=THE_PERSON, by="cli")
    assert changed == Done((PasswordChanged(AGENT, after, "hash", "cli"),))
    assert isinstance(extensions.change_password("hash", facts=NEW_PERSON, by="cli"), Refused)
    service = THE_PERSON._replace(extension=SERVICE_EXTENSION)
    assert isinstance(extensions.change_password("hash", facts=service, by="cli"), Refused)


def test_signing_out_everywhere_ends_this_millisecond_too() -> None:
    """A session issued in the millisecond of the act may have been there before it."""
    out = extensions.sign_out_everywhere(facts=THE_PERSON, by="cli")
    assert out == Done((ExtensionChanged(AGENT, AGENT._replace(sessions_from_ms=NOW_MS + 1, version=2), "cli"),))


def test_predefined_roles_are_made_mended_and_left_alone() -> None:
    """A newer version of Callgate may know more permissions; a role of an account is never touched."""
    assert roles.keep_predefined(RolesFacts((ROLE,)), by="cli") == Done(
        tuple(RoleCreated(role, "cli") for role in PREDEFINED)
    )
    old = SUPER_ADMIN._replace(permissions=frozenset({"ReadCallLog"}), version=5)
    mended = roles.keep_predefined(RolesFacts((old, *PREDEFINED[1:], ROLE)), by="cli")
    assert mended == Done((RoleChanged(old, SUPER_ADMIN._replace(version=6), "cli"),))
    assert (
        roles.keep_predefined(RolesFacts((SUPER_ADMIN._replace(version=6, changed_ms=9), *PREDEFINED[1:])), by="cli")
        == Done()
    )


def test_role_is_made_and_changed() -> None:
    """Everybody who has it is bounded by it at once."""
    made = roles.create_role(ROLE, facts=NEW_ROLE, by="cli")
    assert made == Done((RoleCreated(ROLE._replace(changed_ms=NOW_MS), "cli"),))
    after = ROLE._replace(permissions=frozenset(), version=2, changed_ms=NOW_MS)
    changed = roles.change_role(lambda r: r._replace(permissions=frozenset()), facts=THE_ROLE, by="cli")
    assert changed == Done((RoleChanged(ROLE, after, "cli"),))


@pytest.mark.parametrize(
    ("facts", "name", "permissions", "problem"),
    [
        (NEW_ROLE._replace(account=None), "x", set(), "there is no such account"),
        (NEW_ROLE._replace(name_taken=True), "x", set(), "has a role x already"),
        (NEW_ROLE, "", set(), "the role's name must have"),
        (NEW_ROLE, "x", {"Fly"}, "there is no permission Fly; dictionary/permission"),
        (NEW_ROLE, "x", {"ReadCalLog"}, "no permission ReadCalLog; nearest: ReadCallLog, "),
        (NEW_ROLE, "x", {"a" * 9000}, f"no permission {'a' * 32}; dictionary/permission"),
    ],
)
def test_role_is_refused_when_it_cannot_be(facts: RoleActFacts, name: str, permissions: set[str], problem: str) -> None:
    """Permissions are those of model/permission."""
    refused = roles.create_role(ROLE._replace(name=name, permissions=frozenset(permissions)), facts=facts, by="cli")
    assert isinstance(refused, Refused)
    assert problem in refused.problem


def test_role_is_not_changed_when_it_is_predefined_gone_or_made_wrong() -> None:
    """The predefined ones are the same for every account."""
    predefined = roles.change_role(lambda r: r, facts=THE_ROLE._replace(role=STANDARD), by="cli")
    assert predefined == Refused("Standard is predefined: make a role of the account's own instead")
    assert roles.change_role(lambda r: r, facts=NEW_ROLE, by="cli") == Refused("there is no such role")
    wrong = roles.change_role(lambda r: r._replace(description="x" * 257), facts=THE_ROLE, by="cli")
    assert isinstance(wrong, Refused)


def test_role_is_deleted_when_nobody_has_it_nor_is_to_get_it() -> None:
    """Whoever had it would be left with none."""
    assert roles.delete_role(facts=THE_ROLE, by="cli") == Done((RoleDeleted(ROLE, "cli"),))
    others = THE_ROLE._replace(default_role_id=STANDARD.id)
    assert roles.delete_role(facts=others, by="cli") == Done((RoleDeleted(ROLE, "cli"),))


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        (NEW_ROLE, "there is no such role"),
        (THE_ROLE._replace(role=STANDARD), "Standard is predefined, and stays"),
        (THE_ROLE._replace(in_use=True), "somebody has the role Agent"),
        (THE_ROLE._replace(default_role_id=ROLE.id), "new people get the role Agent"),
    ],
)
def test_role_is_not_deleted_when_it_is_needed(facts: RoleActFacts, problem: str) -> None:
    """The line says what to do first."""
    refused = roles.delete_role(facts=facts, by="cli")
    assert isinstance(refused, Refused)
    assert problem in refused.problem


def test_default_role_is_chosen_among_the_accounts_and_the_predefined() -> None:
    """First or anew; chosen again, nothing is written."""
    first = roles.choose_default(facts=THE_ROLE, by="cli")
    assert first == Done((DefaultRoleChanged(ACCOUNT.id, None, ROLE.id, "cli"),))
    anew = roles.choose_default(facts=THE_ROLE._replace(role=STANDARD, default_role_id=ROLE.id), by="cli")
    assert anew == Done((DefaultRoleChanged(ACCOUNT.id, ROLE.id, STANDARD.id, "cli"),))
    assert roles.choose_default(facts=THE_ROLE._replace(default_role_id=ROLE.id), by="cli") == Done()
    others = ROLE._replace(account_id=OTHER_ACCOUNT.id)
    for facts, problem in (
        (THE_ROLE._replace(account=None), "there is no such account"),
        (NEW_ROLE, "there is no such role in this account"),
        (THE_ROLE._replace(role=others), "there is no such role in this account"),
    ):
        assert roles.choose_default(facts=facts, by="cli") == Refused(problem)


def test_queue_is_created_as_a_person_is() -> None:
    """A call queue is an extension of type Department (protocol.md B)."""
    queue = AGENT._replace(type=ExtensionType.DEPARTMENT)
    assert isinstance(
        extensions.create_extension(queue, phone_number=None, password_hash=None, facts=NEW_PERSON, by="cli"), Done
    )
