"""`callgate queues`: call queues, their settings and their members."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

import typer

from callgate.admin.command import desk_command, granted, noun
from callgate.admin.extensions import AccountWord
from callgate.admin.paging import Limit
from callgate.admin.view import Record, Rows, Value
from callgate.model.account import Extension, ExtensionType
from callgate.model.ids import ExtensionId
from callgate.model.paging import Page
from callgate.model.queues import (
    ALERT_TIMERS_S,
    ExtensionsPage,
    Queue,
    QueueListLookup,
    QueueListQuery,
    QueueMembersLookup,
    QueueMembersQuery,
    QueueSettings,
)
from callgate.service.administer.desk import Desk
from callgate.service.administer.finding import find_account, find_person
from callgate.service.administer.people import NewPerson, create_extension
from callgate.service.administer.queues import change_members, change_settings, find_queue

QUEUES = noun("queues", "Call queues: what they are called, how they are measured, who takes their calls.")

T = TypeVar("T")

QueueWord = Annotated[str, typer.Argument(metavar="QUEUE", help="Id, or +number*extension.", show_default=False)]
People = Annotated[
    list[str],
    typer.Argument(metavar="EXTENSION…", help="Id, e-mail address, or +number*extension.", show_default=False),
]
PageNumber = Annotated[int, typer.Option(min=1, max=1_000_000, help="Which page, from 1.")]
_TIMERS = ", ".join(str(timer) for timer in ALERT_TIMERS_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions:
    """Whose, and which page."""

    account: AccountWord
    member: Annotated[
        str | None, typer.Option(help="Only queues whose calls this extension takes.", show_default=False)
    ] = None
    page: PageNumber = 1
    limit: Limit = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOptions:
    """A queue to be."""

    account: AccountWord
    name: Annotated[str, typer.Option(help="What people call it.", show_default=False)]
    number: Annotated[str | None, typer.Option(help="Extension number, as dialled.", show_default=False)] = None
    phone_number: Annotated[str | None, typer.Option(help="A direct number, E.164 with '+'.", show_default=False)] = (
        None
    )


@dataclass(frozen=True, slots=True)
class OneQueue:
    """The queue meant."""

    queue: QueueWord


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsOptions:
    """What is to be different."""

    queue: QueueWord
    sla_goal: Annotated[
        int | None, typer.Option(help="Percent of calls to be answered in time.", show_default=False)
    ] = None
    sla_threshold: Annotated[
        int | None, typer.Option(help="Seconds within which a call is answered in time.", show_default=False)
    ] = None
    count_abandoned: Annotated[
        bool | None, typer.Option(help="Whether calls given up count as not answered.", show_default=False)
    ] = None
    abandoned_threshold: Annotated[
        int | None, typer.Option(help="Seconds before which a call given up counts for nothing.", show_default=False)
    ] = None
    editable_member_status: Annotated[
        bool | None, typer.Option(help="Whether members may pause for themselves.", show_default=False)
    ] = None
    alert_timer: Annotated[
        int | None, typer.Option(help=f"Waiting before members are alerted: {_TIMERS} seconds.", show_default=False)
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MembersOptions:
    """Whose members, and which page."""

    queue: QueueWord
    page: PageNumber = 1
    limit: Limit = 100


@dataclass(frozen=True, slots=True)
class ChangeMembersOptions:
    """A queue, and people."""

    queue: QueueWord
    people: People


@desk_command(QUEUES, "list", options=ListOptions)
async def list_queues(desk: Desk, options: ListOptions) -> Rows:
    """List the call queues of an account."""
    account = granted(await find_account(desk, options.account))
    member = granted(await find_person(desk, options.member)) if options.member else None
    query = QueueListQuery(account.id, member.id if member else None, Page(options.page, options.limit))
    return _rows(await desk.store.read(QueueListLookup(query)), query.page)


@desk_command(QUEUES, "create", options=CreateOptions)
async def create(desk: Desk, options: CreateOptions) -> Record:
    """Create a call queue: an extension that nobody signs in as."""
    account = granted(await find_account(desk, options.account))
    wanted = NewPerson(
        first_name=options.name,
        number=options.number,
        phone_number=options.phone_number,
        type=ExtensionType.DEPARTMENT,
    )
    extension = granted(await create_extension(desk, account.id, wanted))
    return await _record(desk, extension)


@desk_command(QUEUES, "show", options=OneQueue)
async def show_queue(desk: Desk, options: OneQueue) -> Record:
    """Show a queue and its settings."""
    return Record(fields=_fields(granted(await find_queue(desk, options.queue))))


@desk_command(QUEUES, "settings", options=SettingsOptions)
async def settings(desk: Desk, options: SettingsOptions) -> Record:
    """Change how a queue is measured and what its members may do."""
    queue = granted(await find_queue(desk, options.queue))

    def edit(before: QueueSettings) -> QueueSettings:
        return before._replace(
            sla_goal_percent=_chosen(options.sla_goal, before.sla_goal_percent),
            sla_threshold_s=_chosen(options.sla_threshold, before.sla_threshold_s),
            counts_abandoned=_chosen(options.count_abandoned, before.counts_abandoned),
            abandoned_threshold_s=_chosen(options.abandoned_threshold, before.abandoned_threshold_s),
            editable_member_status=_chosen(options.editable_member_status, before.editable_member_status),
            alert_timer_s=_chosen(options.alert_timer, before.alert_timer_s),
        )

    granted(await change_settings(desk, queue.extension, edit))
    return await _record(desk, queue.extension)


@desk_command(QUEUES, "members", options=MembersOptions)
async def list_members(desk: Desk, options: MembersOptions) -> Rows:
    """List who takes a queue's calls."""
    queue = granted(await find_queue(desk, options.queue))
    return await _list_members(desk, queue, Page(options.page, options.limit))


