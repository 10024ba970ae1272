"""The gate before any SAML library: bytes to a tree in which a signature can only mean one thing, or a refusal.

Each rule closes a way by which libraries have been made to verify one element and read another, or to do work without
bound. What passes is what Entra ID, Okta, ADFS, SimpleSAMLphp and their like send; whether the right key signed it and
whether it says the right things is judged elsewhere.
"""

import binascii
import re
from base64 import b64decode
from typing import NamedTuple

from lxml import etree

from callgate.model.saml import SamlCheck, SamlRefused

DOCUMENT_BYTES_MAX = 256 * 1024
"""A response that lists every group of a large company has some 60 KiB."""

TAGS_MAX = 3_000
DEPTH_MAX = 24
ATTRIBUTES_MAX = 24
NAMESPACES_MAX = 100
"""Of one document. Canonicalisation visits what is in scope at each element: this bounds the product."""

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
DS = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"

RESPONSE = f"{{{SAMLP}}}Response"
ASSERTION = f"{{{SAML}}}Assertion"
SIGNATURE = f"{{{DS}}}Signature"

SIGNATURE_METHODS = frozenset(
    f"http://www.w3.org/2001/04/xmldsig-more#{name}"
    for name in ("rsa-sha256", "rsa-sha384", "rsa-sha512", "ecdsa-sha256", "ecdsa-sha384", "ecdsa-sha512")
)
DIGEST_METHODS = frozenset(
    {
        "http://www.w3.org/2001/04/xmlenc#sha256",
        "http://www.w3.org/2001/04/xmldsig-more#sha384",
        "http://www.w3.org/2001/04/xmlenc#sha512",
    }
)
CANONICALIZATIONS = frozenset({EXCLUSIVE, f"{EXCLUSIVE}WithComments"})
"""Exclusive alone: what surrounds a signed element cannot change it then. (No comments are left to tell them apart.)"""

ENVELOPED = f"{DS}enveloped-signature"

