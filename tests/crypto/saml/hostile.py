"""Documents made from a live one by people without the provider's key, to be taken for somebody else.

Each attack takes the bytes of a response that was accepted and gives bytes that must not be. The wrapping attacks bear
the numbers of "On Breaking SAML: Be Whoever You Want to Be" (USENIX Security 2012), as tools since then do.
"""

import base64
from collections.abc import Callable
from copy import deepcopy
from typing import NamedTuple

from lxml import etree
from xmlsec import constants

from callgate.model.saml import SamlCheck
from tests.crypto.saml.signer import DS, SAML, SAMLP, Element, Signing, identity, sign

VICTIM = "admin@example.com"
"""Whom the attacker wants to be."""

Attack = Callable[[bytes], bytes]

SIGNATURE = f"{{{DS}}}Signature"
ASSERTION = f"{{{SAML}}}Assertion"
NAME_ID = f"{{{SAML}}}NameID"


class Hostile(NamedTuple):
    """An attack and the check that must stop it."""

    attack: Attack
    stopped_by: SamlCheck


def parse(raw: bytes) -> Element:
    """A tree to cut up."""
    return etree.fromstring(raw)


def find(root: Element, path: str) -> Element:
    """The first element on a path; the live document has it."""
    found = root.find(path, {"saml": SAML, "samlp": SAMLP, "ds": DS})
    assert found is not None, path
    return found


def drop(element: Element) -> Element:
    """Take an element out of its parent."""
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)
    return element


def evil_copy(assertion: Element, *, assertion_id: str = "_evil", signed: bool = False) -> Element:
    """The assertion as the attacker wants it: another subject, another id, as a rule no signature."""
    copy = deepcopy(assertion)
    copy.set("ID", assertion_id)
    impersonate(copy)
    signature = copy.find(SIGNATURE)
    if signature is not None and not signed:
        copy.remove(signature)
    return copy


def impersonate(element: Element) -> None:
    """Put the victim's name wherever a name stands."""
    for name in (*element.iter(NAME_ID), *element.iter(f"{{{SAML}}}AttributeValue")):
        name.text = VICTIM


def on_tree(change: Callable[[Element], Element | None]) -> Attack:
    """An attack on the tree: changes it in place, or gives another root."""

    def attack(raw: bytes) -> bytes:
        root = parse(raw)
        changed = change(root)
        return etree.tostring(root if changed is None else changed)

    return attack


def on_text(change: Callable[[bytes], bytes]) -> Attack:
    """An attack on the bytes, for what no tree can hold."""
    return change


# --- wrapping ----------------------------------------------------------------------------------------------------


def xsw1(root: Element) -> Element:
    """The signed response inside its own signature, around it the attacker's."""
    evil = deepcopy(root)
    evil.set("ID", "_evil_response")
    impersonate(evil)
    signature = find(evil, "ds:Signature")
    original = deepcopy(root)
    drop(find(original, "ds:Signature"))
    signature.append(original)
    return evil


def xsw2(root: Element) -> Element:
    """The signed response beside its signature, in the attacker's."""
    evil = deepcopy(root)
    evil.set("ID", "_evil_response")
    impersonate(evil)
    original = deepcopy(root)
    drop(find(original, "ds:Signature"))
    evil.insert(list(evil).index(find(evil, "ds:Signature")), original)
    return evil


def xsw3(root: Element) -> None:
    """The attacker's assertion before the signed one."""
    signed = find(root, "saml:Assertion")
    root.insert(list(root).index(signed), evil_copy(signed))


def xsw4(root: Element) -> None:
    """The signed assertion inside the attacker's."""
    signed = find(root, "saml:Assertion")
    evil = evil_copy(signed)
    root.replace(signed, evil)
    evil.append(signed)


def xsw5(root: Element) -> None:
    """The attacker's assertion bears the signature of the original, which stands behind it without."""
    signed = find(root, "saml:Assertion")
    evil = evil_copy(signed, signed=True)
    root.replace(signed, evil)
    drop(find(signed, "ds:Signature"))
    root.append(signed)


def xsw6(root: Element) -> None:
    """As 5, with the original inside the signature."""
    signed = find(root, "saml:Assertion")
    evil = evil_copy(signed, signed=True)
    root.replace(signed, evil)
    drop(find(signed, "ds:Signature"))
    find(evil, "ds:Signature").append(signed)