@desk_command(QUEUES, "add-members", options=ChangeMembersOptions)
async def add_members(desk: Desk, options: ChangeMembersOptions) -> Rows:
    """Let people take a queue's calls."""
    queue = granted(await find_queue(desk, options.queue))
    added = await _find_people(desk, options.people)
    granted(await change_members(desk, queue.extension, added=added))
    return await _list_members(desk, queue, Page())


@desk_command(QUEUES, "remove-members", options=ChangeMembersOptions)
async def remove_members(desk: Desk, options: ChangeMembersOptions) -> Rows:
    """Let people no longer take a queue's calls."""
    queue = granted(await find_queue(desk, options.queue))
    removed = await _find_people(desk, options.people)
    granted(await change_members(desk, queue.extension, removed=removed))
    return await _list_members(desk, queue, Page())


async def _find_people(desk: Desk, words: Sequence[str]) -> frozenset[ExtensionId]:
    return frozenset([granted(await find_person(desk, word)).id for word in words])


async def _list_members(desk: Desk, queue: Queue, page: Page) -> Rows:
    extension = queue.extension
    members = await desk.store.read(QueueMembersLookup(QueueMembersQuery(extension.account_id, extension.id, page)))
    assert members.members is not None, "a queue remains one"
    return _rows(members.members, page)


async def _record(desk: Desk, extension: Extension) -> Record:
    return Record(fields=_fields(granted(await find_queue(desk, str(extension.id)))))


def _chosen(given: T | None, before: T) -> T:
    return before if given is None else given


def _rows(shown: ExtensionsPage, page: Page) -> Rows:
    rows = tuple(
        (extension.id, extension.number, extension.name, extension.type.value, extension.status.value)
        for extension in shown.records
    )
    seen = page.start + len(rows)
    more = f"There are more: --page {page.number + 1}" if rows and seen < shown.total else None
    return Rows(("id", "number", "name", "type", "status"), rows, more)


def _fields(queue: Queue) -> tuple[tuple[str, Value], ...]:
    extension, settings = queue
    return (
        ("id", extension.id),
        ("account_id", extension.account_id),
        ("number", extension.number),
        ("name", extension.name),
        ("status", extension.status.value),
        ("sla_goal_percent", settings.sla_goal_percent),
        ("sla_threshold_s", settings.sla_threshold_s),
        ("counts_abandoned", settings.counts_abandoned),
        ("abandoned_threshold_s", settings.abandoned_threshold_s),
        ("editable_member_status", settings.editable_member_status),
        ("alert_timer_s", settings.alert_timer_s),
    )