_DECLARATION = re.compile(
    r"""<\?xml\s+version=(["'])1\.0\1(?:\s+encoding=(["'])utf-8\2)?(?:\s+standalone=(["'])(?:yes|no)\3)?\s*\?>""",
    re.IGNORECASE,
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9._-]{0,255}")
_NAMESPACE = re.compile(r"""xmlns(?::[^\s=]+)?\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_ABSOLUTE = re.compile(r"(?:(?:urn|https?):\S+)?", re.IGNORECASE)
_ID_ATTRIBUTES = frozenset({"id"})

_ISSUER = f"{{{SAML}}}Issuer"
_ENCRYPTED = f"{{{SAML}}}EncryptedAssertion"
_STATEMENT = f"{{{SAML}}}AttributeStatement"
_MAY_REPEAT = frozenset({_STATEMENT})

_RESPONSE_PARTS = (_ISSUER, SIGNATURE, f"{{{SAMLP}}}Status", ASSERTION)
_ASSERTION_PARTS = (
    _ISSUER,
    SIGNATURE,
    f"{{{SAML}}}Subject",
    f"{{{SAML}}}Conditions",
    f"{{{SAML}}}AuthnStatement",
    _STATEMENT,
)
_SIGNATURE_PARTS = (f"{{{DS}}}SignedInfo", f"{{{DS}}}SignatureValue", f"{{{DS}}}KeyInfo")
_SIGNED_INFO_PARTS = (f"{{{DS}}}CanonicalizationMethod", f"{{{DS}}}SignatureMethod", f"{{{DS}}}Reference")
_REFERENCE_PARTS = (f"{{{DS}}}Transforms", f"{{{DS}}}DigestMethod", f"{{{DS}}}DigestValue")

Element = etree._Element  # noqa: SLF001 - lxml gives its one element type no public name


class Shaped(NamedTuple):
    """The tree of a document, and the one assertion in it, which may be all of it."""

    root: Element
    assertion: Element


class Gated(NamedTuple):
    """A document that means one thing: its bytes, its tree, its one assertion, and who carries a signature.

    `signed` holds the response, the assertion or both, the response first.
    """

    raw: bytes
    root: Element
    assertion: Element
    signed: tuple[Element, ...]


def decode_document(text: bytes, *, url_safe: bool) -> bytes | SamlRefused:
    """Decode what was sent: base64 in lines for a response, base64url with or without padding for a grant.

    Nothing is inflated: only the HTTP-Redirect binding compresses, and responses do not come by it.
    """
    packed = text.translate(None, b" \t\r\n")
    if len(packed) > DOCUMENT_BYTES_MAX * 4 // 3 + 4:
        return SamlRefused(f"longer than {DOCUMENT_BYTES_MAX // 1024} KiB", SamlCheck.SIZE)
    if url_safe:
        packed = packed.rstrip(b"=") + b"=" * (-len(packed.rstrip(b"=")) % 4)
    try:
        return b64decode(packed, altchars=b"-_" if url_safe else None, validate=True)
    except binascii.Error:
        wanted = "base64url (RFC 7522 section 2.1)" if url_safe else "base64"
        return SamlRefused(f"not {wanted}", SamlCheck.ENCODING)


def pass_gate(raw: bytes, root_tag: str) -> Gated | SamlRefused:
    """Read a document whose root must be RESPONSE or ASSERTION."""
    shaped = read_shape(raw, root_tag)
    return shaped if isinstance(shaped, SamlRefused) else read_signatures(raw, shaped)


def read_shape(raw: bytes, root_tag: str) -> Shaped | SamlRefused:
    """Read the tree of a document, with nothing said of its signatures yet."""
    if len(raw) > DOCUMENT_BYTES_MAX:
        return SamlRefused(f"longer than {DOCUMENT_BYTES_MAX // 1024} KiB", SamlCheck.SIZE)
    root = parse_markup(raw)
    if isinstance(root, SamlRefused):
        return root
    refused = _bounds(root) or _names(root)
    if refused:
        return refused
    assertion = _assertion_of(root, root_tag)
    return assertion if isinstance(assertion, SamlRefused) else Shaped(root, assertion)


def read_signatures(raw: bytes, shaped: Shaped) -> Gated | SamlRefused:
    """Find the signatures, each of which can mean its parent alone."""
    signed = _signed_of(shaped.root, shaped.assertion)
    if isinstance(signed, SamlRefused):
        return signed
    for element in signed:
        refused = _signature(element)
        if refused:
            return refused
    return Gated(raw, shaped.root, shaped.assertion, signed)


def parse_markup(raw: bytes) -> Element | SamlRefused:
    """Parse UTF-8 in which nothing but elements, attributes and text stands. Metadata passes here as well."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return SamlRefused("not UTF-8", SamlCheck.ENCODING)
    declared = _DECLARATION.match(text)
    body = text[declared.end() :] if declared else text
    # "<" stands for itself nowhere in XML. So this finds document types, entities, comments, processing instructions
    # and CDATA without asking any parser, and parsers cannot disagree about what is not there.
    if "<!" in body or "<?" in body:
        return SamlRefused("it has a document type, comment, processing instruction or CDATA", SamlCheck.MARKUP)
    if body.count("<") > 2 * TAGS_MAX or body.count("xmlns") > NAMESPACES_MAX:
        return SamlRefused(f"more than {TAGS_MAX} elements or {NAMESPACES_MAX} namespaces", SamlCheck.MARKUP)
    # A relative namespace makes canonicalisation fail, and libraries have vouched for the nothing it then gives.
    if not all(_ABSOLUTE.fullmatch(found[1] or found[2] or "") for found in _NAMESPACE.finditer(body)):
        return SamlRefused("a namespace is not an absolute URI", SamlCheck.MARKUP)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(raw, parser)
    except etree.XMLSyntaxError as trouble:
        return SamlRefused(f"not well-formed: {trouble.msg}", SamlCheck.MARKUP)


def _bounds(root: Element) -> SamlRefused | None:
    deepest = [(root, 1)]
    while deepest:
        element, depth = deepest.pop()
        if depth > DEPTH_MAX or len(element.attrib) > ATTRIBUTES_MAX:
            return SamlRefused(f"deeper than {DEPTH_MAX}, or over {ATTRIBUTES_MAX} attributes", SamlCheck.MARKUP)
        deepest.extend((child, depth + 1) for child in element)
    return None


def _names(root: Element) -> SamlRefused | None:
    """Every id once, whatever the attribute is called; what a library could look for by name stands once as well."""
    ids: set[str] = set()
    seen: set[str] = set()
    for element in root.iter():
        for attribute, value in element.attrib.items():
            if _local(attribute).lower() not in _ID_ATTRIBUTES:
                continue
            if str(value) in ids:
                return SamlRefused("an id stands twice", SamlCheck.SHAPE)
            ids.add(str(value))
        local = _local(element.tag)
        if local in {"Response", "Assertion", "EncryptedAssertion"}:
            if local in seen:
                return SamlRefused(f"more than one {local}", SamlCheck.SHAPE)
            seen.add(local)
    if {"Assertion", "EncryptedAssertion"} <= seen:
        return SamlRefused("more than one Assertion", SamlCheck.SHAPE)
    return None


def _assertion_of(root: Element, root_tag: str) -> Element | SamlRefused:
    if root.tag != root_tag:
        return SamlRefused(f"the document is a {_local(root.tag)}, not a {_local(root_tag)}", SamlCheck.SHAPE)
    if not _is_named(root):
        return SamlRefused("Version is not 2.0, or ID is not a name", SamlCheck.SHAPE)
    assertion: Element = root
    if root_tag == RESPONSE:
        if root.find(_ENCRYPTED) is not None:
            return SamlRefused("the assertion is encrypted", SamlCheck.ENCRYPTION)
        refused = _parts(root, _RESPONSE_PARTS)
        if refused:
            return refused
        inner = root.find(ASSERTION)
        if inner is None:
            return _without_assertion(root)
        assertion = inner
    if not _is_named(assertion):
        return SamlRefused("Version is not 2.0, or ID is not a name", SamlCheck.SHAPE)
    return _parts(assertion, _ASSERTION_PARTS) or assertion


def _without_assertion(root: Element) -> SamlRefused:
    """An identity provider that says no sends a status and no assertion: the status is the news."""
    said = " ".join(_local_value(code) for code in root.iter(f"{{{SAMLP}}}StatusCode"))
    if said and said != "Success":
        return SamlRefused(f"the identity provider says {said}", SamlCheck.STATUS)
    return SamlRefused("there is no Assertion", SamlCheck.SHAPE)


def _signed_of(root: Element, assertion: Element) -> tuple[Element, ...] | SamlRefused:
    places = (root,) if root is assertion else (root, assertion)
    signed = tuple(place for place in places if place.find(SIGNATURE) is not None)
    if not signed:
        return SamlRefused("neither the response nor the assertion is signed", SamlCheck.SIGNED)
    # By local name: a signature in a namespace of its own making is no signature, and no one's to look for either.
    if sum(_local(element.tag) == "Signature" for element in root.iter()) != len(signed):
        return SamlRefused("a signature stands where none belongs", SamlCheck.SIGNED)
    return signed


def _signature(parent: Element) -> SamlRefused | None:
    """One signature means its parent, by allowed means, and holds nothing else."""
    signature = _child(parent, SIGNATURE)
    refused = _parts(signature, _SIGNATURE_PARTS)
    if refused or signature.find(f"{{{DS}}}SignedInfo") is None:
        return refused or SamlRefused("a signature has no SignedInfo", SamlCheck.SHAPE)
    info = _child(signature, f"{{{DS}}}SignedInfo")
    refused = _parts(info, _SIGNED_INFO_PARTS)
    if refused or len(info) != len(_SIGNED_INFO_PARTS):
        return refused or SamlRefused("a signature has no Reference or no method", SamlCheck.SHAPE)
    reference = _child(info, f"{{{DS}}}Reference")
    if reference.get("URI") != f"#{parent.get('ID')}" or set(reference.attrib) - {"URI", "Id"}:
        return SamlRefused("a signature refers to another element than its own", SamlCheck.REFERENCE)
    refused = _parts(reference, _REFERENCE_PARTS)
    if refused or len(reference) != len(_REFERENCE_PARTS):
        return refused or SamlRefused("a Reference lacks its transforms or digest", SamlCheck.SHAPE)
    return _algorithms(info, reference)


def _algorithms(info: Element, reference: Element) -> SamlRefused | None:
    transforms = list(_child(reference, f"{{{DS}}}Transforms"))
    if [_algorithm(transform) for transform in transforms][:1] != [ENVELOPED] or len(transforms) != 2:  # noqa: PLR2004 - enveloped, exclusive
        return SamlRefused("the transforms are not enveloped-signature and exclusive canonicalisation", _ALGORITHMS)
    canonical = _child(info, f"{{{DS}}}CanonicalizationMethod")
    method = _child(info, f"{{{DS}}}SignatureMethod")
    digest = _child(reference, f"{{{DS}}}DigestMethod")
    named: tuple[tuple[Element, frozenset[str]], ...] = (
        (canonical, CANONICALIZATIONS),
        (transforms[1], CANONICALIZATIONS),
        (method, SIGNATURE_METHODS),
        (digest, DIGEST_METHODS),
    )
    for element, allowed in named:
        if _algorithm(element) not in allowed:
            return SamlRefused(f"{_local(element.tag)} {_algorithm(element)[:120]} is not allowed", _ALGORITHMS)
    # A parameter changes what an algorithm means: HMACOutputLength has made a signature one byte long.
    if any(len(element) for element in (transforms[0], method, digest)):
        return SamlRefused("an algorithm has parameters", _ALGORITHMS)
    prefixes = [child.tag for element in (canonical, transforms[1]) for child in element]
    if any(tag != f"{{{EXCLUSIVE}}}InclusiveNamespaces" for tag in prefixes):
        return SamlRefused("canonicalisation has unknown parameters", _ALGORITHMS)
    return None


_ALGORITHMS = SamlCheck.ALGORITHMS


def _parts(element: Element, allowed: tuple[str, ...]) -> SamlRefused | None:
    """The children are among these, each at most once."""
    tags = [child.tag for child in element]
    for tag in tags:
        if tag not in allowed:
            return SamlRefused(f"{_local(element.tag)} has an unexpected {_local(tag)}", SamlCheck.SHAPE)
        if tag not in _MAY_REPEAT and tags.count(tag) > 1:
            return SamlRefused(f"{_local(element.tag)} has more than one {_local(tag)}", SamlCheck.SHAPE)
    return None


def _child(element: Element, tag: str) -> Element:
    found = element.find(tag)
    assert found is not None, "its parent's parts were counted"
    return found


def _is_named(element: Element) -> bool:
    return element.get("Version") == "2.0" and bool(_NAME.fullmatch(str(element.get("ID"))))


def _algorithm(element: Element) -> str:
    return str(element.get("Algorithm"))


def _local(tag: object) -> str:
    return str(tag).rpartition("}")[2][:80]


def _local_value(code: Element) -> str:
    return str(code.get("Value")).rpartition(":")[2][:80]
