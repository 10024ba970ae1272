"""What is wrong with a SAML document and with what it comes to: every check at once, for whoever sets a provider up.

Nobody is let in by this. What is proven elsewhere is asked again here of a document in a file, past the first mistake.
"""

import base64
from urllib.parse import parse_qs

from callgate.crypto.saml import Claims, cut_out_assertion, examine, read_claims
from callgate.crypto.saml_profile import Expected
from callgate.model.acts import Refused
from callgate.model.connection import Connection, ConnectionKind, connection_meant, our_addresses
from callgate.model.decisions import Denied
from callgate.model.ids import AccountId
from callgate.model.saml import SamlCheck, SamlRefused, Trust
from callgate.model.saml_check import CONNECTION, PERSON, SWITCH, USE, Answer, Question, Report
from callgate.model.sso import ArrivalLookup, ConnectionLookup, ConnectionsListing
from callgate.model.ways import sso_open
from callgate.protocol.guards import may_sign_in
from callgate.protocol.sso import read_email
from callgate.service.administer.connections import find_connection
from callgate.service.administer.desk import Desk


async def check_document(desk: Desk, question: Question) -> Report | Refused:
    """Hold a document against the connection it is for. Raises Unavailable."""
    text = pack(question.content, for_grant=question.for_grant)
    claims = read_claims(text, bare=question.for_grant)
    connection = await _find(desk, question, claims)
    if isinstance(connection, Refused):
        return connection
    ours = our_addresses(desk.policy.issuer, connection.id)
    token_url = f"{desk.policy.issuer}/restapi/oauth/token"
    place = token_url if question.for_grant else ours.acs_url
    asked = None if isinstance(claims, SamlRefused) else claims.in_response_to
    expected = Expected(
        recipient=place,
        audiences=(ours.entity_id, token_url) if question.for_grant else (ours.entity_id,),
        in_response_to=asked,
        now_ms=desk.clock.now_ms() if question.at_ms is None else question.at_ms,
    )
    trust = Trust(connection.issuer, connection.certificates)
    found = examine(text, trust, expected=expected, bare=question.for_grant)
    answers = [Answer(each.check.value, each.mistake) for each in found]
    if not question.for_grant and asked is None and not connection.allows_idp_initiated:
        answers = [_unasked(each) for each in answers]
    if not isinstance(claims, SamlRefused):
        answers += await _about(desk, connection, claims)
    return Report(connection, place, tuple(answers))


def pack(content: bytes, *, for_grant: bool) -> bytes:
    """Bring a file into the form the wire has: it may hold XML, base64, or the fields of a form as sent."""
    content = content.strip()
    if content.startswith(b"<"):
        assertion = cut_out_assertion(content) if for_grant else None
        return (base64.urlsafe_b64encode if for_grant else base64.b64encode)(assertion or content)
    fields = parse_qs(content.decode("ascii", "replace"), max_num_fields=64) if b"=" in content[:4096] else {}
    named = fields.get("assertion" if for_grant else "SAMLResponse")
    return named[0].encode("ascii", "replace") if named else content


async def _find(desk: Desk, question: Question, claims: Claims | SamlRefused) -> Connection | Refused:
    """By the word given, by the audience, or because there is no other."""
    if question.connection is not None:
        found = await find_connection(desk, question.connection)
    else:
        found = await _named(desk, claims) or await _only(desk, question.account_id)
    if isinstance(found, Refused) or found.kind is ConnectionKind.SAML:
        return found
    return Refused(f"the connection {found.name} speaks {found.kind.value}, not SAML")


async def _named(desk: Desk, claims: Claims | SamlRefused) -> Connection | None:
    audiences = () if isinstance(claims, SamlRefused) else claims.audiences
    meant = [found for each in audiences if (found := connection_meant(desk.policy.issuer, each))]
    return (await desk.store.read(ConnectionLookup(meant[0]))).connection if meant else None


async def _only(desk: Desk, account_id: AccountId | None) -> Connection | Refused:
    listed = (await desk.store.read(ConnectionsListing(account_id=account_id))).connections
    saml = [each for each in listed if each.kind is ConnectionKind.SAML]
    if len(saml) == 1:
        return saml[0]
    return Refused(
        f"the document names none of our connections as its audience, and there are {len(saml)} it could be for: say "
        "which with --connection (`callgate sso list` shows them)"
    )


def _unasked(answer: Answer) -> Answer:
    if answer.check != SamlCheck.REQUEST.value or answer.mistake is not None:
        return answer
    return Answer(answer.check, "it answers no request, and this connection accepts only sign-ins that begin here")


async def _about(desk: Desk, connection: Connection, claims: Claims) -> list[Answer]:
    """What the transaction will ask: the connection, the account's switch, the person, and whether it came before."""
    email = read_email(connection, name_id=claims.name_id, attributes=claims.attributes)
    address = "" if isinstance(email, Denied) else email
    facts = await desk.store.read(ArrivalLookup(connection.id, address, claims.assertion_id))
    account, extension = facts.account, facts.extension
    switched_on = account is not None and sso_open(account)
    person: str | None
    if isinstance(email, Denied):
        person = email.why
    elif account is None or extension is None:
        person = f"nobody in the account has the address {email}"
    else:
        refused = may_sign_in(account, extension)
        person = refused.fault.text if refused else None
    return [
        Answer(CONNECTION, None if connection.enabled else "it is disabled"),
        Answer(SWITCH, None if switched_on else "single sign-on is switched off for the account"),
        Answer(PERSON, person),
        Answer(USE, "it was used before" if facts.consumed else None),
    ]
