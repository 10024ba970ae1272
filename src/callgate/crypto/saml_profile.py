"""What an assertion must say, beyond being signed (SAML 2.0 Profiles section 4.1.4; RFC 7522 section 3).

Each rule takes the statement of a case and gives the mistake in words, or None. They read elements only: whether these
were signed is settled before, except where `callgate saml check` explains a document that nobody believes.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from callgate.crypto.saml_gate import SAML, SAMLP, Element
from callgate.model.instant import DAY_MS, parse_instant, render_instant
from callgate.model.saml import SamlCheck

SKEW_MS = 60_000
"""Clocks of identity providers are off by up to a minute (assurance.md P19)."""

LIFE_MS_MAX = DAY_MS
"""An assertion that lives longer than a day is a password; and its id must be remembered as long."""

NAME_CHARS_MAX = 1024

_BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
_CONDITIONS = frozenset(f"{{{SAML}}}{name}" for name in ("AudienceRestriction", "OneTimeUse", "ProxyRestriction"))


class Expected(NamedTuple):
    """Where a document was to come, for whom, in answer to which request (None: to none), and when it came."""

    recipient: str
    audiences: tuple[str, ...]
    in_response_to: str | None
    now_ms: int


class Case(NamedTuple):
    """An assertion, the response around it if there is one, and what was expected."""

    response: Element | None
    response_signed: bool
    assertion: Element
    expected: Expected
    issuer: str


Rule = Callable[[Case], str | None]
"""Gives the mistake in words."""

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z", re.ASCII)


def check_issuer(case: Case) -> str | None:
    """Both issuers are the connection's entity id, as an entity id is written (core section 8.3.6)."""
    places = (case.response, case.assertion)
    for place in (place for place in places if place is not None):
        issuer = place.find(f"{{{SAML}}}Issuer")
        if issuer is None and place is case.response:
            continue  # a response need not repeat it
        found = _text(issuer)
        if found != case.issuer:
            return f"the issuer is {_shown(found)}, the connection’s identity provider is {_shown(case.issuer)}"
    return None


def check_status(case: Case) -> str | None:
    """The outer status code is Success."""
    if case.response is None:
        return None
    code = case.response.find(f"{{{SAMLP}}}Status/{{{SAMLP}}}StatusCode")
    said = None if code is None else code.get("Value")
    return None if said == _SUCCESS else f"the identity provider says {_shown(said)}"


def check_destination(case: Case) -> str | None:
    """A response names the place it was sent to; it must where it is signed (bindings section 3.5.5.2)."""
    if case.response is None:
        return None
    destination = case.response.get("Destination")
    if destination is None and not case.response_signed:
        return None
    if destination != case.expected.recipient:
        return f"it was sent to {_shown(destination)}, and came to {case.expected.recipient}"
    return None


def check_subject(case: Case) -> str | None:
    """One NameID with text and nothing else in it, and a bearer's confirmation."""
    names = case.assertion.findall(f"{{{SAML}}}Subject/{{{SAML}}}NameID")
    if len(names) != 1 or len(names[0]) or not 0 < len(_text(names[0])) <= NAME_CHARS_MAX:
        return "the subject has not exactly one NameID"
    if not _confirmations(case):
        return "the subject is not confirmed as a bearer’s"
    return None


def check_recipient(case: Case) -> str | None:
    """A bearer's confirmation says where it may be delivered (profiles section 4.1.4.2, RFC 7522 section 3 rule 5)."""
    recipients = [data.get("Recipient") for data in _confirmations(case)]
    if case.expected.recipient in recipients:
        return None
    return f"the recipient is {_shown(*recipients)}, and it came to {case.expected.recipient}"


def check_request(case: Case) -> str | None:
    """It answers the request that was sent, or none: an answer to somebody else's request is stolen or misled."""
    asked = case.expected.in_response_to
    named = None if case.response is None else case.response.get("InResponseTo")
    confirmed = [data.get("InResponseTo") for data in _at_recipient(case)]
    if asked is None:
        if named is None and None in confirmed:
            return None
        return "it answers a request that this browser did not send"
    if asked in confirmed and named in {None, asked}:
        return None
    return f"it answers {_shown(named, *confirmed)} and not the request this browser sent"


