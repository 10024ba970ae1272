"""JWT credentials read and made for a bearer: judged, signed, written in their name, and given to be rendered."""

from dataclasses import dataclass, field
from typing import NamedTuple

from callgate.model import operation
from callgate.model.account import Extension
from callgate.model.acts import CredentialActFacts, CredentialActLookup
from callgate.model.credential import JwtCredential
from callgate.model.decisions import Admitted, Denied, Done
from callgate.model.ids import ClientId, RowId
from callgate.model.jwt_credentials import CredentialListLookup, CredentialOfLookup
from callgate.model.operation import Operation
from callgate.model.paging import Page
from callgate.model.radar import Advice
from callgate.model.roles import AssignedRoleLookup
from callgate.protocol import jwt_credentials as protocol
from callgate.protocol.paging import read_page
from callgate.protocol.query import QueryReader, parse_query
from callgate.protocol.radar import advise_on
from callgate.protocol.resources import Subject, judge, no_such_extension
from callgate.service.administer.credentials import IssuedCredential, NewCredential, mint_credential
from callgate.service.body import read_object
from callgate.service.context import Context
from callgate.service.resources import Asked
from callgate.storage.port import Unit


@dataclass(frozen=True, slots=True)
class CredentialShown:
    """One credential, what is advised of it, and its text if it was made this moment."""

    credential: JwtCredential
    advice: Advice | None
    jwt: str | None = field(default=None, repr=False)


class CredentialListShown(NamedTuple):
    """A page of somebody's credentials, and how many there are."""

    person: Extension
    page: Page
    records: tuple[CredentialShown, ...]
    total: int


async def list_credentials(context: Context, admitted: Admitted, asked: Asked) -> CredentialListShown | Denied:
    """`GET …/extension/{extensionId}/jwt-credentials`. Raises Unavailable."""
    subject = _judge(admitted, asked, wanted=operation.LIST_CREDENTIALS)
    if isinstance(subject, Denied):
        return subject
    pairs = parse_query(asked.query)
    if isinstance(pairs, Denied):
        return pairs
    reader = QueryReader(pairs)
    page = read_page(reader)
    if reader.refused:
        return reader.refused
    person = await _person(context, subject)
    if isinstance(person, Denied):
        return person
    facts = await context.store.read(CredentialListLookup(person.account_id, person.id, page))
    return CredentialListShown(person, page, tuple(show(context, each) for each in facts.records), facts.total)


async def read_credential(context: Context, admitted: Admitted, asked: Asked) -> CredentialShown | Denied:
    """`GET …/jwt-credentials/{credentialId}`. Raises Unavailable."""
    subject = _judge(admitted, asked, wanted=operation.READ_CREDENTIAL)
    if isinstance(subject, Denied):
        return subject
    found = await _find(context, subject, credential_id=protocol.find_credential_id(asked.item))
    return found if isinstance(found, Denied) else show(context, found)


async def create_credential(context: Context, admitted: Admitted, asked: Asked) -> CredentialShown | Denied:
    """`POST …/extension/{extensionId}/jwt-credentials`. Raises Unavailable."""
    subject = _judge(admitted, asked, wanted=operation.CREATE_CREDENTIAL)
    if isinstance(subject, Denied):
        return subject
    body = read_object(asked)
    if isinstance(body, Denied):
        return body
    wish = protocol.parse_new_credential(body)
    if isinstance(wish, Denied):
        return wish
    person = await _person(context, subject)
    if isinstance(person, Denied):
        return person
    wanted = NewCredential(label=wish.label, client_ids=wish.client_ids, expires_ms=wish.expires_ms)
    issued = await mint(context, person, wanted)

    def decide(facts: CredentialActFacts) -> Done | Denied:
        return protocol.create_credential(issued.credential, admitted=admitted, subject=subject, facts=facts)

    lookup = _act(admitted, person, credential_id=issued.credential.id, client_ids=wish.client_ids)
    decided = await context.store.run(Unit(lookup, decide))
    return decided if isinstance(decided, Denied) else show(context, issued.credential, jwt=issued.jwt)


