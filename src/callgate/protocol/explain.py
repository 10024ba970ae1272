"""Explanations: who asks for one, and how much of it is theirs (architecture.md, idea 5).

The client is proven as at the token endpoint, so a form may come with the request; nothing else in it is read.
"""

from callgate.model import faults
from callgate.model.client import AuthMethod, Client
from callgate.model.decisions import Denied
from callgate.model.faults import Audience, Fault
from callgate.protocol import client_auth
from callgate.protocol.client_auth import Presented
from callgate.protocol.forms import is_form, parse_pairs, single

_SECRETS = ("client_secret", "client_assertion")


def read_call(*, content_type: str, body: bytes, query: bytes, authorization: str | None) -> Presented | Denied:
    """The one way in which the app names or proves itself: the header, or a form's fields."""
    asked = parse_pairs(query)
    if isinstance(asked, Denied):
        return asked
    if misplaced := next((name for name, _ in asked if name in _SECRETS), None):
        return Denied(fault=faults.SECRET_IN_QUERY, values=(("parameter", misplaced),))
    if body and not is_form(content_type):
        return Denied(fault=faults.BODY_NOT_FORM)
    pairs = parse_pairs(body)
    form = pairs if isinstance(pairs, Denied) else single(pairs)
    return form if isinstance(form, Denied) else client_auth.presented(authorization, form)


def detail(client: Client, *, fault: Fault, why: str) -> str | None:
    """What was found, if it is for this asker: code and remedy stood in the reply itself, this did not.

    An app that keeps no secret is named by anyone who has read its page, so nobody is told under its name. What
    concerns a person is for their account's administrator, who has the log.
    """
    if client.auth_method is AuthMethod.NONE or fault.audience is not Audience.APP_OWNER:
        return None
    return why
