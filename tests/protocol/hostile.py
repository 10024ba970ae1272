"""Strategies for what anybody may send: texts, parameters and headers from harmless to hostile.

`bounded` and `explained` are what every parser's answer must be, whatever was sent.
"""

import string
from urllib.parse import quote

from hypothesis import strategies as st

from callgate.model.client import AppKind
from callgate.model.decisions import Denied, RedirectFault
from callgate.protocol.forms import BODY_BYTES_MAX, Form
from tests.factories import NATIVE, REDIRECT_URI, VERIFIER, WEB

_NAMES = (
    "grant_type client_id client_secret client_assertion client_assertion_type scope code redirect_uri code_verifier "
    "refresh_token username password extension assertion account_id access_token_ttl refresh_token_ttl endpoint_id "
    "token state response_type prompt display ui_locales localeId login_hint brand_id brandId nonce code_challenge "
    "code_challenge_method ui_options discovery request request_uri remember_me"
)
NAMES = _NAMES.split()
"""Every parameter any parser reads."""

TELLING = (
    *("", " ", "0", "-1", "600", "3600", "99999999999999999999", "0" * 30, "1e3", "NaN", "٣", "²", "true", "none"),
    *("code", "token", "S256", "plain", "login consent", "ReadAccounts", "ReadAccounts Nothing", "openid"),
    *("authorization_code", "refresh_token", "password", "client_credentials", "device_code", "implicit"),
    *("urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
    *(WEB.id, REDIRECT_URI, VERIFIER, "~", "+12025550100*102", "a@b", "1210", "http://127.0.0.1:1/cb"),
    *("http://[::1", "//", "javascript:alert(1)", "a\r\nb", "\ufffd", "<script>", "{because}", "%00"),
)
"""Values some guard was written for."""

texts = st.one_of(
    st.sampled_from(TELLING),
    st.text(max_size=40),
    st.text(string.ascii_letters + string.digits + ":/?#[]@!$&'()*+,;=-._~"),
)
forms = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=12), texts, max_size=12).map(Form)
blobs = st.text(string.ascii_letters + string.digits + "+/-_= ", max_size=60)
authorizations = st.one_of(
    st.none(), st.text(max_size=60), st.builds("{} {}".format, st.sampled_from(["Basic", "bearer", "basic", ""]), blobs)
)
bodies = st.one_of(
    st.binary(max_size=200),
    st.lists(st.tuples(st.sampled_from(NAMES), texts), max_size=14).map(
        lambda pairs: "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs).encode()
    ),
    st.integers(0, 3).map(lambda more: b"a" * (BODY_BYTES_MAX + more)),
)
content_types = st.sampled_from(
    ["application/x-www-form-urlencoded", "application/x-www-form-urlencoded;charset=UTF-8", "application/json", ""]
) | st.text(max_size=40)
clients = st.sampled_from([WEB, NATIVE, WEB._replace(kind=AppKind.BROWSER_BASED, redirect_uris=())])


def explained(refusal: Denied | RedirectFault) -> bool:
    """Whether a denial can be told: its text needs no value it lacks, and what it echoes is short."""
    fault, values = refusal.fault, dict(refusal.values)
    needed = {name for _, name, _, _ in string.Formatter().parse(fault.text) if name is not None}
    return needed <= values.keys() and all(len(value) <= 80 for value in values.values())