def xsw7(root: Element) -> None:
    """The attacker's assertion among extensions, where schemas look away."""
    signed = find(root, "saml:Assertion")
    extensions = etree.Element(f"{{{SAMLP}}}Extensions")
    extensions.append(evil_copy(signed, assertion_id=str(signed.get("ID"))))
    root.insert(list(root).index(find(root, "samlp:Status")), extensions)


def xsw8(root: Element) -> None:
    """The original in an Object of the signature, the attacker's around it."""
    signed = find(root, "saml:Assertion")
    evil = evil_copy(signed, signed=True)
    root.replace(signed, evil)
    drop(find(signed, "ds:Signature"))
    etree.SubElement(find(evil, "ds:Signature"), f"{{{DS}}}Object").append(signed)


def two_assertions_same_id(root: Element) -> None:
    """Both assertions have the id the signature refers to."""
    signed = find(root, "saml:Assertion")
    root.append(evil_copy(signed, assertion_id=str(signed.get("ID"))))


def advice(root: Element) -> None:
    """The signed assertion as advice of the attacker's, with the signature moved up."""
    signed = find(root, "saml:Assertion")
    evil = evil_copy(signed, signed=True)
    root.replace(signed, evil)
    place = etree.Element(f"{{{SAML}}}Advice")
    place.append(signed)
    evil.insert(list(evil).index(find(evil, "saml:Conditions")) + 1, place)


def other_id_attribute(root: Element) -> None:
    """An element earlier in the document has the signed id in an attribute that is spelled otherwise."""
    signed = find(root, "saml:Assertion")
    find(root, "samlp:Status").set("Id", str(signed.get("ID")))


def assertion_of_another_namespace(root: Element) -> None:
    """An element that is called Assertion and is none."""
    signed = find(root, "saml:Assertion")
    evil = evil_copy(signed)
    evil.tag = "{urn:example:evil}Assertion"
    find(signed, "saml:AttributeStatement/saml:Attribute").append(evil)


def signature_by_position(root: Element) -> None:
    """The response bears the assertion's signature: whoever goes by place believes the response (CVE-2024-8698)."""
    old = root.find(SIGNATURE)
    if old is not None:
        root.remove(old)
    signed = find(root, "saml:Assertion")
    root.insert(1, drop(find(signed, "ds:Signature")))
    impersonate(root)


# --- signatures --------------------------------------------------------------------------------------------------


def unsigned(root: Element) -> None:
    """No signature at all."""
    for signature in list(root.iter(SIGNATURE)):
        drop(signature)
    impersonate(root)


def tampered(root: Element) -> None:
    """Another name under the old signatures."""
    impersonate(root)


def half_signed(root: Element) -> None:
    """The response's signature no longer holds, the assertion's does."""
    root.set("IssueInstant", "2000-01-01T00:00:00Z")


def foreign_key(root: Element) -> None:
    """Signed with the attacker's key, whose certificate comes along in KeyInfo."""
    unsigned(root)
    sign(find(root, "saml:Assertion"), Signing(by=identity("mallory")))


def foreign_key_response(root: Element) -> None:
    """The same for the response as a whole."""
    unsigned(root)
    sign(root, Signing(by=identity("mallory")))


def foreign_key_both(root: Element) -> None:
    """The provider's assertion inside a response the attacker signed."""
    old = root.find(SIGNATURE)
    if old is not None:
        root.remove(old)
    sign(root, Signing(by=identity("mallory")))


def hmac_with_public_key(root: Element) -> None:
    """HMAC whose secret is the provider's public certificate (CVE-2025-48995)."""
    unsigned(root)
    secret = identity().pem
    sign(find(root, "saml:Assertion"), Signing(method=constants.TransformHmacSha256, hmac_key=secret))


def set_algorithm(path: str, algorithm: str) -> Attack:
    """Another algorithm in the assertion's signature."""

    def change(root: Element) -> None:
        impersonate(root)
        find(root, f"saml:Assertion/ds:Signature/ds:SignedInfo/{path}").set("Algorithm", algorithm)

    return on_tree(change)


