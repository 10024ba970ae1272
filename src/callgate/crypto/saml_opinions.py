"""Two libraries that know nothing of each other: each proves a document's signatures and says what it read.

signxml (Python over OpenSSL) gives back the very bytes that were signed, and everything is read from those.
python3-saml (libxmlsec1 in C, the SAML schemas, the profile's rules once more) is asked afterwards and must agree. Both
get the same bytes and the connection's certificates; no key is ever taken from a document.
"""

import base64
import re
import threading
from contextlib import suppress
from datetime import timedelta
from html import escape
from typing import NamedTuple
from urllib.parse import urlsplit

from cryptography import x509
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from callgate.crypto.saml_gate import ASSERTION, DIGEST_METHODS, SAML, SAMLP, SIGNATURE_METHODS, Element, Gated
from callgate.crypto.saml_profile import SKEW_MS
from callgate.model.instant import render_instant
from callgate.model.saml import Trust

_METHODS = frozenset(SignatureMethod(method) for method in SIGNATURE_METHODS)
_DIGESTS = frozenset(DigestAlgorithm(method) for method in DIGEST_METHODS)
_DECLARATION = re.compile(rb"\s*<\?xml[^>]*\?>")

_NOWHERE = "https://identity-provider.invalid/"
"""python3-saml wants to know where it would send a browser. It sends none."""


class Verified(NamedTuple):
    """What the signatures cover, as it was signed: the response too where it carries one."""

    response: Element | None
    assertion: Element


class Reading(NamedTuple):
    """Which assertion about whom by whom, as one library reads it."""

    assertion_id: str
    name_id: str
    issuer: str


def verify_signatures(gated: Gated, trust: Trust) -> Verified | None:
    """Prove every signature of a document with one of the trusted certificates, or give None."""
    certificates = [x509.load_der_x509_certificate(base64.b64decode(text)) for text in trust.certificates]
    signed: dict[str, Element] = {}
    for element in gated.signed:
        inside = element is not gated.root
        proven = _signed_bytes(gated.raw, certificates, location=f"./{{{SAML}}}Assertion/" if inside else "./")
        if proven is None or proven.tag != element.tag or proven.get("ID") != element.get("ID"):
            return None
        signed[str(element.tag)] = proven
    outer = signed.get(str(gated.root.tag))
    assertion = signed.get(ASSERTION)
    if assertion is None and outer is not None:
        assertion = outer.find(ASSERTION)
    if assertion is None or assertion.get("ID") != gated.assertion.get("ID"):
        return None
    return Verified(None if gated.root is gated.assertion else outer, assertion)


def _signed_bytes(raw: bytes, certificates: list[x509.Certificate], *, location: str) -> Element | None:
    for certificate in certificates:
        configuration = SignatureConfiguration(
            require_x509=True,
            location=location,
            expect_references=1,
            signature_methods=_METHODS,
            digest_algorithms=_DIGESTS,
            # Trust comes from the connection; a certificate only carries its key, and providers let theirs expire
            # (SAML V2.0 Metadata Interoperability Profile section 2.6.1).
            verification_time=certificate.not_valid_before_utc + timedelta(seconds=1),
            ignore_ambiguous_key_info=True,
        )
        # Strangers' bytes can make a library fail in any way; every way is a no.
        with suppress(Exception):
            proven = XMLVerifier().verify(raw, x509_cert=certificate, id_attribute="ID", expect_config=configuration)
            assert isinstance(proven, VerifyResult), "one reference, one result"
            return proven.signed_xml
    return None


def second_reading(gated: Gated, trust: Trust, *, recipient: str, audience: str, now_ms: int) -> Reading | str:
    """Let python3-saml judge the whole document in strict mode; gives its objection where it has one."""
    response = (
        gated.raw
        if gated.root is not gated.assertion
        else _in_envelope(gated, issuer=trust.issuer, recipient=recipient, now_ms=now_ms)
    )
    url = urlsplit(recipient)
    request = {"https": "on" if url.scheme == "https" else "off", "http_host": url.netloc, "script_name": url.path}
    # It tolerates no late end of a subject's confirmation, and five minutes of an early start.
    _clock.now_s = (now_ms - SKEW_MS) // 1000
    try:
        judged = OneLogin_Saml2_Response(
            _settings(trust, recipient=recipient, audience=audience), base64.b64encode(response)
        )
        if gated.root is gated.assertion:
            # An assertion for the grant need not tell how its subject signed in (RFC 7522 section 3 rule 7).
            judged.check_one_authnstatement = lambda: True
        if not judged.is_valid(request, request_id=gated.root.get("InResponseTo")):
            return str(judged.get_error())[:200]
        issuers = [str(issuer) for issuer in judged.get_issuers()]
        name_id = str(judged.get_nameid()).strip()
        return Reading(str(judged.get_assertion_id()), name_id, issuers[0] if len(issuers) == 1 else "")
    except Exception as trouble:  # noqa: BLE001 - strangers' bytes can make a library fail in any way; every way is a no
        return f"{type(trouble).__name__}: {str(trouble)[:200]}"


def _settings(trust: Trust, *, recipient: str, audience: str) -> OneLogin_Saml2_Settings:
    security = {
        "rejectDeprecatedAlgorithm": True,
        "wantAttributeStatement": False,
        "allowRepeatAttributeName": True,
        "allowSingleLabelDomains": True,
    }
    provider = {
        "entityId": trust.issuer,
        "singleSignOnService": {"url": _NOWHERE},
        "x509certMulti": {"signing": list(trust.certificates)},
    }
    here = {"entityId": audience, "assertionConsumerService": {"url": recipient}}
    return OneLogin_Saml2_Settings({"strict": True, "sp": here, "idp": provider, "security": security})


def _in_envelope(gated: Gated, *, issuer: str, recipient: str, now_ms: int) -> bytes:
    """A bare assertion inside a response: python3-saml knows no other way to get one. Its signature is its own."""
    opening = (
        f'<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="_callgate.envelope" Version="2.0"'
        f' IssueInstant="{render_instant(now_ms)}" Destination="{escape(recipient)}">'
        f"<saml:Issuer>{escape(issuer)}</saml:Issuer><samlp:Status>"
        '<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>'
    )
    return opening.encode() + _DECLARATION.sub(b"", gated.raw, count=1) + b"</samlp:Response>"


class _Clock(threading.local):
    now_s = 0


_clock = _Clock()


def _library_now() -> int:
    return _clock.now_s


# python3-saml reads the machine's clock, which is not the one the server goes by (development moves it, tests set it).
OneLogin_Saml2_Utils.now = staticmethod(_library_now)
