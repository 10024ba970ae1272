"""What we send identity providers: a request to sign somebody in, and the metadata that says who asks.

A request goes by HTTP-Redirect, the one binding every provider has, and is signed in the address (SAML 2.0 bindings
section 3.4). It asks for as little as can be: what a request does not demand, no provider can lack.
"""

import base64
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from lxml import etree

from callgate.crypto.saml_gate import DS, SAML, SAMLP
from callgate.model.instant import render_instant

MD = "urn:oasis:names:tc:SAML:2.0:metadata"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"

_RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
_SINCE = datetime(2020, 1, 1, tzinfo=UTC)
_YEARS = timedelta(days=365 * 80)
_SERIAL_BYTES = 19  # RFC 5280 section 4.1.2.2: at most 20, and positive


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthnRequest:
    """A sign-in to be asked for. `request_id` is an XML name nobody can guess; `anew` asks even who is signed in."""

    request_id: str
    destination: str
    acs_url: str
    sp_entity_id: str
    now_ms: int
    anew: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceProvider:
    """Who we are to a provider. `token_url` is where the assertion grant's assertions go (RFC 7522)."""

    entity_id: str
    acs_url: str
    token_url: str
    certificates: tuple[str, ...]
    signs_requests: bool


def build_authn_request(asked: AuthnRequest) -> bytes:
    """Write the request (SAML 2.0 core section 3.4.1)."""
    request = etree.Element(
        f"{{{SAMLP}}}AuthnRequest",
        {
            "ID": asked.request_id,
            "Version": "2.0",
            "IssueInstant": render_instant(asked.now_ms),
            "Destination": asked.destination,
            "AssertionConsumerServiceURL": asked.acs_url,
            "ProtocolBinding": POST,
        },
        nsmap={"samlp": SAMLP, "saml": SAML},
    )
    if asked.anew:
        request.set("ForceAuthn", "true")
    etree.SubElement(request, f"{{{SAML}}}Issuer").text = asked.sp_entity_id
    return etree.tostring(request)


def redirect_with(document: bytes, destination: str, *, relay_state: str | None, key: rsa.RSAPrivateKey | None) -> str:
    """Give the address a browser is sent to with a request; `key` signs it where there is one."""
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = base64.b64encode(deflate.compress(document) + deflate.flush()).decode()
    fields = [("SAMLRequest", packed)]
    if relay_state is not None:
        fields.append(("RelayState", relay_state))
    if key is not None:
        fields.append(("SigAlg", _RSA_SHA256))
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in fields)
    if key is not None:
        signature = key.sign(query.encode(), padding.PKCS1v15(), hashes.SHA256())
        query += f"&Signature={quote(base64.b64encode(signature).decode(), safe='')}"
    return f"{destination}{'&' if '?' in destination else '?'}{query}"


def build_sp_metadata(us: ServiceProvider) -> bytes:
    """Write our metadata (SAML 2.0 metadata section 2.4.4).

    The token endpoint stands in it as a second place for answers: a provider that has read it makes assertions for the
    grant when asked for that place. Keys are for signing alone, so that providers do not encrypt by themselves.
    """
    root = etree.Element(f"{{{MD}}}EntityDescriptor", {"entityID": us.entity_id}, nsmap={"md": MD, "ds": DS})
    role = etree.SubElement(
        root,
        f"{{{MD}}}SPSSODescriptor",
        {
            "AuthnRequestsSigned": "true" if us.signs_requests else "false",
            "WantAssertionsSigned": "true",
            "protocolSupportEnumeration": SAMLP,
        },
    )
    for certificate in us.certificates:
        described = etree.SubElement(role, f"{{{MD}}}KeyDescriptor", {"use": "signing"})
        data = etree.SubElement(etree.SubElement(described, f"{{{DS}}}KeyInfo"), f"{{{DS}}}X509Data")
        etree.SubElement(data, f"{{{DS}}}X509Certificate").text = certificate
    for index, (place, default) in enumerate(((us.acs_url, "true"), (us.token_url, "false"))):
        etree.SubElement(
            role,
            f"{{{MD}}}AssertionConsumerService",
            {"Binding": POST, "Location": place, "index": str(index), "isDefault": default},
        )
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def certificate_for(key: rsa.RSAPrivateKey) -> str:
    """Make the certificate that carries our key to providers, as base64 of DER; the same key gives the same one.

    It signs itself and its dates say nothing: providers take it from our metadata, and compare keys.
    """
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Callgate single sign-on")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(sha256(public).digest()[:_SERIAL_BYTES], "big") | 1)
        .not_valid_before(_SINCE)
        .not_valid_after(_SINCE + _YEARS)
        .sign(key, hashes.SHA256())
    )
    return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
