"""The account and its extensions read for a bearer: judged, loaded, and given to be rendered."""

from typing import NamedTuple

from callgate.model import operation
from callgate.model.account import Account
from callgate.model.decisions import Admitted, Denied
from callgate.model.directory import (
    ExtensionListFacts,
    ExtensionListLookup,
    ExtensionListQuery,
    ExtensionLookup,
    ListedExtension,
)
from callgate.model.ids import ExtensionId
from callgate.protocol.query import parse_query
from callgate.protocol.resources import judge, no_such_extension, parse_extension_list
from callgate.service.context import Context


class Asked(NamedTuple):
    """What a request names: ids as they stand in its path (None where the path has none), and its query as sent.

    `item` is the id of anything but an account or an extension: a call record, a queue, a role. The body is as sent.
    """

    account: str
    extension: str | None = None
    item: str | None = None
    query: bytes = b""
    content_type: str = ""
    body: bytes = b""
    user_agent: str = ""

    def __repr__(self) -> str:
        return f"Asked(account={self.account!r}, extension={self.extension!r}, item={self.item!r}, …)"


class AccountShown(NamedTuple):
    """An account with its operator, the main administrator's extension."""

    account: Account
    operator: ListedExtension | None


class ExtensionShown(NamedTuple):
    """An extension; `own` says that it is the bearer's, who is shown a little more."""

    account: Account
    listed: ListedExtension
    own: bool


class ExtensionListShown(NamedTuple):
    """A page of extensions, and the query it answers with every default filled in."""

    account: Account
    query: ExtensionListQuery
    facts: ExtensionListFacts


async def read_account(context: Context, admitted: Admitted, asked: Asked) -> AccountShown | Denied:
    """`GET account/{accountId}`. Raises Unavailable."""
    subject = judge(admitted, operation.READ_ACCOUNT, account=asked.account)
    if isinstance(subject, Denied):
        return subject
    # The main administrator's extension has the account's id (protocol.md B).
    lookup = ExtensionLookup(subject.account_id, ExtensionId(subject.account_id))
    facts = await context.store.read(lookup)
    return AccountShown(admitted.account, facts.listed)


async def list_extensions(context: Context, admitted: Admitted, asked: Asked) -> ExtensionListShown | Denied:
    """`GET account/{accountId}/extension`. Raises Unavailable."""
    subject = judge(admitted, operation.LIST_EXTENSIONS, account=asked.account)
    if isinstance(subject, Denied):
        return subject
    pairs = parse_query(asked.query)
    if isinstance(pairs, Denied):
        return pairs
    query = parse_extension_list(pairs, subject=subject)
    if isinstance(query, Denied):
        return query
    return ExtensionListShown(admitted.account, query, await context.store.read(ExtensionListLookup(query)))


async def read_extension(context: Context, admitted: Admitted, asked: Asked) -> ExtensionShown | Denied:
    """`GET account/{accountId}/extension/{extensionId}`. Raises Unavailable."""
    subject = judge(admitted, operation.READ_EXTENSION, account=asked.account, extension=asked.extension)
    if isinstance(subject, Denied):
        return subject
    assert subject.extension_id is not None, "the path names one"
    facts = await context.store.read(ExtensionLookup(subject.account_id, subject.extension_id))
    if facts.listed is None:
        return no_such_extension()
    return ExtensionShown(admitted.account, facts.listed, own=subject.extension_id == admitted.extension.id)
