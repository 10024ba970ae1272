"""An identity provider of our own, for documents no real one would make: any part can be set, any element signed.

It signs with libxmlsec1, as most providers do, and takes no rule from the code under test.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import cast
from uuid import uuid4
from xml.sax.saxutils import escape, quoteattr

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from lxml import etree
from xmlsec import constants

Element = etree._Element

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
DS = "http://www.w3.org/2000/09/xmldsig#"
ISSUER = "https://idp.example/metadata"
ACS_URL = "https://callgate.example/saml/acs"
TOKEN_URL = "https://callgate.example/restapi/oauth/token"
SP = "https://callgate.example/saml/metadata"
NOW_MS = 1_800_000_000_000
REQUEST_ID = "_request.1"


@dataclass(frozen=True)
class Identity:
    """A signing key and its certificate."""

    key_pem: bytes
    certificate: x509.Certificate

    @property
    def der(self) -> str:
        """The certificate as metadata carries it."""
        return base64.b64encode(self.certificate.public_bytes(Encoding.DER)).decode()

    @property
    def pem(self) -> bytes:
        """The certificate as files carry it."""
        return self.certificate.public_bytes(Encoding.PEM)


@lru_cache
def identity(name: str = "idp", *, kind: str = "rsa", expired: bool = False, bits: int = 2048) -> Identity:
    """A self-signed identity; each name has its own key."""
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    key = rsa.generate_private_key(65537, bits) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.fromtimestamp(NOW_MS / 1000, UTC)
    first, last = (-1000, -1) if expired else (-1, 1000)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=first))
        .not_valid_after(now + timedelta(days=last))
        .sign(key, hashes.SHA256())
    )
    return Identity(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), certificate)


def instant(offset_s: int, *, now_ms: int = NOW_MS) -> str:
    """An instant so many seconds from now, as SAML writes it."""
    return datetime.fromtimestamp(now_ms / 1000 + offset_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a document says; a test overrides what matters to it. `None` leaves a part out."""

    issuer: str = ISSUER
    response_issuer: str | None = ISSUER
    destination: str | None = ACS_URL
    recipient: str | None = ACS_URL
    audience: str | None = SP
    in_response_to: str | None = REQUEST_ID
    name_id: str = "anna@example.com"
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: {"mail": ("anna@example.com",)})
    status: str = "urn:oasis:names:tc:SAML:2.0:status:Success"
    issued: str | None = None
    not_before: str | None = None
    not_on_or_after: str | None = None
    confirmed_until: str | None = None
    session_until: str | None = None
    confirmation: str = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
    authn_statement: bool = True
    conditions: str = ""
    now_ms: int = NOW_MS
    assertion_id: str = field(default_factory=lambda: f"_a{uuid4().hex}")
    response_id: str = field(default_factory=lambda: f"_r{uuid4().hex}")

    def assertion(self) -> str:
        """The assertion, unsigned."""
        at = {"issued": instant(0, now_ms=self.now_ms), "ends": instant(300, now_ms=self.now_ms)}
        confirmed = _attributes(
            InResponseTo=self.in_response_to,
            Recipient=self.recipient,
            NotOnOrAfter=at["ends"] if self.confirmed_until is None else self.confirmed_until,
        )
        period = _attributes(
            NotBefore=instant(-30, now_ms=self.now_ms) if self.not_before is None else self.not_before,
            NotOnOrAfter=at["ends"] if self.not_on_or_after is None else self.not_on_or_after,
        )
        audience = (
            f"<saml:AudienceRestriction><saml:Audience>{escape(self.audience)}</saml:Audience></saml:AudienceRestriction>"
            if self.audience is not None
            else ""
        )
        statement = (
            f'<saml:AuthnStatement AuthnInstant="{at["issued"]}" SessionIndex="_s1"'
            f"{_attributes(SessionNotOnOrAfter=self.session_until)}><saml:AuthnContext><saml:AuthnContextClassRef>"
            "urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext>"
            "</saml:AuthnStatement>"
            if self.authn_statement
            else ""
        )
        return (
            f'<saml:Assertion xmlns:saml="{SAML}" ID="{self.assertion_id}" Version="2.0"'
            f' IssueInstant="{self.issued or at["issued"]}"><saml:Issuer>{escape(self.issuer)}</saml:Issuer>'
            f"<saml:Subject><saml:NameID>{self.name_id}</saml:NameID>"
            f'<saml:SubjectConfirmation Method="{self.confirmation}"><saml:SubjectConfirmationData{confirmed}/>'
            f"</saml:SubjectConfirmation></saml:Subject><saml:Conditions{period}>{audience}{self.conditions}"
            f"</saml:Conditions>{statement}{self._attribute_statement()}</saml:Assertion>"
        )

    def response(self, assertion: str) -> str:
        """The response around an assertion, unsigned."""
        ends = _attributes(InResponseTo=self.in_response_to, Destination=self.destination)
        issuer = "" if self.response_issuer is None else f"<saml:Issuer>{escape(self.response_issuer)}</saml:Issuer>"
        return (
            f'<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="{self.response_id}" Version="2.0"'
            f' IssueInstant="{instant(0, now_ms=self.now_ms)}"{ends}>{issuer}<samlp:Status>'
            f'<samlp:StatusCode Value="{self.status}"/></samlp:Status>{assertion}</samlp:Response>'
        )

    def _attribute_statement(self) -> str:
        values = "".join(
            f"<saml:Attribute Name={quoteattr(name)}>"
            + "".join(f"<saml:AttributeValue>{escape(text)}</saml:AttributeValue>" for text in texts)
            + "</saml:Attribute>"
            for name, texts in self.attributes.items()
        )
        return f"<saml:AttributeStatement>{values}</saml:AttributeStatement>" if values else ""


