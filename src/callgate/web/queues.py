"""Call queues rendered (protocol.md I.6): a queue's id is a text, a member's a number; both lead to the extension."""

from collections.abc import Sequence

from callgate.model.account import Extension, ExtensionStatus
from callgate.model.ids import AccountId
from callgate.model.queues import Queue
from callgate.service.queues import QueueListShown, QueueMembersShown
from callgate.web.links import JsonObject, Links, present, with_query
from callgate.web.paging import render_whole_list

_MAIN_SITE: JsonObject = {"id": "main-site", "name": "Main Site"}
"""Accounts here have one site, which the wire calls so."""


def render_queue_list(shown: QueueListShown, links: Links) -> JsonObject:
    """A page of queues, with totals."""
    query = shown.query

    def address(number: int) -> str:
        member = [] if query.member_id is None else [("memberExtensionId", str(query.member_id))]
        pairs = [*member, ("page", str(number)), ("perPage", str(query.page.size))]
        return with_query(f"{links.account(query.account_id)}/call-queues", pairs)

    records = [_render_listed(queue, links) for queue in shown.page.records]
    return render_whole_list(query.page, address, records=records, total=shown.page.total)


def render_queue(queue: Queue, links: Links) -> JsonObject:
    """One queue with its settings."""
    settings = queue.settings
    return {
        **_render_listed(queue.extension, links),
        "serviceLevelSettings": {
            "slaGoal": settings.sla_goal_percent,
            "slaThresholdSeconds": settings.sla_threshold_s,
            "includeAbandonedCalls": settings.counts_abandoned,
            "abandonedThresholdSeconds": settings.abandoned_threshold_s,
        },
        "editableMemberStatus": settings.editable_member_status,
        "alertTimer": settings.alert_timer_s,
    }


def render_queue_members(shown: QueueMembersShown, links: Links) -> JsonObject:
    """A page of a queue's members, with totals."""
    query = shown.query

    def address(number: int) -> str:
        pairs = [("page", str(number)), ("perPage", str(query.page.size))]
        return with_query(f"{links.account(query.account_id)}/call-queues/{query.queue_id}/members", pairs)

    records = [_render_member(member, query.account_id, links=links) for member in shown.page.records]
    return render_whole_list(query.page, address, records=records, total=shown.page.total)


def render_choice(chosen: Sequence[Extension], _: Links) -> JsonObject:
    """The queues somebody takes calls of: here, the wire names no address."""
    return {"records": [{"id": str(queue.id), "name": queue.name} for queue in chosen]}


def _render_listed(queue: Extension, links: Links) -> JsonObject:
    # The wire knows no frozen queue.
    status = ExtensionStatus.DISABLED if queue.status is ExtensionStatus.FROZEN else queue.status
    return present(
        uri=links.extension(queue.account_id, queue.id),
        id=str(queue.id),
        extensionNumber=queue.number,
        name=queue.name,
        status=status.value,
        site=_MAIN_SITE,
    )


def _render_member(member: Extension, account_id: AccountId, *, links: Links) -> JsonObject:
    return present(uri=links.extension(account_id, member.id), id=member.id, extensionNumber=member.number)
