"""Which call queues and members a query asks for (protocol.md I.6). Who may ask stands in protocol/resources.py."""

from callgate.model.decisions import Denied
from callgate.model.ids import ExtensionId
from callgate.model.queues import QueueListQuery, QueueMembersQuery
from callgate.protocol.paging import read_page
from callgate.protocol.query import Query, QueryReader
from callgate.protocol.resources import ID, Subject


def parse_queue_list(query: Query, *, subject: Subject) -> QueueListQuery | Denied:
    """The page of the account's queues a query asks for; unknown parameters are ignored."""
    reader = QueryReader(query)
    member = reader.text("memberExtensionId", form=ID)
    asked = QueueListQuery(subject.account_id, ExtensionId(int(member)) if member else None, read_page(reader))
    return reader.refused or asked


def parse_queue_members(query: Query, *, subject: Subject, queue_id: ExtensionId) -> QueueMembersQuery | Denied:
    """The page of a queue's members a query asks for."""
    reader = QueryReader(query)
    asked = QueueMembersQuery(subject.account_id, queue_id, read_page(reader))
    return reader.refused or asked
