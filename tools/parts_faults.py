"""The part that is the catalogue of faults."""

import re
from collections.abc import Iterator

from callgate.model import (
    api_faults,
    authorize_faults,
    cell_faults,
    credential_faults,
    device_faults,
    faults,
    grant_faults,
    issuer_faults,
    mfa_faults,
    sso_faults,
)
from callgate.model.faults import Fault

WHERE = {
    faults: "Every OAuth endpoint",
    authorize_faults: "At the authorize endpoint and its pages",
    grant_faults: "At the token endpoint, and at sign-in",
    device_faults: "At the device grant's endpoint and page, and at the token endpoint for its codes",
    issuer_faults: "At the token endpoint, for an outside issuer's token",
    cell_faults: "Every OAuth endpoint, where there are several cells",
    sso_faults: "At single sign-on",
    mfa_faults: "At second factors, and where people change how they sign in",
    credential_faults: "Where people make JWT credentials",
    api_faults: "At the API",
}
"""Module of the catalogue -> who answers with its rows."""


def catalogue() -> Iterator[str]:
    """Each code under a heading of its own, with every row of the catalogue that has it."""
    rows = [(fault, where) for module, where in WHERE.items() for fault in _faults_of(module)]
    for code in sorted({fault.code for fault, _ in rows}, key=_code_order):
        yield f"## {code}"
        for fault, where in rows:
            if fault.code == code:
                yield f"**`{fault.text}`**"
                yield f"{where}: `{fault.error}`, HTTP {_statuses(fault)}."
                yield f"What to do: {_prose(fault.remedy)}"
                if fault.audience is not faults.Audience.APP_OWNER:
                    yield "The explanation tells the app this remedy; the detail is for the account’s administrator."


def _faults_of(module: object) -> list[Fault]:
    return [value for value in vars(module).values() if isinstance(value, Fault)]


def _code_order(code: str) -> tuple[str, int]:
    letters, _, number = code.partition("-")
    return letters, int(number)


def _prose(text: str) -> str:
    """A remedy as Markdown: nothing of it is a tag, and a page it names is a link."""
    return re.sub(r"docs/(\w+\.md)", r"[\1](\1)", text.replace("<", "&lt;"))


def _statuses(fault: Fault) -> str:
    """As observed; and where a setting makes it another, which."""
    others: dict[int, list[str]] = {}
    for status, name in ((fault.rfc, "rfc"), (fault.vendor or fault.rfc, "vendor")):
        if status and status != fault.status:
            others.setdefault(status, []).append(f"`{name}`")
    return "; ".join((str(fault.status), *(f"{status} with {' and '.join(names)}" for status, names in others.items())))
