import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.model.client import AppKind
from callgate.protocol.redirect_uri import RESPONSE_NAMES, check_registered, is_claimed_https, resolve
from tests.factories import NATIVE, SPA, WEB
from tests.protocol.hostile import texts

URI = "https://app.example/oauth/callback?tenant=1"
REGISTERED = WEB._replace(redirect_uris=(URI, "http://localhost:5000/oauth2callback"))

MUTATIONS = [
    # Case.
    "HTTPS://app.example/oauth/callback?tenant=1",
    "https://APP.example/oauth/callback?tenant=1",
    "https://app.example/OAuth/callback?tenant=1",
    "https://app.example/oauth/callback?Tenant=1",
    # Scheme.
    "http://app.example/oauth/callback?tenant=1",
    "//app.example/oauth/callback?tenant=1",
    "app.example/oauth/callback?tenant=1",
    "/oauth/callback?tenant=1",
    "javascript:alert(1)//app.example/oauth/callback?tenant=1",
    "javascript://app.example/%0Aalert(1)?tenant=1",
    "data:text/html,x",
    "https:app.example/oauth/callback?tenant=1",
    "https:/app.example/oauth/callback?tenant=1",
    "https:///app.example/oauth/callback?tenant=1",
    "https:\\\\app.example\\oauth\\callback?tenant=1",
    "view-source:https://app.example/oauth/callback?tenant=1",
    # Host.
    "https://app.example.evil.example/oauth/callback?tenant=1",
    "https://evil.example/oauth/callback?tenant=1",
    "https://app.example./oauth/callback?tenant=1",
    "https://www.app.example/oauth/callback?tenant=1",
    "https://app.exampl\u0435/oauth/callback?tenant=1",
    "https://\uff41pp.example/oauth/callback?tenant=1",
    "https://app\u3002example/oauth/callback?tenant=1",
    "https://xn--app-exampl-8kg/oauth/callback?tenant=1",
    "https://app.example%2eevil.example/oauth/callback?tenant=1",
    "https://app.example%00.evil.example/oauth/callback?tenant=1",
    # User.
    "https://user@app.example/oauth/callback?tenant=1",
    "https://app.example@evil.example/oauth/callback?tenant=1",
    "https://app.example:x@evil.example/oauth/callback?tenant=1",
    "https://evil.example\\@app.example/oauth/callback?tenant=1",
    "https://evil.example#@app.example/oauth/callback?tenant=1",
    # Port.
    "https://app.example:443/oauth/callback?tenant=1",
    "https://app.example:8443/oauth/callback?tenant=1",
    "https://app.example:/oauth/callback?tenant=1",
    "https://app.example:443@evil.example/oauth/callback?tenant=1",
    # Path.
    "https://app.example/oauth/callback/?tenant=1",
    "https://app.example/oauth/callback//?tenant=1",
    "https://app.example//oauth/callback?tenant=1",
    "https://app.example/oauth/callback/../callback?tenant=1",
    "https://app.example/oauth/../oauth/callback?tenant=1",
    "https://app.example/oauth/%2e%2e/oauth/callback?tenant=1",
    "https://app.example/oauth/..;/oauth/callback?tenant=1",
    "https://app.example/oauth/./callback?tenant=1",
    "https://app.example/oauth%2Fcallback?tenant=1",
    "https://app.example/oauth/%63allback?tenant=1",
    "https://app.example/oauth\\callback?tenant=1",
    "https://app.example/oauth/callback;x=1?tenant=1",
    "https://app.example/oauth/callbackevil?tenant=1",
    "https://app.example/oauth?tenant=1",
    "https://app.example/?tenant=1",
    "https://app.example",
    # Query and fragment.
    "https://app.example/oauth/callback",
    "https://app.example/oauth/callback?",
    "https://app.example/oauth/callback?tenant=2",
    "https://app.example/oauth/callback?tenant=1&tenant=1",
    "https://app.example/oauth/callback?tenant=1&next=//evil.example",
    "https://app.example/oauth/callback?tenant=1?",
    "https://app.example/oauth/callback?tenant=1#",
    "https://app.example/oauth/callback?tenant=1#x",
    "https://app.example/oauth/callback%3Ftenant=1",
    # White space and control characters.
    " https://app.example/oauth/callback?tenant=1",
    "https://app.example/oauth/callback?tenant=1 ",
    "\thttps://app.example/oauth/callback?tenant=1",
    "https://app.example/oauth/callback?tenant=1\n",
    "https://app.example/oauth/callback?tenant=1\r\nLocation: https://evil.example",
    "ht\ttps://app.example/oauth/callback?tenant=1",
    "https://app.example/\x00oauth/callback?tenant=1",
    # Wildcards and lists.
    "https://*.example/oauth/callback?tenant=1",
    "https://app.example/oauth/callback?tenant=1 https://evil.example",
    "https://app.example/oauth/callback?tenant=1,https://evil.example",
    # The other registered one, for a web app: no port varies.
    "http://localhost:5001/oauth2callback",
    "http://localhost/oauth2callback",
    "http://127.0.0.1:5000/oauth2callback",
    "http://[::1]:5000/oauth2callback",
    "http://[::1",
    "http://2130706433:5000/oauth2callback",
    "http://0.0.0.0:5000/oauth2callback",
]


