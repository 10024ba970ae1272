"""Time: the longest and most awkward input that a bounded body lets through costs little (assurance P14)."""

import itertools
import string
from collections.abc import Callable

import pytest

from callgate.model.scope import SCOPES
from callgate.protocol.authorize import read_request
from callgate.protocol.client_auth import presented
from callgate.protocol.forms import BODY_BYTES_MAX, Form, parse_pairs
from callgate.protocol.lifetimes import access_ttl_s
from callgate.protocol.login_name import parse_login_name
from callgate.protocol.pkce import is_well_formed
from callgate.protocol.redirect_uri import check_registered, resolve
from callgate.protocol.scopes import is_within, narrow_scope
from tests.factories import NATIVE, WEB
from tests.stopwatch import stays_below

MILLISECONDS_MAX = 10

RICH = WEB._replace(scopes=tuple(sorted(SCOPES)))
LETTERS = string.ascii_letters + string.digits

AWKWARD = {
    "one letter": "a" * BODY_BYTES_MAX,
    "blanks": " " * BODY_BYTES_MAX,
    "at signs": "@" * BODY_BYTES_MAX,
    "digits": "1" * BODY_BYTES_MAX,
    "dots": "https://a" + "." * BODY_BYTES_MAX,
    "slashes": "http://127.0.0.1:1" + "/" * BODY_BYTES_MAX,
    "ampersands": "https://a/?" + "&" * BODY_BYTES_MAX,
    "escapes": "https://a/" + "%41" * (BODY_BYTES_MAX // 3),
    "one scope": "SMS " * (BODY_BYTES_MAX // 4),
    "many names": " ".join(a + b for a, b in itertools.product(LETTERS, repeat=2)),
}

FIELDS = "state nonce scope prompt ui_options ui_locales login_hint code_challenge redirect_uri display"

VALIDATORS: dict[str, Callable[[str], object]] = {
    "form": lambda text: parse_pairs(text.encode()[:BODY_BYTES_MAX]),
    "client": lambda text: presented(f"Basic {text}", Form({"client_id": text})),
    "redirect URI, sent": lambda text: resolve(NATIVE, text),
    "redirect URI, registered": lambda text: check_registered(text[:2048]),
    "login name": lambda text: parse_login_name(text, text),
    "verifier": is_well_formed,
    "lifetime": lambda text: access_ttl_s(WEB, Form({"access_token_ttl": text})),
    "scope": lambda text: narrow_scope(RICH, text),
    "scope of a refresh": lambda text: is_within(" ".join(RICH.scopes), text),
    "authorize": lambda text: read_request(Form(dict.fromkeys(FIELDS.split(), text) | {"client_id": "x"}), WEB),
}


@pytest.mark.parametrize("validator", VALIDATORS)
@pytest.mark.parametrize("text", AWKWARD)
def test_validator_is_quick_when_its_input_is_long_and_awkward(validator: str, text: str) -> None:
    """Assurance P14: no more than 10 ms."""
    assert stays_below(MILLISECONDS_MAX / 1000, lambda: VALIDATORS[validator](AWKWARD[text]))
