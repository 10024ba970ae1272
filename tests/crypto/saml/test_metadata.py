"""A provider's metadata is read one way or refused; ours is what providers read."""

import base64
from urllib.parse import parse_qs, urlsplit
from zlib import MAX_WBITS, decompress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from callgate.crypto.saml_metadata import IdpMetadata, MetadataRefused, read_idp_metadata
from callgate.crypto.saml_request import (
    AuthnRequest,
    ServiceProvider,
    build_authn_request,
    build_sp_metadata,
    certificate_for,
    redirect_with,
)
from tests.crypto.saml.signer import ACS_URL, DS, ISSUER, NOW_MS, SP, TOKEN_URL, identity

SSO_URL = "https://idp.example/sso"
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


def key(certificate: str, use: str = ' use="signing"') -> str:
    """A KeyDescriptor."""
    return (
        f'<md:KeyDescriptor{use}><ds:KeyInfo xmlns:ds="{DS}"><ds:X509Data><ds:X509Certificate>{certificate}'
        "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )


def provider(*, keys: str | None = None, binding: str = REDIRECT, entity_id: str = ISSUER, more: str = "") -> str:
    """An EntityDescriptor of an identity provider."""
    return (
        f'<md:EntityDescriptor xmlns:md="{MD}" entityID="{entity_id}"><md:IDPSSODescriptor '
        f'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">{key("AAAA") if keys is None else keys}'
        f'<md:SingleSignOnService Binding="{binding}" Location="{SSO_URL}"/></md:IDPSSODescriptor>{more}'
        "</md:EntityDescriptor>"
    )


def read(text: str) -> IdpMetadata | MetadataRefused:
    """As a file."""
    return read_idp_metadata(text.encode())


@pytest.mark.requirement("SAML Metadata section 2.4.1.1")
@pytest.mark.parametrize(
    ("keys", "certificates"),
    [
        (key("AAAA") + key("BBBB"), ("AAAA", "BBBB")),
        (key("AAAA", use=""), ("AAAA",)),
        (key("AAAA", use="") + key("BBBB", use=' use="encryption"'), ("AAAA",)),
        (key("AAAA") + key("AA\nAA"), ("AAAA",)),
        (key("AA<!-- edited -->AA"), ("AAAA",)),
    ],
    ids=["two", "without use", "encryption", "twice", "commented"],
)
def test_signing_keys_are_read_when_they_may_sign(keys: str, certificates: tuple[str, ...]) -> None:
    """A key without a use signs too; one for encryption does not."""
    assert read(provider(keys=keys)) == IdpMetadata(ISSUER, SSO_URL, certificates)


def test_metadata_is_read_when_the_one_provider_stands_in_a_list_with_services() -> None:
    """Federations write lists; the byte order mark is some editors'."""
    text = (
        f'\ufeff<?xml version="1.0" encoding="utf-8"?><md:EntitiesDescriptor xmlns:md="{MD}">{provider()}'
        '<md:EntityDescriptor entityID="x"/></md:EntitiesDescriptor>'
    )
    assert isinstance(read(text), IdpMetadata)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<a/>",
        "no XML",
        provider(keys=""),
        provider(keys=key("AAAA", use=' use="encryption"')),
        provider(keys=key("")),
        provider(binding=POST),
        provider(entity_id=""),
        provider(entity_id="x" * 1025),
        provider().replace("SAML:2.0:protocol", "SAML:1.1:protocol"),
        f'<md:EntitiesDescriptor xmlns:md="{MD}">{provider()}{provider()}</md:EntitiesDescriptor>',
        f'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>{provider(entity_id="&x;")}',
        f"<!doctype a>{provider()}",
        provider(more=" " * 1024 * 1024),
    ],
)
def test_metadata_is_refused_when_it_is_not_one_usable_provider(text: str) -> None:
    """Not two, not without a key, not without an address, nothing with entities, nothing huge."""
    assert isinstance(read(text), MetadataRefused)


def test_metadata_is_refused_when_it_is_not_utf8() -> None:
    """An encoding in which `<!DOCTYPE` has other bytes."""
    assert isinstance(read_idp_metadata(provider().encode("utf-16")), MetadataRefused)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_anything_is_read_or_refused(raw: bytes) -> None:
    """No exception, whatever the file."""
    assert isinstance(read_idp_metadata(raw), IdpMetadata | MetadataRefused)


def signing_key() -> rsa.RSAPrivateKey:
    """A key of ours."""
    loaded = load_pem_private_key(identity("callgate").key_pem, None)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    return loaded


def test_our_metadata_keeps_the_schema_and_reads_back() -> None:
    """By the standard's own schema; one key for signing, browsers' answers first, the grant's second."""
    ours = certificate_for(signing_key())
    us = ServiceProvider(entity_id=SP, acs_url=ACS_URL, token_url=TOKEN_URL, certificates=(ours,), signs_requests=True)
    written = build_sp_metadata(us)
    assert not isinstance(OneLogin_Saml2_XML.validate_xml(written, "saml-schema-metadata-2.0.xsd"), str)
    root = etree.fromstring(written)
    places = root.findall(f".//{{{MD}}}AssertionConsumerService")
    assert [(place.get("Location"), place.get("isDefault")) for place in places] == [
        (ACS_URL, "true"),
        (TOKEN_URL, "false"),
    ]
    assert [each.get("use") for each in root.iter(f"{{{MD}}}KeyDescriptor")] == ["signing"]


def test_certificate_is_the_same_when_the_key_is() -> None:
    """A provider that pinned it finds it again after a restart; it carries our key."""
    assert certificate_for(signing_key()) == certificate_for(signing_key())
    carried = x509.load_der_x509_certificate(base64.b64decode(certificate_for(signing_key())))
    assert carried.public_key() == signing_key().public_key()


@pytest.mark.parametrize(("destination", "joint"), [(SSO_URL, "?"), (f"{SSO_URL}?spid=7", "&")])
def test_request_is_signed_in_the_address_and_keeps_the_schema(destination: str, joint: str) -> None:
    """Bindings section 3.4.4.1: the signature covers the query as it is sent, in this order."""
    asked = AuthnRequest(
        request_id="_r1", destination=destination, acs_url=ACS_URL, sp_entity_id=SP, now_ms=NOW_MS, anew=True
    )
    document = build_authn_request(asked)
    assert not isinstance(OneLogin_Saml2_XML.validate_xml(document, "saml-schema-protocol-2.0.xsd"), str)
    url = redirect_with(document, destination, relay_state="a b&c", key=signing_key())
    query = url.removeprefix(destination + joint)
    covered, _, signature = query.partition("&Signature=")
    assert [part.partition("=")[0] for part in covered.split("&")] == ["SAMLRequest", "RelayState", "SigAlg"]
    fields = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    signing_key().public_key().verify(
        base64.b64decode(fields["Signature"]), covered.encode(), padding.PKCS1v15(), hashes.SHA256()
    )
    assert signature
    assert decompress(base64.b64decode(fields["SAMLRequest"]), -MAX_WBITS) == document
    assert fields["RelayState"] == "a b&c"


def test_request_is_unsigned_when_there_is_no_key() -> None:
    """Some providers refuse a signature they have no certificate for."""
    url = redirect_with(b"<x/>", SSO_URL, relay_state=None, key=None)
    assert parse_qs(urlsplit(url).query).keys() == {"SAMLRequest"}
