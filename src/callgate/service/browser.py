"""What a browser carries between pages, sealed: its binding, its sign-in, and the authorize request under way.

Anonymous visitors write nothing to the database. The form state opens only with the binding cookie of the browser it
was made for, for ten minutes, and proves neither sign-in nor consent (architecture.md, "The life of one refresh").
"""

from typing import NamedTuple

import orjson

from callgate.crypto.sealed_box import SealedBox
from callgate.crypto.secrets import mint_endpoint_id
from callgate.model.consent import SignIn
from callgate.model.ids import AccountId, RowId
from callgate.protocol.second_factor import PENDING_MS, Pending
from callgate.service.context import Context

FORM_STATE_MS = 10 * 60 * 1000
BINDING_MS = 24 * 3600 * 1000
PAYLOAD_BYTES_MAX = 8000
"""A little under what a sealed box takes."""

OWN_PAGES = "/restapi/oauth/security"
"""Where a person's own pages begin."""

_OWN = "own_page"

Pairs = list[tuple[str, str]]


class Cookies(NamedTuple):
    """The cookies as sent; None where absent. Those of trips to identity providers by their handles (sso_travel)."""

    binding: str | None
    sign_in: str | None
    departures: tuple[tuple[str, str], ...] = ()
    arrivals: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return "Cookies(…)"


class SignInKey(NamedTuple):
    """What opens a sign-in: its row and the secret stored nowhere."""

    account_id: AccountId
    row_id: RowId
    secret: bytes

    def __repr__(self) -> str:
        return f"SignInKey(row_id={self.row_id}, …)"


class FormState(NamedTuple):
    """An authorize request under way: its parameters, when it first came, and whom the consent page was shown to."""

    pairs: Pairs
    began_ms: int
    shown_to: int | None = None
    shown_scope: str = ""
    challenge: bytes = b""

    @property
    def own_page(self) -> str | None:
        """The page of the person's own that a sign-in leads to; None: an app's request, which names the app."""
        match self.pairs:
            case [(name, path)] if name == _OWN and path.startswith(OWN_PAGES):
                return path
            case _:
                return None

    def __repr__(self) -> str:
        return f"FormState(began_ms={self.began_ms}, …)"


class SignOutState(NamedTuple):
    """A request to sign out that the person was asked about: its parameters, and who was asked."""

    pairs: Pairs
    shown_to: int

    def __repr__(self) -> str:
        return f"SignOutState(shown_to={self.shown_to}, …)"


class SecondState(NamedTuple):
    """A sign-in between its two steps: what it leads to, and who gave the password.

    `secret` is that of a new authenticator app, empty where the person has a factor.
    """

    form: FormState
    pending: Pending
    secret: bytes = b""
    challenge: bytes = b""

    def __repr__(self) -> str:
        return f"SecondState({self.pending!r}, …)"


class SecurityState(NamedTuple):
    """A page on which somebody changes how they sign in: who, and the secret of a new authenticator app, or none."""

    shown_to: int
    secret: bytes = b""
    challenge: bytes = b""

    def __repr__(self) -> str:
        return f"SecurityState(shown_to={self.shown_to}, …)"


def new_binding(context: Context) -> str:
    """A fresh name for this browser; changes at every rise of privilege (session fixation)."""
    return mint_endpoint_id(context.entropy)


def lead_to(page: str, *, now_ms: int) -> FormState:
    """A sign-in that no app asked for: it leads to this page of the person's own."""
    return FormState([(_OWN, page)], now_ms)


def seal_form_state(context: Context, state: FormState, binding: str) -> str | None:
    """The hidden field of a page; None when the request is too long to travel."""
    told = [state.pairs, state.began_ms, state.shown_to, state.shown_scope, state.challenge.hex()]
    payload = orjson.dumps(told)
    if len(payload) > PAYLOAD_BYTES_MAX:
        return None
    expires_ms = context.clock.now_ms() + FORM_STATE_MS
    # What was shown to nobody yet may go on at another cell: that of whoever signs in.
    box = context.cells.form_box if context.cells and state.shown_to is None else context.keeper.rings.form_box
    return box.seal(payload, expires_ms, bound_to=binding.encode())


def open_form_state(context: Context, text: str | None, binding: str | None) -> FormState | None:
    """The request under way, or None when it is old, forged or another browser's."""
    if text is None or binding is None:
        return None
    travelling = _open_form_state(context, text, binding=binding, box=context.cells.form_box) if context.cells else None
    if travelling is not None and travelling.shown_to is None:
        return travelling
    return _open_form_state(context, text, binding=binding, box=context.keeper.rings.form_box)


