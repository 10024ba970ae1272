"""What of a request tells whose it is, before anybody has judged it. Nothing is believed: the cell it leads to judges.

A code or token names its cell. Else the app tells, which nearly always is in one cell; where it is in several, whoever
is to sign in. Of a browser's page the cell it was at last (docs/cells.md).
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from callgate.crypto.jws import Jws, parse_jws
from callgate.crypto.passkeys import read_credential_id
from callgate.crypto.strict_json import decode_base64url, encode_base64url
from callgate.crypto.tokens import cell_named
from callgate.model.account import LoginName
from callgate.model.cells import HERE, Clue, Held, Question
from callgate.model.client import GrantType
from callgate.model.decisions import Denied
from callgate.model.ids import read_id
from callgate.protocol import bearer, client_auth
from callgate.protocol.client_auth import AssertionPresented
from callgate.protocol.device import read_user_code
from callgate.protocol.forms import Form, parse_form, parse_pairs, single
from callgate.protocol.login_name import parse_login_name
from callgate.protocol.token import ASSERTION_BODY_BYTES_MAX
from callgate.service.browser import Pairs

BODY_BYTES_MAX = ASSERTION_BODY_BYTES_MAX
"""No form that tells something is longer."""

_AUDIENCE = re.compile(rb"/restapi/oauth/sso/([0-9]{1,19})/metadata")


class Sent(NamedTuple):
    """A request as it came. `kept` is the cell that this browser was at last, `binding` its name."""

    content_type: str
    query: bytes
    authorization: str | None
    body: bytes = b""
    kept: str | None = None
    binding: str | None = None

    def __repr__(self) -> str:
        return "Sent(…)"


OpenForm = Callable[[str, str], Pairs | None]
"""What a page's form state, bound to a browser, holds of the authorize request under way."""

OpenDevice = Callable[[str], int | None]
"""The row that a device's code opens, at whichever cell it is; None for what no cell has sealed."""

UserCodeCell = Callable[[str], str]
"""The cell whose devices show such a code."""


def of_bearer(sent: Sent) -> Clue:
    """A call of the API: its access token."""
    token = bearer.read_token(sent.authorization, sent.query, query_tokens=True)
    return HERE if isinstance(token, Denied) else Clue(cell=cell_named(token))


def of_token(sent: Sent, *, device_of: OpenDevice) -> Clue:
    """A call of the token endpoint: a code or a refresh token, else the app and whom it wants tokens for."""
    form = _form(sent)
    for name in ("refresh_token", "code", "device_code"):
        token = form.get(name) or ""
        cell = cell_named(token)
        device = device_of(token) if name == "device_code" else None
        if device is not None:
            return Clue(client_id=_client_id(sent, form), question=Question(Held.DEVICE, str(device)), kept=cell)
        if cell is not None:
            return Clue(cell=cell)
    return Clue(client_id=_client_id(sent, form), question=_wanted(form, _client_id(sent, form)))


def of_revoke(sent: Sent) -> Clue:
    """A call of the revocation endpoint: the token, wherever it stands."""
    form = _form(sent)
    cells = (cell_named(each) for each in (form.get("token"), _query(sent).get("token")) if each)
    cell = next((each for each in cells if each is not None), None)
    return Clue(cell=cell, client_id=_client_id(sent, form))


def of_app(sent: Sent) -> Clue:
    """A call of an app about itself."""
    return Clue(client_id=_client_id(sent, _form(sent)))


def of_authorize(sent: Sent) -> Clue:
    """A new authorize request: its app, and where the browser was; one under way has been somewhere."""
    form = _form(sent) if sent.body else _query(sent)
    return Clue(client_id=form.get("client_id") or _query(sent).get("client_id"), kept=sent.kept)


def of_page(sent: Sent) -> Clue:
    """A page of ours, or its form."""
    return Clue(kept=sent.kept)


def of_connection(connection_id: str) -> Clue:
    """A page of a connection to an identity provider."""
    return Clue(question=Question(Held.CONNECTION, connection_id))


def of_user_code(sent: Sent, *, cell_of: UserCodeCell) -> Clue:
    """What a person typed that a device shows."""
    code = read_user_code(_form(sent).get("user_code") or "")
    return Clue(cell=cell_of(code) if code else None, kept=sent.kept)


def of_sign_in(sent: Sent, *, open_form: OpenForm) -> Clue:
    """The sign-in page's form: the app that asked, then who signs in."""
    form = _form(sent)
    pairs = open_form(form.get("form_state") or "", sent.binding) if sent.binding else None
    if pairs is None or form.get("action") == "cancel":
        return of_page(sent)
    return Clue(client_id=dict(pairs).get("client_id"), question=_who_signs_in(form), kept=sent.kept)


def _who_signs_in(form: Form) -> Question | None:
    if form.get("action") == "passkey":
        credential_id = read_credential_id(form.get("passkey") or "")
        return Question(Held.PASSKEY, encode_base64url(credential_id)) if credential_id else None
    return _login(form, Held.PROVIDER if form.get("action") == "sso" else Held.LOGIN)


def _wanted(form: Form, client_id: str | None) -> Question | None:
    """Whom a grant is for, where its app is in several cells."""
    account = form.get("account_id")
    if account is not None:
        return Question(Held.ACCOUNT, account) if read_id(account) is not None else None
    match form.get("grant_type"):
        case GrantType.PASSWORD.value:
            return _login(form, Held.LOGIN)
        case GrantType.JWT_BEARER.value:
            person = _claim(form.get("assertion"), "sub")
            return Question(Held.EXTENSION, person) if person and read_id(person) is not None else None
        case GrantType.SAML2_BEARER.value:
            return _connection(form.get("assertion") or "")
        case GrantType.CLIENT_CREDENTIALS.value:
            return Question(Held.SERVICE, client_id) if client_id else None
        case _:
            return None


def _connection(assertion: str) -> Question | None:
    """The connection that an assertion says it is for, wherever in it that stands."""
    found = _AUDIENCE.search(decode_base64url(assertion.rstrip("=")) or b"")
    return Question(Held.CONNECTION, found[1].decode()) if found else None


def _login(form: Form, held: Held) -> Question | None:
    login = parse_login_name(form.get("username") or "", form.get("extension"))
    return None if login is None else Question(held, spell_login(login))


def spell_login(login: LoginName) -> str:
    """A login name in normal form, as `parse_login_name` reads it again."""
    return login.email or f"+{login.phone}" + (f"*{login.extension_number}" if login.extension_number else "")


def _client_id(sent: Sent, form: Form) -> str | None:
    shown = client_auth.presented(sent.authorization, form)
    if isinstance(shown, Denied):
        return None
    if isinstance(shown, AssertionPresented):
        named = shown.client_id or _claim(shown.assertion, "sub")
        return None if named is None else str(named)[: client_auth.CLIENT_ID_CHARS_MAX]
    return shown.client_id


def _claim(token: str | None, name: str) -> str | None:
    read = parse_jws(token) if token else None
    said = read.claims.get(name) if isinstance(read, Jws) else None
    return said if isinstance(said, str) and len(said) <= client_auth.CLIENT_ID_CHARS_MAX else None


def _form(sent: Sent) -> Form:
    read = parse_form(sent.content_type, sent.body, bytes_max=BODY_BYTES_MAX)
    return Form({}) if isinstance(read, Denied) else read


def _query(sent: Sent) -> Form:
    pairs = parse_pairs(sent.query)
    read = pairs if isinstance(pairs, Denied) else single(pairs)
    return Form({}) if isinstance(read, Denied) else read