def reference_to(uri: str | None) -> Attack:
    """The signature refers elsewhere."""

    def change(root: Element) -> None:
        reference = find(root, "saml:Assertion/ds:Signature/ds:SignedInfo/ds:Reference")
        if uri is None:
            del reference.attrib["URI"]
        else:
            reference.set("URI", uri)

    return on_tree(change)


def two_references(root: Element) -> None:
    """A second reference, so that one is checked and the other believed."""
    info = find(root, "saml:Assertion/ds:Signature/ds:SignedInfo")
    info.append(deepcopy(find(info, "ds:Reference")))


def two_signed_infos(root: Element) -> None:
    """Two SignedInfo: one is verified, the digest of the other is compared (CVE-2025-29774)."""
    signature = find(root, "saml:Assertion/ds:Signature")
    signature.insert(0, deepcopy(find(signature, "ds:SignedInfo")))
    impersonate(root)


def two_signatures(root: Element) -> None:
    """The attacker's signature beside the provider's."""
    assertion = find(root, "saml:Assertion")
    sign(assertion, Signing(by=identity("mallory")))


def third_transform(algorithm: str) -> Attack:
    """A transform that lets something through unseen."""

    def change(root: Element) -> None:
        transforms = find(root, "saml:Assertion/ds:Signature/ds:SignedInfo/ds:Reference/ds:Transforms")
        etree.SubElement(transforms, f"{{{DS}}}Transform", Algorithm=algorithm)
        impersonate(root)

    return on_tree(change)


def truncated_hmac(root: Element) -> None:
    """HMACOutputLength made a MAC of one byte (CVE-2009-0217)."""
    method = find(root, "saml:Assertion/ds:Signature/ds:SignedInfo/ds:SignatureMethod")
    etree.SubElement(method, f"{{{DS}}}HMACOutputLength").text = "8"


def object_beside(root: Element) -> None:
    """An Object in the signature, where manifests and other payloads hide."""
    etree.SubElement(find(root, "saml:Assertion/ds:Signature"), f"{{{DS}}}Object").text = "x"


def encrypted(root: Element) -> None:
    """An assertion anybody could have encrypted for us, in a response nobody signed (CVE-2026-2092)."""
    for signature in list(root.iter(SIGNATURE)):
        drop(signature)
    assertion = find(root, "saml:Assertion")
    sealed = etree.Element(f"{{{SAML}}}EncryptedAssertion")
    etree.SubElement(sealed, "{http://www.w3.org/2001/04/xmlenc#}EncryptedData").text = "AAAA"
    root.replace(assertion, sealed)


def digest_with_comment(raw: bytes) -> bytes:
    """A comment in DigestValue: two readers see two digests (CVE-2025-29775)."""
    return raw.replace(b"<ds:DigestValue>", b"<ds:DigestValue>AAAA<!---->", 1)


# --- markup ------------------------------------------------------------------------------------------------------


def with_doctype(doctype: str, name: str | None = None) -> Attack:
    """A document type before the root, and what uses it in the subject's name."""

    def change(raw: bytes) -> bytes:
        root = parse(raw)
        if name is not None:
            find(root, f".//{NAME_ID}").text = "PLACE"
        return doctype.encode() + etree.tostring(root).replace(b"PLACE", (name or "").encode())

    return on_text(change)


_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))


def name_split(by: bytes) -> Attack:
    """Something in the middle of the subject's name that a reader of the first text node stops at (CVE-2017-11427)."""

    def change(raw: bytes) -> bytes:
        name = etree.tostring(find(parse(raw), f".//{NAME_ID}"), method="text", with_tail=False)
        assert raw.count(name) >= 1
        return raw.replace(name, name[:4] + by + name[4:], 1)

    return on_text(change)


def void_canonicalization(raw: bytes) -> bytes:
    """A relative namespace: canonicalisation fails, and a careless verifier signs for the empty string it got."""
    declared = raw.replace(b"<saml:Assertion ", b'<saml:Assertion xmlns:void="relative" ', 1)
    return declared.replace(b"<saml:NameID", b'<saml:NameID xmlns:void="1"', 1)


def huge(raw: bytes) -> bytes:
    """A response of a quarter megabyte and more (CVE-2025-54572)."""
    return raw.replace(b"</saml:NameID>", b"x" * (256 * 1024) + b"</saml:NameID>", 1)


