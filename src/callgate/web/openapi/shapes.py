"""Shapes that several chapters share: addresses, ids, pages of a list, and the envelopes of refusals."""

from callgate.model.faults import Fault
from callgate.model.paging import PER_PAGE_DEFAULT
from callgate.model.permission import PERMISSIONS, Category
from callgate.web.openapi.described import Parameter
from callgate.web.openapi.schema import Kind, Maybe, Named, Schema, many, part, record, text, whole, words

ID_PATTERN = "^[1-9][0-9]{0,17}$"
CALL_ID_PATTERN = "^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$"
OWN_OR_ID = "^(~|[1-9][0-9]{0,17})$"

URI = text("Where it is.", form="uri")
INSTANT = text("An instant, in UTC.", form="date-time")
NUMBER = text("An extension number.", pattern="^[0-9]{1,10}$")
E164 = text("A phone number with its country code.", pattern="^\\+[0-9]{1,20}$")

PATH: dict[str, Schema] = {
    "accountId": {**text("The account; `~` is the token's own.", pattern=OWN_OR_ID), "examples": ["~"]},
    "extensionId": {**text("The extension; `~` is the token's own.", pattern=OWN_OR_ID), "examples": ["~"]},
    "groupId": text("The call queue.", pattern=ID_PATTERN),
    "roleId": text("The role.", pattern=ID_PATTERN),
    "recordingId": text("The recording, as a call's record names it.", pattern="^[A-Za-z0-9._-]{1,128}$"),
    "callRecordId": text("The record.", pattern=CALL_ID_PATTERN),
    "credentialId": text("The JWT credential.", pattern="^[1-9][0-9]{0,18}$"),
    "permissionId": words("The permission.", PERMISSIONS),
    "permissionCategoryId": words("What permissions are about.", Category),
    "connectionId": text("The connection to an identity provider.", pattern=ID_PATTERN),
    "requestId": text("A reply's `RCRequestId`.", pattern="^[0-9a-f-]{1,64}$"),
}
"""Every part of a path that stands for something."""

PAGES = (
    Parameter("page", {**whole("Which page, from 1.", least=1, most=999_999_999), "default": 1}),
    Parameter(
        "perPage",
        {
            "description": "How many a page holds: 1,000 at most, which more is answered with, and `max`.",
            "anyOf": [{"type": "integer", "minimum": 1}, {"const": "max"}],
            "default": PER_PAGE_DEFAULT,
        },
    ),
)

_LINK = part(uri=URI)
PAGING = record(
    "Paging",
    "Which part of a list this is. Indexes count from 0, both ends included; an empty page has none.",
    page=whole("Of this page, from 1.", least=1),
    perPage=whole("How many a page holds at most.", least=1),
    totalPages=Maybe(whole("Of the whole list, where it is known.", least=0)),
    totalElements=Maybe(whole("Of the whole list, where it is known.", least=0)),
    pageStart=Maybe(whole(least=0)),
    pageEnd=Maybe(whole(least=0)),
)
NAVIGATION = record(
    "Navigation",
    "The way to other pages, as far as there are any.",
    firstPage=_LINK,
    nextPage=Maybe(_LINK),
    previousPage=Maybe(_LINK),
    lastPage=Maybe(_LINK),
)


def rows(*modules: object) -> tuple[Fault, ...]:
    """Every row of parts of the catalogue."""
    return tuple(row for module in modules for row in vars(module).values() if isinstance(row, Fault))


def listing(called: str, of: Kind, *, about: str) -> Named:
    """A page of a list."""
    return record(called, about, uri=URI, records=many(of), paging=PAGING, navigation=NAVIGATION)


OAUTH_ERROR = record(
    "OAuthError",
    "A refusal of an OAuth endpoint (RFC 6749 section 5.2).",
    error=text("RFC 6749's word."),
    error_description=text("The message again."),
    errors=many(
        part(
            errorCode=text("The code to look up."),
            message=text("What is wrong."),
            remedy=text("What to do about it."),
            parameters=Maybe(many(part(parameterName=text(), parameterValue=text()))),
        ),
        least=1,
        most=1,
    ),
)

_NAMED = {
    "permissionName": Maybe(text("The scope or permission that is missing.")),
    "parameterName": Maybe(text("The parameter or member that is meant.")),
}
API_ERROR = record(
    "ApiError",
    "A refusal of the API: a coarse class, and the code to look up in `errors`.",
    errorCode=text("The class."),
    message=text("What is wrong."),
    errors=many(
        part(
            errorCode=text("The code to look up."),
            message=text("What is wrong."),
            remedy=text("What to do about it."),
            **_NAMED,
        ),
        least=1,
        most=1,
    ),
    **_NAMED,
)