@dataclass(frozen=True, kw_only=True)
class Signing:
    """Which elements are signed, with what."""

    assertion: bool = True
    response: bool = False
    by: Identity = field(default_factory=identity)
    method: object = constants.TransformRsaSha256
    digest: object = constants.TransformSha256
    canonical: object = constants.TransformExclC14N
    hmac_key: bytes | None = None
    prefixes: str = ""


def sign(element: Element, signing: Signing) -> None:
    """Sign an element that has an ID, after its Issuer."""
    # mypy: the stubs give the constants' type a name that nobody outside may write, so `Signing` says `object`.
    key = (
        xmlsec.Key.from_memory(signing.by.key_pem, constants.KeyDataFormatPem, None)
        if signing.hmac_key is None
        else xmlsec.Key.from_binary_data(constants.KeyDataHmac, signing.hmac_key)
    )
    template = xmlsec.template.create(element, signing.canonical, signing.method, ns="ds")  # type: ignore[arg-type]  # see above
    issuer = element.find(f"{{{SAML}}}Issuer")
    element.insert(0 if issuer is None else 1, template)
    reference = xmlsec.template.add_reference(template, signing.digest, uri=f"#{element.get('ID')}")  # type: ignore[arg-type]  # see above
    xmlsec.template.add_transform(reference, constants.TransformEnveloped)
    xmlsec.template.add_transform(reference, signing.canonical)  # type: ignore[arg-type]  # see above
    if signing.prefixes:
        canonical = cast("Element", reference.find(f".//{{{DS}}}Transform[2]"))
        xmlsec.template.transform_add_c14n_inclusive_namespaces(canonical, signing.prefixes)
    if signing.hmac_key is None:
        key.load_cert_from_memory(signing.by.pem, constants.KeyDataFormatCertPem)
        xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(template))
    xmlsec.tree.add_ids(element, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = key
    context.sign(template)


def signed_response(answer: Answer | None = None, signing: Signing | None = None) -> bytes:
    """The XML of a response as a provider sends it."""
    answer, signing = answer or Answer(), signing or Signing()
    root = etree.fromstring(answer.response(answer.assertion()).encode())
    assertion = root.find(f"{{{SAML}}}Assertion")
    assert assertion is not None
    if signing.assertion:
        sign(assertion, signing)
    if signing.response:
        sign(root, signing)
    return etree.tostring(root)


def signed_assertion(answer: Answer | None = None, signing: Signing | None = None) -> bytes:
    """The XML of an assertion for the grant: for the token endpoint, in answer to nothing."""
    answer = answer or Answer(recipient=TOKEN_URL, in_response_to=None)
    root = etree.fromstring(answer.assertion().encode())
    sign(root, signing or Signing())
    return etree.tostring(root)


def varied(**parts: object) -> Answer:
    """An answer that differs in these parts."""
    return replace(Answer(), **parts)  # type: ignore[arg-type]  # named by tests, checked by dataclass at run time


def _attributes(**values: str | None) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in values.items() if value)
