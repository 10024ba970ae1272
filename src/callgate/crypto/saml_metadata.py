"""An identity provider's metadata: who it is, where browsers are sent, which keys it signs with.

An administrator chose the file or the address, so its own signature is not asked. What it names is believed from then
on: it is read strictly, and refused where it could mean two things.
"""

import re
from typing import NamedTuple

from lxml import etree

from callgate.crypto.saml_gate import DS, SAMLP, Element
from callgate.crypto.saml_request import MD, REDIRECT

METADATA_BYTES_MAX = 1024 * 1024
"""Entra ID's and ADFS's have some 60 KiB. A federation's, with thousands of providers, is nobody's to connect to."""

ENTITY_ID_CHARS_MAX = 1024
"""SAML 2.0 core section 8.3.6."""

_ENTITY = f"{{{MD}}}EntityDescriptor"
_ROLE = f"{{{MD}}}IDPSSODescriptor"
_KEY = f"{{{MD}}}KeyDescriptor"
_CERTIFICATE = f"{{{DS}}}KeyInfo/{{{DS}}}X509Data/{{{DS}}}X509Certificate"


class IdpMetadata(NamedTuple):
    """What a connection is made of. `certificates` are base64 of DER as they stand there, each once, in their order."""

    entity_id: str
    sso_url: str
    certificates: tuple[str, ...]


class MetadataRefused(NamedTuple):
    """Why metadata cannot be used, in words for administrators."""

    reason: str


def read_idp_metadata(raw: bytes) -> IdpMetadata | MetadataRefused:
    """Read the one identity provider that a metadata document describes."""
    root = _parse(raw)
    if isinstance(root, MetadataRefused):
        return root
    entities = [each for each in root.iter(_ENTITY) if each.find(_ROLE) is not None]
    if len(entities) != 1:
        return MetadataRefused(f"it describes {len(entities)} identity providers, not one")
    entity_id = str(entities[0].get("entityID") or "").strip()
    if not 0 < len(entity_id) <= ENTITY_ID_CHARS_MAX:
        return MetadataRefused("it has no entityID, or one longer than 1,024 characters")
    roles = [
        role for role in entities[0].findall(_ROLE) if SAMLP in str(role.get("protocolSupportEnumeration")).split()
    ]
    if len(roles) != 1:
        return MetadataRefused("it does not describe one identity provider for SAML 2.0")
    (role,) = roles
    places = role.findall(f"{{{MD}}}SingleSignOnService")
    sso_url = next((str(place.get("Location")) for place in places if place.get("Binding") == REDIRECT), "")
    if not sso_url:
        return MetadataRefused("it has no SingleSignOnService by HTTP-Redirect")
    certificates = _signing_certificates(role)
    if not certificates:
        return MetadataRefused("it has no certificate to check signatures with")
    return IdpMetadata(entity_id, sso_url.strip(), certificates)


def _signing_certificates(role: Element) -> tuple[str, ...]:
    """Of keys for signing and those without a `use`, which serve both (metadata section 2.4.1.1).

    Leaving the latter out has left others with no key, and no check.
    """
    keys = (key for key in role.findall(_KEY) if key.get("use") in {None, "signing"})
    texts = ("".join(str(found.text or "").split()) for key in keys for found in key.findall(_CERTIFICATE))
    return tuple(dict.fromkeys(text for text in texts if text))


def _parse(raw: bytes) -> Element | MetadataRefused:
    if len(raw) > METADATA_BYTES_MAX:
        return MetadataRefused(f"it is longer than {METADATA_BYTES_MAX // 1024} KiB")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return MetadataRefused("it is not UTF-8")
    # Files that people edited have comments; document types and entities nobody needs.
    if re.search(r"<!\s*(?:DOCTYPE|ENTITY)", text, re.IGNORECASE):
        return MetadataRefused("it has a document type or entities")
    parser = etree.XMLParser(
        remove_comments=True, remove_pis=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        return etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError as trouble:
        return MetadataRefused(f"it is not well-formed XML: {trouble.msg}")
