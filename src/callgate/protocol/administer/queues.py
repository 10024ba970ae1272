"""Call queues changed: their settings, and who takes their calls."""

from collections.abc import Callable, Iterator

from callgate.model.account import SIGN_IN_TYPES, Extension
from callgate.model.acts import Refused
from callgate.model.decisions import Done
from callgate.model.ids import ExtensionId
from callgate.model.queues import (
    ALERT_TIMERS_S,
    MEMBERS_MAX,
    ChoiceFacts,
    QueueActFacts,
    QueueMembersChanged,
    QueueSettings,
    QueueSettingsChanged,
)
from callgate.protocol.administer.texts import first_problem

_PERCENT_MAX = 100
_THRESHOLD_S_MAX = 3600


def change_settings(edit: Callable[[QueueSettings], QueueSettings], *, facts: QueueActFacts, by: str) -> Done | Refused:
    """A queue's settings after an edit; nothing is written when nothing changed."""
    if facts.queue is None:
        return Refused("there is no such queue")
    before = facts.queue.settings
    edited = edit(before)
    if edited == before:
        return Done()
    problem = _check_settings(edited)
    if problem:
        return Refused(problem)
    return Done((QueueSettingsChanged(before, edited._replace(version=before.version + 1), by),))


def change_members(
    *, added: frozenset[ExtensionId], removed: frozenset[ExtensionId], facts: QueueActFacts, by: str
) -> Done | Refused:
    """People added to a queue and removed from it; who is there already, or never was, changes nothing."""
    queue = facts.queue
    if queue is None:
        return Refused("there is no such queue")
    problem = next(_check_members(added, removed, facts=facts), None)
    if problem:
        return Refused(problem)
    coming, going = added - facts.members, removed & facts.members
    if not coming and not going:
        return Done()
    if len(facts.members | coming) - len(going) > MEMBERS_MAX:
        return Refused(f"a queue has at most {MEMBERS_MAX} members")
    extension = queue.extension
    return Done((QueueMembersChanged(extension.account_id, extension.id, coming, going, by),))


def choose_queues(wanted: frozenset[ExtensionId], *, facts: ChoiceFacts, by: str) -> Done | Refused:
    """The queues somebody takes calls of become those named: they join some, and leave the others."""
    member = facts.member
    if member is None:
        return Refused("there is no such extension")
    problem = next(_check_choice(wanted, member=member, facts=facts), None)
    if problem:
        return Refused(problem)
    alone: frozenset[ExtensionId] = frozenset({member.id})
    nobody: frozenset[ExtensionId] = frozenset()
    joined = (QueueMembersChanged(member.account_id, each, alone, nobody, by) for each in sorted(wanted - facts.now))
    left = (QueueMembersChanged(member.account_id, each, nobody, alone, by) for each in sorted(facts.now - wanted))
    return Done((*joined, *left))


def _check_choice(wanted: frozenset[ExtensionId], *, member: Extension, facts: ChoiceFacts) -> Iterator[str]:
    problem = _check_member(member.id, member)
    if problem and wanted:
        yield problem
    for queue_id in sorted(wanted - {queue.id for queue in facts.named}):
        yield f"there is no call queue {queue_id} in this account"
    for queue in facts.named:
        if queue.id not in facts.now and facts.sizes[queue.id] >= MEMBERS_MAX:
            yield f"{queue.name} has {MEMBERS_MAX} members already"


def _check_settings(settings: QueueSettings) -> str | None:
    timers = ", ".join(str(timer) for timer in ALERT_TIMERS_S)
    return first_problem(
        _check_range("service level goal", settings.sla_goal_percent, most=_PERCENT_MAX, unit="percent"),
        _check_range("service level threshold", settings.sla_threshold_s, most=_THRESHOLD_S_MAX, unit="seconds"),
        _check_range("abandoned threshold", settings.abandoned_threshold_s, most=_THRESHOLD_S_MAX, unit="seconds"),
        None if settings.alert_timer_s in ALERT_TIMERS_S else f"the alert timer is one of {timers} seconds",
    )


def _check_range(label: str, value: int, *, most: int, unit: str) -> str | None:
    return None if 0 <= value <= most else f"the {label} must be 0 to {most} {unit}"


def _check_members(
    added: frozenset[ExtensionId], removed: frozenset[ExtensionId], *, facts: QueueActFacts
) -> Iterator[str]:
    both = added & removed
    if both:
        yield f"extension {min(both)} cannot be added and removed at once"
    named = {extension.id: extension for extension in facts.named}
    for extension_id in sorted(added):
        problem = _check_member(extension_id, named.get(extension_id))
        if problem:
            yield problem


def _check_member(extension_id: ExtensionId, extension: Extension | None) -> str | None:
    if extension is None:
        return f"there is no extension {extension_id} in this account"
    if extension.type not in SIGN_IN_TYPES:
        return f"extension {extension_id} is a {extension.type.value}: only people take a queue's calls"
    return None