def open_travelling(context: Context, text: str, binding: str) -> Pairs | None:
    """What a request asks that is under way at no cell yet."""
    assert context.cells is not None
    state = _open_form_state(context, text, binding=binding, box=context.cells.form_box)
    return None if state is None or state.shown_to is not None else state.pairs


def _open_form_state(context: Context, text: str, *, binding: str, box: SealedBox) -> FormState | None:
    opened = box.open(text, context.clock.now_ms(), bound_to=binding.encode())
    if not isinstance(opened, bytes):
        return None
    pairs, began_ms, shown_to, shown_scope, challenge = orjson.loads(opened)
    asked = [(name, value) for name, value in pairs]
    return FormState(asked, began_ms, shown_to, shown_scope, bytes.fromhex(challenge))


def seal_sign_out(context: Context, state: SignOutState, binding: str) -> str | None:
    """The hidden field of the page that asks; None when the request is too long to travel."""
    payload = orjson.dumps([state.pairs, state.shown_to])
    if len(payload) > PAYLOAD_BYTES_MAX:
        return None
    expires_ms = context.clock.now_ms() + FORM_STATE_MS
    return context.keeper.rings.form_box.seal(payload, expires_ms, bound_to=_on_page("sign-out", binding))


def open_sign_out(context: Context, text: str | None, binding: str | None) -> SignOutState | None:
    """What the person was asked, or None when it is old, forged, another browser's or another page's."""
    opened = _open_page(context, text, page="sign-out", binding=binding)
    if opened is None:
        return None
    pairs, shown_to = orjson.loads(opened)
    return SignOutState([(name, value) for name, value in pairs], shown_to)


def seal_second(context: Context, state: SecondState, binding: str) -> str:
    """The hidden field of the sign-in's second step."""
    form = state.form
    told = [form.pairs, form.began_ms, [*state.pending], state.secret.hex(), state.challenge.hex()]
    payload = orjson.dumps(told)
    expires_ms = state.pending.proven_ms + PENDING_MS
    return context.keeper.rings.form_box.seal(payload, expires_ms, bound_to=_on_page("second-factor", binding))


def open_second(context: Context, text: str | None, binding: str | None) -> SecondState | None:
    """The sign-in under way, or None when it is old, forged, another browser's or another page's."""
    opened = _open_page(context, text, page="second-factor", binding=binding)
    if opened is None:
        return None
    pairs, began_ms, pending, secret, challenge = orjson.loads(opened)
    form = FormState([(name, value) for name, value in pairs], began_ms)
    return SecondState(form, Pending(*pending), bytes.fromhex(secret), bytes.fromhex(challenge))


def seal_security(context: Context, state: SecurityState, binding: str) -> str:
    """The hidden field of the pages on which people change how they sign in."""
    payload = orjson.dumps([state.shown_to, state.secret.hex(), state.challenge.hex()])
    expires_ms = context.clock.now_ms() + FORM_STATE_MS
    return context.keeper.rings.form_box.seal(payload, expires_ms, bound_to=_on_page("security", binding))


def open_security(context: Context, text: str | None, binding: str | None) -> SecurityState | None:
    """What the person was shown, or None when it is old, forged, another browser's or another page's."""
    opened = _open_page(context, text, page="security", binding=binding)
    if opened is None:
        return None
    shown_to, secret, challenge = orjson.loads(opened)
    return SecurityState(shown_to, bytes.fromhex(secret), bytes.fromhex(challenge))


def seal_sign_in(context: Context, sign_in: SignIn, secret: bytes) -> str:
    """The sign-in cookie."""
    payload = orjson.dumps([sign_in.account_id, sign_in.id, secret.hex()])
    return context.keeper.rings.cookie_box.seal(payload, sign_in.expires_ms)


def open_sign_in(context: Context, cookie: str | None) -> SignInKey | None:
    """What the cookie opens, or None."""
    if not cookie:
        return None
    opened = context.keeper.rings.cookie_box.open(cookie, context.clock.now_ms())
    if not isinstance(opened, bytes):
        return None
    account_id, row_id, secret = orjson.loads(opened)
    return SignInKey(AccountId(account_id), RowId(row_id), bytes.fromhex(secret))


def _open_page(context: Context, text: str | None, *, page: str, binding: str | None) -> bytes | None:
    if text is None or binding is None:
        return None
    opened = context.keeper.rings.form_box.open(text, context.clock.now_ms(), bound_to=_on_page(page, binding))
    return opened if isinstance(opened, bytes) else None


def _on_page(page: str, binding: str) -> bytes:
    """A browser's pages ask different things: the answer to one is none to another. A binding has no space."""
    return f"{page} {binding}".encode()