async def replace_credential(context: Context, admitted: Admitted, asked: Asked) -> CredentialShown | Denied:
    """`POST …/jwt-credentials/{credentialId}/replacement`. Raises Unavailable."""
    subject = _judge(admitted, asked, wanted=operation.REPLACE_CREDENTIAL)
    if isinstance(subject, Denied):
        return subject
    body = read_object(asked)
    if isinstance(body, Denied):
        return body
    wish = protocol.parse_replacement(body)
    if isinstance(wish, Denied):
        return wish
    person = await _person(context, subject)
    if isinstance(person, Denied):
        return person
    before = await _find(context, subject, credential_id=protocol.find_credential_id(asked.item))
    if isinstance(before, Denied):
        return before
    wanted = NewCredential(label=before.label, client_ids=before.client_ids, expires_ms=wish.expires_ms)
    issued = await mint(context, person, wanted)

    def decide(facts: CredentialActFacts) -> Done | Denied:
        return protocol.replace_credential(
            issued.credential, overlap_ms=wish.overlap_ms, admitted=admitted, subject=subject, facts=facts
        )

    decided = await context.store.run(Unit(_act(admitted, person, credential_id=before.id), decide))
    return decided if isinstance(decided, Denied) else show(context, issued.credential, jwt=issued.jwt)


async def delete_credential(context: Context, admitted: Admitted, asked: Asked) -> Denied | None:
    """`DELETE …/jwt-credentials/{credentialId}`. Raises Unavailable."""
    subject = _judge(admitted, asked, wanted=operation.DELETE_CREDENTIAL)
    if isinstance(subject, Denied):
        return subject
    person = await _person(context, subject)
    if isinstance(person, Denied):
        return person

    def decide(facts: CredentialActFacts) -> Done | Denied:
        return protocol.delete_credential(admitted=admitted, subject=subject, facts=facts)

    lookup = _act(admitted, person, credential_id=protocol.find_credential_id(asked.item))
    decided = await context.store.run(Unit(lookup, decide))
    return decided if isinstance(decided, Denied) else None


async def mint(context: Context, person: Extension, wanted: NewCredential) -> IssuedCredential:
    """A credential signed, and written by nobody yet."""
    now_ms = context.clock.now_ms()
    return await mint_credential(
        person,
        wanted,
        row_id=context.row_ids.next(now_ms),
        now_ms=now_ms,
        keeper=context.keeper,
        issuer=context.policy.issuer,
    )


def _judge(admitted: Admitted, asked: Asked, *, wanted: Operation) -> Subject | Denied:
    return judge(admitted, wanted, account=asked.account, extension=asked.extension)


async def _person(context: Context, subject: Subject) -> Extension | Denied:
    assert subject.extension_id is not None, "the path names one"
    found = await context.store.read(AssignedRoleLookup(subject.account_id, subject.extension_id))
    return found.extension or no_such_extension()


async def _find(context: Context, subject: Subject, *, credential_id: RowId) -> JwtCredential | Denied:
    assert subject.extension_id is not None, "the path names one"
    lookup = CredentialOfLookup(subject.account_id, subject.extension_id, credential_id)
    return (await context.store.read(lookup)).credential or protocol.no_such_credential()


def _act(
    admitted: Admitted, person: Extension, *, credential_id: RowId, client_ids: frozenset[ClientId] = frozenset()
) -> CredentialActLookup:
    return CredentialActLookup(
        extension_id=person.id, credential_id=credential_id, client_ids=client_ids, giver_id=admitted.extension.id
    )


def show(context: Context, credential: JwtCredential, *, jwt: str | None = None) -> CredentialShown:
    """A credential as its person sees it."""
    return CredentialShown(credential, advise_on(credential, now_ms=context.clock.now_ms()), jwt)