def check_audience(case: Case) -> str | None:
    """Every restriction of the audience names us, there is one, and no condition is unknown (core section 2.5.1)."""
    conditions = case.assertion.find(f"{{{SAML}}}Conditions")
    if conditions is None:
        return "it has no Conditions"
    unknown = [child for child in conditions if child.tag not in _CONDITIONS]
    if unknown:
        return "it states a condition that is not understood"
    restrictions = conditions.findall(f"{{{SAML}}}AudienceRestriction")
    wanted = " or ".join(case.expected.audiences)
    if not restrictions:
        return f"it names no audience; {wanted} is needed"
    for restriction in restrictions:
        audiences = [_text(each) for each in restriction.findall(f"{{{SAML}}}Audience")]
        if not set(audiences) & set(case.expected.audiences):
            return f"the audience is {_shown(*audiences)}, and not {wanted}"
    return None


def check_time(case: Case) -> str | None:
    """Now is within every period that is stated, give or take a minute, and none has more than a day to go."""
    issued_ms = _instant(case.assertion.get("IssueInstant"))
    if issued_ms is None or issued_ms > case.expected.now_ms + SKEW_MS:
        return f"it was issued at {_shown(case.assertion.get('IssueInstant'))}: after now, or at no instant"
    for element in case.assertion.iterfind(f"{{{SAML}}}Conditions"):
        mistake = _outside(element, case.expected.now_ms)
        if mistake:
            return mistake
    for statement in case.assertion.iterfind(f"{{{SAML}}}AuthnStatement"):
        ends = statement.get("SessionNotOnOrAfter")
        ends_ms = _instant(ends)
        if ends is not None and (ends_ms is None or case.expected.now_ms >= ends_ms + SKEW_MS):
            return f"the session at the identity provider ended at {ends}"
    mistakes = [_outside(data, case.expected.now_ms, must_end=True) for data in _answering(case)]
    return mistakes[0] if mistakes and all(mistakes) else None


def check_statement(case: Case) -> str | None:
    """How the person signed in is said at most once, and of a response exactly once; attributes are readable."""
    statements = case.assertion.findall(f"{{{SAML}}}AuthnStatement")
    if case.response is not None and not statements:
        return "it does not say that anybody signed in (AuthnStatement)"
    if case.assertion.find(f"{{{SAML}}}AttributeStatement/{{{SAML}}}EncryptedAttribute") is not None:
        return "an attribute is encrypted"
    return None


RULES: tuple[tuple[SamlCheck, Rule], ...] = (
    (SamlCheck.STATUS, check_status),
    (SamlCheck.DESTINATION, check_destination),
    (SamlCheck.SUBJECT, check_subject),
    (SamlCheck.RECIPIENT, check_recipient),
    (SamlCheck.REQUEST, check_request),
    (SamlCheck.AUDIENCE, check_audience),
    (SamlCheck.TIME, check_time),
    (SamlCheck.STATEMENT, check_statement),
)
"""In the order in which they are asked; the issuer is asked before, to know whose keys to try."""

OF_RESPONSES = frozenset({SamlCheck.STATUS, SamlCheck.DESTINATION, SamlCheck.REQUEST})
"""Not asked of an assertion that comes without a response."""


def ends_ms(case: Case) -> int:
    """When an assertion that passed every rule stops passing."""
    found = [_instant(data.get("NotOnOrAfter")) for data in _answering(case)]
    conditions = case.assertion.find(f"{{{SAML}}}Conditions")
    limit = None if conditions is None else _instant(conditions.get("NotOnOrAfter"))
    latest = max((each for each in found if each is not None), default=case.expected.now_ms)
    return (latest if limit is None else min(latest, limit)) + SKEW_MS