def with_detail(raw: bytes, detail: bytes) -> bytes:
    """Something in the status, where anything may stand."""
    return raw.replace(
        b"</samlp:Status>", b"<samlp:StatusDetail>" + detail + b"</samlp:StatusDetail></samlp:Status>", 1
    )


def deep(raw: bytes) -> bytes:
    """Nested until a recursive reader ends."""
    return with_detail(raw, b"<x>" * 200 + b"</x>" * 200)


def many_elements(raw: bytes) -> bytes:
    """More elements than any provider sends."""
    return with_detail(raw, b"<x/>" * 20_000)


def many_namespaces(raw: bytes) -> bytes:
    """Namespaces without number: canonicalisation would visit each at each element."""
    declared = b"".join(b' xmlns:n%d="urn:n"' % n for n in range(2000))
    return raw.replace(b"<samlp:Status>", b"<samlp:Status" + declared + b">", 1)


def many_attributes(raw: bytes) -> bytes:
    """Attributes without number."""
    written = b"".join(b' a%d="1"' % n for n in range(100))
    return raw.replace(b"<samlp:Status>", b"<samlp:Status" + written + b">", 1)


def utf16(raw: bytes) -> bytes:
    """An encoding in which `<!DOCTYPE` has other bytes."""
    return b"\xff\xfe" + raw.decode().encode("utf-16-le")


def declared_encoding(raw: bytes) -> bytes:
    """A declaration that says UTF-7."""
    return b'<?xml version="1.0" encoding="UTF-7"?>' + raw


# --- what is said ------------------------------------------------------------------------------------------------


def append_copy(path: str) -> Attack:
    """An element twice: one is checked, the other read."""

    def change(root: Element) -> None:
        found = find(root, path)
        copy = deepcopy(found)
        impersonate(copy)
        if copy.tag == NAME_ID:
            copy.text = VICTIM
        parent = found.getparent()
        assert parent is not None
        parent.insert(list(parent).index(found), copy)

    return on_tree(change)


def name_with_element(root: Element) -> None:
    """A name with an element in it: its text is one thing to some and another to others."""
    name = find(root, f".//{NAME_ID}")
    etree.SubElement(name, f"{{{SAML}}}b").tail = VICTIM