@pytest.mark.requirement("RFC 6749 section 3.1.2.3")
@pytest.mark.requirement("RFC 9700 section 2.1")
@pytest.mark.parametrize("sent", MUTATIONS)
@pytest.mark.parametrize("kind", [AppKind.SERVER_WEB, AppKind.BROWSER_BASED, AppKind.DESKTOP_MAC])
def test_nothing_resolves_when_the_uri_differs_in_anything(sent: str, kind: AppKind) -> None:
    """RFC 9700 section 2.1: exact string matching; of assurance S1's mutations none is redirected to."""
    assert resolve(REGISTERED._replace(kind=kind), sent) is None


def test_mutations_are_as_many_as_promised() -> None:
    """Assurance S1 asks for 60."""
    assert len(set(MUTATIONS)) >= 60


@pytest.mark.parametrize("sent", REGISTERED.redirect_uris)
def test_uri_resolves_to_itself_when_it_is_registered_to_the_letter(sent: str) -> None:
    """protocol.md A.4."""
    assert resolve(REGISTERED, sent) == sent


@pytest.mark.requirement("RFC 6749 section 3.1.2.3")
def test_only_one_resolves_when_none_is_sent() -> None:
    """RFC 6749 section 3.1.2.3: omitted is fine with exactly one registered, an error otherwise."""
    assert resolve(REGISTERED._replace(redirect_uris=(URI,)), None) == URI
    assert resolve(REGISTERED, None) is None
    assert resolve(REGISTERED._replace(redirect_uris=()), None) is None


@pytest.mark.requirement("RFC 8252 section 7.3")
@pytest.mark.parametrize(
    ("sent", "verdict"),
    [
        ("http://127.0.0.1:5000/cb", True),
        ("http://127.0.0.1:1/cb", True),
        ("http://127.0.0.1:65535/cb", True),
        ("http://[::1]:49152/cb", True),
        ("com.example.app:/cb", True),
        ("http://127.0.0.1:65536/cb", False),
        ("http://127.0.0.1:0/cb", False),
        ("http://127.0.0.1:05000/cb", False),
        ("http://127.0.0.1:/cb", False),
        ("http://127.0.0.1:x/cb", False),
        ("http://127.0.0.1:80@evil.example/cb", False),
        ("http://127.0.0.1:80.evil.example/cb", False),
        ("http://127.0.0.1:80\\.evil.example/cb", False),
        ("http://127.0.0.1:80#@evil.example/cb", False),
        ("http://127.0.0.1:\u0661\u0662/cb", False),
        ("http://127.0.0.1:5000/cb?", False),
        ("http://127.0.0.1:5000/cb#", False),
        ("http://127.0.0.1:5000/CB", False),
        ("http://127.0.0.1:5000/cb\n", False),
        ("http://127.0.0.1:5000", False),
        ("http://127.0.0.2:5000/cb", False),
        ("http://127.1:5000/cb", False),
        ("http://localhost:5000/cb", False),
        ("https://127.0.0.1:5000/cb", False),
        ("http://[::1", False),
        ("http://[::1]x:1/cb", False),
        ("http://[::ffff:127.0.0.1]:1/cb", False),
        ("com.example.app:/cb:1", False),
    ],
)
def test_port_varies_when_a_native_app_listens_on_the_loopback_address(sent: str, *, verdict: bool) -> None:
    """RFC 8252 section 7.3, sections 7.1 and 8.3: the port alone, the address literally."""
    assert resolve(NATIVE, sent) == (sent if verdict else None)
    assert resolve(NATIVE._replace(kind=AppKind.BROWSER_BASED), sent) == (
        sent if sent in NATIVE.redirect_uris else None
    )


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example",
        "https://app.example/",
        "https://app.example:8443/a/b?c=d&e",
        "https://10.1.2.3/cb",
        "https://[2001:db8::1]:8443/cb",
        "https://xn--bcher-kva.example/cb",
        "http://localhost:5000/oauth2callback",
        "http://localhost",
        "http://127.0.0.1/cb",
        "http://[::1]:1/cb",
        "com.example.app:/cb",
        "com.example.app://cb",
        "https://app.example/" + "a" * 2028,
    ],
)
def test_uri_may_be_registered_when_it_leads_to_one_place(uri: str) -> None:
    """protocol.md A.4: http for localhost, https, private schemes."""
    assert check_registered(uri) is None


