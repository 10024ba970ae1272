"""What administrators, operators and the clock may do in a history. Apps and people: acts.py."""

from collections.abc import Callable

from callgate.model.account import Allowance, Extension, ExtensionStatus
from callgate.model.client import Client, ClientStatus, Switch
from callgate.model.factor import Factor
from callgate.model.facts import Allowed
from callgate.model.ids import ClientId, RowId
from callgate.protocol import passkeys
from tests.factories import ACCOUNT, CREDENTIAL, SERVICE_EXTENSION
from tests.simulation.history import APPS, SERVICE, History

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
LEAPS = (
    *(SECOND, 9 * SECOND, 10 * SECOND - 2, 10 * SECOND - 1, 10 * SECOND, 11 * SECOND, 30 * SECOND) * 2,
    *(59 * SECOND, 60 * SECOND, 5 * MINUTE, 10 * MINUTE, 29 * MINUTE, 30 * MINUTE, 31 * MINUTE, 45 * MINUTE) * 2,
    *(HOUR - 2, HOUR - 1, HOUR, 2 * HOUR, DAY, 7 * DAY),
)
"""Both sides of every figure the rules have; each step takes a millisecond besides."""


def chance(history: History, percent: int) -> bool:
    """Whether something of so many percent happens."""
    return history.draw.randrange(100) < percent


def change_password(history: History) -> None:
    """Every session of the old one is over."""
    person = history.draw.choice(history.people)
    history.world.change_password(person)
    history.spec.people[person].credential = history.store.people[person].password_version
    history.tell(f"new password of {person[:3]}")


FACTORS = {
    Factor.CODE: "password and code",
    Factor.PASSKEY: "password and passkey",
    Factor.PASSKEY_ALONE: "passkey alone",
}
"""What people may prove at a browser from when they set it up."""


def set_up_factor(history: History) -> None:
    """A password alone is too little from now on; once in a while."""
    person = history.draw.choice(history.people)
    if not chance(history, 30):
        return
    factor = history.draw.choice(list(FACTORS))
    history.spec.people[person].second_factor = FACTORS[factor]
    history.world.factors[person] = factor
    _edit_person(history, person, lambda p: p._replace(has_factor=True))
    history.tell(f"{person[:3]} signs in by {FACTORS[factor]}")


def remove_factor(history: History) -> None:
    """A password alone is enough again, for what begins now: nothing that was opened before lives on, or again."""
    person = history.draw.choice(history.people)
    known = history.spec.people[person]
    if not known.second_factor:
        return
    assert known.credential is not None
    known.second_factor, known.credential = "", known.credential + 1
    _edit_person(history, person, lambda p: passkeys.without_factor(p, left=False))
    history.tell(f"{person[:3]} has no second factor any more")


def switch_person(history: History) -> None:
    """Disabled, or enabled again."""
    person = history.draw.choice(history.people)
    enabled = history.spec.people[person].enabled = not history.spec.people[person].enabled
    _edit_person(history, person, lambda p: p._replace(status=_STATUS[enabled]))
    history.tell(f"{person[:3]} {_STATUS[enabled].value}")


def sign_out_everywhere(history: History) -> None:
    """Of one person, or of the whole cell."""
    until = history.store.now_ms + 1
    if chance(history, 60):
        person = history.draw.choice(history.people)
        history.spec.people[person].signed_out_before = until
        _edit_person(history, person, lambda p: p._replace(sessions_from_ms=until))
        history.tell(f"{person[:3]} signed out everywhere")
    else:
        history.spec.all_out_before = history.store.sessions_from_ms = until
        history.tell("everybody signed out")