def issuer(assertion: Element) -> str:
    """The entity id of who made it."""
    return _text(assertion.find(f"{{{SAML}}}Issuer"))


def audiences(assertion: Element) -> tuple[str, ...]:
    """Everybody it says it is for."""
    found = assertion.iterfind(f"{{{SAML}}}Conditions/{{{SAML}}}AudienceRestriction/{{{SAML}}}Audience")
    return tuple(_text(each) for each in found)


def audience(case: Case) -> str:
    """By which of our names it means us; the first of them where it means somebody else."""
    named = audiences(case.assertion)
    return next((each for each in case.expected.audiences if each in named), case.expected.audiences[0])


def name_id(assertion: Element) -> str:
    """The subject's NameID, without the whitespace that printing put around it."""
    return _text(assertion.find(f"{{{SAML}}}Subject/{{{SAML}}}NameID"))


def session_index(assertion: Element) -> str | None:
    """The name that the provider's session has, for whoever would end it."""
    statement = assertion.find(f"{{{SAML}}}AuthnStatement")
    return None if statement is None else statement.get("SessionIndex")


def attributes(assertion: Element) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Attributes by Name, each with the texts of its values; a name that stands twice has the values of both."""
    values: dict[str, list[str]] = {}
    for attribute in assertion.iterfind(f"{{{SAML}}}AttributeStatement/{{{SAML}}}Attribute"):
        texts = [_text(value) for value in attribute.iterfind(f"{{{SAML}}}AttributeValue") if not len(value)]
        values.setdefault(str(attribute.get("Name")), []).extend(text for text in texts if text)
    return tuple((name, tuple(found)) for name, found in values.items())


def _confirmations(case: Case) -> list[Element]:
    """The data of each bearer's confirmation."""
    found = case.assertion.iterfind(f"{{{SAML}}}Subject/{{{SAML}}}SubjectConfirmation")
    bearers = (each for each in found if each.get("Method") == _BEARER)
    return [data for each in bearers for data in each.findall(f"{{{SAML}}}SubjectConfirmationData")]


def _at_recipient(case: Case) -> list[Element]:
    return [data for data in _confirmations(case) if data.get("Recipient") == case.expected.recipient]


def _answering(case: Case) -> list[Element]:
    """Confirmations for this place that answer this request; of a bare assertion, any for this place."""
    here = _at_recipient(case)
    if case.response is None:
        return here
    return [data for data in here if data.get("InResponseTo") == case.expected.in_response_to]


def _outside(period: Element, now_ms: int, *, must_end: bool = False) -> str | None:
    starts, ends = period.get("NotBefore"), period.get("NotOnOrAfter")
    starts_ms, ends_ms = _instant(starts), _instant(ends)
    if (starts is not None and starts_ms is None) or (ends is not None and ends_ms is None):
        return f"{_shown(starts, ends)} is not an instant in UTC"
    if ends_ms is None and must_end:
        return "the subject’s confirmation has no end (NotOnOrAfter)"
    if starts_ms is not None and now_ms < starts_ms - SKEW_MS:
        return f"it begins at {starts}, and it is {render_instant(now_ms)}"
    if ends_ms is not None and now_ms >= ends_ms + SKEW_MS:
        return f"it ended at {ends}, and it is {render_instant(now_ms)}"
    if ends_ms is not None and must_end and ends_ms > now_ms + LIFE_MS_MAX:
        return f"it ends at {ends}, more than a day ahead"
    return None


def _instant(text: str | None) -> int | None:
    """SAML writes its times in UTC (core section 1.3.3)."""
    return parse_instant(text) if text is not None and _INSTANT.fullmatch(text) else None


def _text(element: Element | None) -> str:
    return "" if element is None or element.text is None else element.text.strip()


def _shown(*texts: str | None) -> str:
    """What was found, cut short: it is a stranger's."""
    return ", ".join("none" if text is None else repr(text[:200]) for text in texts) or "none"