@pytest.mark.requirement("RFC 6749 section 3.1.2")
@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("", "1 to 2048"),
        ("https://app.example/" + "a" * 2029, "1 to 2048"),
        ("https://app.example/a b", "ASCII"),
        ("https://app.example/\n", "ASCII"),
        ("https://äpp.example/", "ASCII"),
        ("https://app.example\\cb", "ASCII"),
        ('https://app.example/"', "ASCII"),
        ("https://app.example/#x", "fragment"),
        ("https://app.example/#", "fragment"),
        ("https://*.example/", "wildcards"),
        ("app.example/cb", "scheme"),
        ("//app.example/cb", "scheme"),
        ("HTTPS://app.example/", "scheme"),
        ("https:", "scheme"),
        ("https://App.example/", "host"),
        ("https:///cb", "host"),
        ("https:/app.example", "host"),
        ("https://user@app.example/", "host"),
        ("https://app.example:0/", "host"),
        ("https://app.example:65536/", "host"),
        ("https://app.example:x/", "host"),
        ("https://app.example:/", "host"),
        ("https://[::1/", "host"),
        ("https://-app.example/", "host"),
        ("https://app.example/a/../b", "dot segments"),
        ("https://app.example/..;/b", "dot segments"),
        ("https://app.example/%2E%2e/b", "dot segments"),
        ("http://app.example/", "localhost only"),
        ("http://127.0.0.2/", "localhost only"),
        ("http://localhost.evil.example/", "localhost only"),
        ("javascript:alert(1)", "reversed domain"),
        ("data:text/html,x", "reversed domain"),
        ("file:///etc/passwd", "reversed domain"),
        ("myapp://cb", "reversed domain"),
        ("https://app.example/?code=1", "parameter code"),
        ("https://app.example/?a=1&state", "parameter state"),
        ("https://app.example/?%69ss=x", "parameter iss"),
        ("com.example.app:/?error=x", "parameter error"),
    ],
)
def test_uri_is_refused_when_it_could_lead_elsewhere(uri: str, reason: str) -> None:
    """RFC 6749 section 3.1.2: absolute, without fragment; RFC 9700 section 4.1; RFC 8252 section 7.1."""
    refusal = check_registered(uri)
    assert refusal is not None
    assert reason in refusal


@pytest.mark.requirement("RFC 8252 section 8.6")
@pytest.mark.parametrize(
    ("uri", "verdict"),
    [("https://app.example/cb", True), ("http://localhost/cb", False), ("com.example.app:/cb", False)],
)
def test_uri_is_claimed_when_only_its_hosts_owner_receives_it(uri: str, *, verdict: bool) -> None:
    """RFC 8252 section 7.2."""
    assert is_claimed_https(uri) is verdict


uris = st.from_regex(r"\A(https?|com\.x|ht\tp)://?(\[?[a-z0-9.:]*\]?|127\.0\.0\.1)(:[0-9]{0,6})?(/[a-z%?#@\\.;]*)?\Z")


@given(uris | texts)
def test_nothing_unregistered_is_redirected_to_whatever_is_sent(sent: str) -> None:
    """No input makes an exception; an answer is registered, or a loopback twin of what is."""
    for client in (REGISTERED, SPA, NATIVE):
        found = resolve(client, sent)
        if found is not None and found not in client.redirect_uris:
            assert client is NATIVE
            assert found.startswith(("http://127.0.0.1:", "http://[::1]:"))
            assert found.endswith("/cb")


@given(uris | texts)
def test_whatever_is_registered_resolves_and_holds_no_parameter_of_ours(uri: str) -> None:
    """Registering judges every text, and what passes is what a request may then name."""
    if check_registered(uri) is None:
        assert resolve(WEB._replace(redirect_uris=(uri,)), uri) == uri
        assert not RESPONSE_NAMES & {part.partition("=")[0] for part in uri.partition("?")[2].split("&")}