def switch_app(history: History) -> None:
    """Blocked or not, strict about late repeats or not, more sessions or fewer."""
    app = history.draw.choice([*history.apps, "pods"])
    rules = history.spec.apps[app]
    match history.draw.randrange(3):
        case 0:
            rules.blocked = not rules.blocked
        case 1:
            rules.strict = not rules.strict
        case _:
            rules.cap = history.draw.choice((1, 2, 3, 5))
    status = ClientStatus.BLOCKED if rules.blocked else ClientStatus.ACTIVE
    switches = frozenset({Switch.LATE_REPEAT_ENDS} if rules.strict and not rules.public else set[Switch]())
    _edit_app(history, app, lambda a: a._replace(status=status, switches=switches, session_cap=rules.cap))
    history.tell(f"{app} is {rules}")


def switch_credential(history: History) -> None:
    """A JWT credential is deleted, or another made; a service is disallowed, or allowed again."""
    if chance(history, 30):
        _switch_service(history)
    elif history.spec.credentials:
        gone = history.spec.credentials.pop()
        del history.store.credentials[RowId(gone)]
        history.tell(f"jwt-{gone} deleted")
    else:
        made = history.next_order("script")
        history.spec.credentials.add(made)
        history.spec.expired.discard(made)  # another that bore the number may have been
        history.store.credentials[RowId(made)] = CREDENTIAL._replace(id=RowId(made), label=f"jwt-{made}")
        history.tell(f"jwt-{made} created")


def expire_credential(history: History) -> None:
    """A JWT credential's expiry comes: it is there, and opens nothing more."""
    standing = history.spec.credentials - history.spec.expired
    if standing:
        over = min(standing)
        history.spec.expired.add(over)
        before = history.store.credentials[RowId(over)]
        history.store.credentials[RowId(over)] = before._replace(expires_ms=history.store.now_ms)
        history.tell(f"jwt-{over} expired")


def _switch_service(history: History) -> None:
    pods, service = APPS["pods"].id, history.spec.people[SERVICE]
    if service.credential is not None:
        del history.store.allowed[pods]
        service.credential = None
    else:
        service.credential = history.next_order("pods")
        allowance = Allowance(RowId(1), ACCOUNT.id, pods, SERVICE_EXTENSION.id, service.credential)
        history.store.allowed[pods] = Allowed(allowance, ACCOUNT, SERVICE_EXTENSION, history.store.role)
    history.tell(f"the service's allowance is {service.credential}")


def switch_role(history: History) -> None:
    """Everybody's role loses the permission to use other companies' apps, or has it again."""
    role = history.store.role
    allows = history.spec.foreign_apps = not history.spec.foreign_apps
    permissions = role.permissions ^ {"ThirdPartyAppAccess"}
    history.store.role = role._replace(permissions=permissions, version=role.version + 1)
    history.tell(f"other companies' apps: {allows}")


def change_timeouts(history: History) -> None:
    """The account's absolute and idle time-outs."""
    history.spec.absolute_s = history.draw.choice((0, 0, 1800, 7200))
    history.spec.idle_s = history.draw.choice((0, 0, 900, 3600))
    history.store.account = history.store.account._replace(
        absolute_timeout_s=history.spec.absolute_s, idle_timeout_s=history.spec.idle_s
    )
    history.tell(f"time-outs: absolute {history.spec.absolute_s} s, idle {history.spec.idle_s} s")


def rotate_key(history: History) -> None:
    """What is made from now on is sealed with another key; what was made keeps its own."""
    history.world.key_number += 1
    history.spec.key += 1
    history.tell(f"key {history.spec.key}")


def wait(history: History) -> None:
    """Time goes by."""
    history.pass_time(history.draw.choice(LEAPS))


_STATUS = {True: ExtensionStatus.ENABLED, False: ExtensionStatus.DISABLED}


def _edit_person(history: History, person: str, edit: Callable[[Extension], Extension]) -> None:
    before = history.store.people[person]
    history.store.people[person] = edit(before)._replace(version=before.version + 1)


def _edit_app(history: History, app: str, edit: Callable[[Client], Client]) -> None:
    before = history.store.clients[ClientId(app)]
    history.store.clients[ClientId(app)] = edit(before)._replace(version=before.version + 1)