S, C = SamlCheck.SHAPE, SamlCheck
ATTACKS: dict[str, Hostile] = {
    "XSW1": Hostile(on_tree(xsw1), S),
    "XSW2": Hostile(on_tree(xsw2), S),
    "XSW3": Hostile(on_tree(xsw3), S),
    "XSW4": Hostile(on_tree(xsw4), S),
    "XSW5": Hostile(on_tree(xsw5), S),
    "XSW6": Hostile(on_tree(xsw6), S),
    "XSW7": Hostile(on_tree(xsw7), S),
    "XSW8": Hostile(on_tree(xsw8), S),
    "two assertions with one id": Hostile(on_tree(two_assertions_same_id), S),
    "signed assertion as advice": Hostile(on_tree(advice), S),
    "signed id in another attribute": Hostile(on_tree(other_id_attribute), S),
    "Assertion of another namespace": Hostile(on_tree(assertion_of_another_namespace), S),
    "signature judged by position": Hostile(on_tree(signature_by_position), C.REFERENCE),
    "unsigned": Hostile(on_tree(unsigned), C.SIGNED),
    "tampered": Hostile(on_tree(tampered), C.SIGNATURE),
    "half signed": Hostile(on_tree(half_signed), C.SIGNATURE),
    "foreign key in KeyInfo": Hostile(on_tree(foreign_key), C.SIGNATURE),
    "foreign key around all": Hostile(on_tree(foreign_key_response), C.SIGNATURE),
    "foreign key around the provider's": Hostile(on_tree(foreign_key_both), C.SIGNATURE),
    "HMAC with the public key": Hostile(on_tree(hmac_with_public_key), C.ALGORITHMS),
    "HMAC truncated": Hostile(on_tree(truncated_hmac), C.ALGORITHMS),
    "RSA with SHA-1": Hostile(set_algorithm("ds:SignatureMethod", f"{DS}rsa-sha1"), C.ALGORITHMS),
    "digest SHA-1": Hostile(set_algorithm("ds:Reference/ds:DigestMethod", f"{DS}sha1"), C.ALGORITHMS),
    "inclusive canonicalisation": Hostile(
        set_algorithm("ds:CanonicalizationMethod", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"), C.ALGORITHMS
    ),
    "transform XSLT": Hostile(third_transform("http://www.w3.org/TR/1999/REC-xslt-19991116"), C.ALGORITHMS),
    "transform XPath": Hostile(third_transform("http://www.w3.org/TR/1999/REC-xpath-19991116"), C.ALGORITHMS),
    "reference to the document": Hostile(reference_to(""), C.REFERENCE),
    "reference to nothing": Hostile(reference_to(None), C.REFERENCE),
    "reference to an xpointer": Hostile(reference_to("#xpointer(id('_a'))"), C.REFERENCE),
    "reference to a file": Hostile(reference_to("file:///etc/passwd"), C.REFERENCE),
    "reference to a URL": Hostile(reference_to("http://127.0.0.1:9/x"), C.REFERENCE),
    "two references": Hostile(on_tree(two_references), S),
    "two SignedInfo": Hostile(on_tree(two_signed_infos), S),
    "two signatures": Hostile(on_tree(two_signatures), S),
    "Object in the signature": Hostile(on_tree(object_beside), S),
    "encrypted, unsigned": Hostile(on_tree(encrypted), C.ENCRYPTION),
    "comment in DigestValue": Hostile(on_text(digest_with_comment), C.MARKUP),
    "external entity": Hostile(with_doctype('<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "&x;"), C.MARKUP),
    "external entity by network": Hostile(
        with_doctype('<!DOCTYPE r [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]>', "&x;"), C.MARKUP
    ),
    "external document type": Hostile(with_doctype('<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd">'), C.MARKUP),
    "parameter entity": Hostile(
        with_doctype('<!DOCTYPE r [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]>'), C.MARKUP
    ),
    "internal entity": Hostile(with_doctype(f'<!DOCTYPE r [<!ENTITY x "{VICTIM}">]>', "&x;"), C.MARKUP),
    "billion laughs": Hostile(with_doctype(f'<!DOCTYPE r [<!ENTITY l0 "ha">{_LAUGHS}]>', "&l11;"), C.MARKUP),
    "default attribute": Hostile(with_doctype('<!DOCTYPE r [<!ATTLIST a ID CDATA "x">]>'), C.MARKUP),
    "undeclared entity": Hostile(with_doctype("", "&x;"), C.MARKUP),
    "comment in the name": Hostile(name_split(b"<!-- -->"), C.MARKUP),
    "processing instruction in the name": Hostile(name_split(b"<?x y?>"), C.MARKUP),
    "CDATA in the name": Hostile(name_split(b"<![CDATA[x]]>"), C.MARKUP),
    "element in the name": Hostile(on_tree(name_with_element), C.SIGNATURE),
    "void canonicalisation": Hostile(on_text(void_canonicalization), C.MARKUP),
    "UTF-16": Hostile(on_text(utf16), C.ENCODING),
    "UTF-7 declared": Hostile(on_text(declared_encoding), C.MARKUP),
    "huge": Hostile(on_text(huge), C.SIZE),
    "deep": Hostile(on_text(deep), C.MARKUP),
    "many elements": Hostile(on_text(many_elements), C.MARKUP),
    "many namespaces": Hostile(on_text(many_namespaces), C.MARKUP),
    "many attributes": Hostile(on_text(many_attributes), C.MARKUP),
    "two subjects": Hostile(append_copy("saml:Assertion/saml:Subject"), S),
    "two names": Hostile(append_copy("saml:Assertion/saml:Subject/saml:NameID"), C.SIGNATURE),
    "two conditions": Hostile(append_copy("saml:Assertion/saml:Conditions"), S),
    "two issuers": Hostile(append_copy("saml:Assertion/saml:Issuer"), S),
    "two statuses": Hostile(append_copy("samlp:Status"), S),
}
"""Name of the attack -> what makes it from a live response that is signed twice, and what stops it."""


def packed(raw: bytes) -> bytes:
    """As the form field carries it."""
    return base64.b64encode(raw)
