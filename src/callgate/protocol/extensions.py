"""Extensions made by the resource API: what a body says of one, and whether its giver may (protocol.md B).

Who may ask at all stands in protocol/resources.py; what an extension may be, in protocol/administer/extensions.py.
"""

from collections.abc import Mapping
from typing import NamedTuple

from callgate.model.account import Extension, ExtensionStatus, ExtensionType
from callgate.model.acts import ExtensionActFacts, Refused
from callgate.model.decisions import Denied, Done
from callgate.protocol.administer import extensions
from callgate.protocol.body import BodyReader
from callgate.protocol.roles import exceeds_giver, refused


class ExtensionWish(NamedTuple):
    """An extension as a body describes it."""

    type: ExtensionType
    status: ExtensionStatus
    number: str | None
    first_name: str
    last_name: str
    email: str | None


def parse_new_extension(body: Mapping[str, object]) -> ExtensionWish | Denied:
    """A person or queue: `contact.firstName` must be there; by default a User who may sign in."""
    reader = BodyReader(body)
    contact = reader.part("contact")
    wish = ExtensionWish(
        reader.choice("type", among=ExtensionType) or ExtensionType.USER,
        reader.choice("status", among=ExtensionStatus) or ExtensionStatus.ENABLED,
        reader.text("extensionNumber") or None,
        contact.text("firstName") or "",
        contact.text("lastName") or "",
        contact.text("email") or None,
    )
    if not wish.first_name:
        contact.require("firstName")
    return reader.refused or wish


def create_extension(extension: Extension, *, facts: ExtensionActFacts, by: str) -> Done | Denied:
    """The extension, without a password or a number of its own; its role allows no more than its giver may."""
    exceeds = exceeds_giver(facts.giver, facts.role)
    if exceeds:
        return exceeds
    outcome = extensions.create_extension(extension, phone_number=None, password_hash=None, facts=facts, by=by)
    return refused(outcome.problem) if isinstance(outcome, Refused) else outcome
