"""What to set, and where, when a SAML document fails a check: by check and by identity provider.

`callgate saml check` prints it under a check that failed, with our own addresses filled in; docs/saml.md has it whole.
Names of menus are those of the providers' English consoles.
"""

from dataclasses import dataclass

from callgate.model.saml import SamlCheck
from callgate.model.saml_check import CONNECTION, PERSON, SWITCH, USE

PROVIDERS = ("Entra ID", "Okta", "ADFS", "SimpleSAMLphp")


@dataclass(frozen=True, slots=True)
class Mend:
    """What to do here or anywhere, and then in each of PROVIDERS in their order, where there is something to set."""

    here: str
    there: tuple[str, str, str, str] | None = None

    def told(self, **names: str) -> tuple[tuple[str, str], ...]:
        """Whom it concerns and what to do, with our addresses filled in."""
        return tuple((who, what.format(**names)) for who, what in (("to do", self.here), *self.told_there()))

    def told_there(self) -> tuple[tuple[str, str], ...]:
        """Each provider with what to set there."""
        return () if self.there is None else tuple(zip(PROVIDERS, self.there, strict=True))


_CHANGED = Mend(
    "No provider sends this by itself: something changed the document on its way (an editor, a proxy, a browser’s "
    "developer tools that print XML prettily). Save the form field as it was sent."
)
_PLACE = (
    "Single sign-on > Basic SAML Configuration > Reply URL: add {place}",
    "General > SAML Settings > Single sign-on URL: {place}; a second place under Other Requestable SSO URLs",
    "Relying Party Trust > Endpoints > Add SAML: Assertion Consumer, POST, {place}, an index of its own",
    "saml20-sp-remote.php: 'AssertionConsumerService' with 'Location' => '{place}'",
)

BESIDES = {
    CONNECTION: "The connection is enabled.",
    SWITCH: "The account’s single sign-on is not off.",
    PERSON: "The one address that is read belongs to somebody of the account who may sign in.",
    USE: "The assertion comes for the first time.",
}
"""What is asked besides the document’s own checks."""

MENDS: dict[str, Mend] = {
    SamlCheck.SIZE.value: Mend(
        "Have the provider send fewer attributes; most often it is every group of the person.",
        (
            "Attributes & Claims > Groups: Groups assigned to the application",
            "General > SAML Settings > Group Attribute Statements: a filter instead of .*",
            "Claim Issuance Policy: send the groups that are needed, not all",
            "saml20-sp-remote.php: 'authproc' with core:AttributeLimit",
        ),
    ),
    SamlCheck.ENCODING.value: Mend(
        "A response is base64, as in the form field SAMLResponse. The grant’s assertion is base64url: - and _ where "
        "base64 has + and / (RFC 7522 section 2.1): check one with --grant."
    ),
    SamlCheck.MARKUP.value: _CHANGED,
    SamlCheck.SHAPE.value: Mend(
        "A browser brings one Response with one Assertion in it. The grant takes the Assertion element alone, cut out "
        "with the namespaces it uses: examples/unattended/saml_assertion.py does."
    ),
    SamlCheck.ENCRYPTION.value: Mend(
        "Have the provider send assertions unencrypted; TLS hides them.",
        (
            "Token encryption: deactivate the certificate",
            "General > SAML Settings > Show Advanced Settings > Assertion Encryption: Unencrypted",
            "Set-AdfsRelyingPartyTrust -TargetName NAME -EncryptClaims $false",
            "saml20-sp-remote.php: 'assertion.encryption' => false",
        ),
    ),
    SamlCheck.SIGNED.value: Mend(
        "Have the provider sign; for the grant it must be the assertion itself.",
        (
            "SAML Certificates > Signing Option: Sign SAML assertion, or response and assertion",
            "General > SAML Settings > Show Advanced Settings > Assertion Signature: Signed",
            "Set-AdfsRelyingPartyTrust -TargetName NAME -SamlResponseSignature AssertionOnly, or MessageAndAssertion",
            "saml20-sp-remote.php: 'saml20.sign.assertion' => true",
        ),
    ),
    SamlCheck.ALGORITHMS.value: Mend(
        "Have the provider sign with SHA-256 or better and with exclusive canonicalisation; SHA-1 can be forged.",
        (
            "SAML Certificates > Signing Algorithm: SHA-256",
            "General > SAML Settings > Show Advanced Settings > Signature and Digest Algorithm: RSA-SHA256, SHA256",
            "Relying Party Trust > Advanced > Secure hash algorithm: SHA-256",
            "saml20-sp-remote.php: 'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'",
        ),
    ),
    SamlCheck.REFERENCE.value: _CHANGED,
    SamlCheck.ISSUER.value: Mend(
        "Tell us the provider’s entity id to the letter: callgate sso update {name} --issuer …",
        (
            "Set up > Microsoft Entra Identifier: https://sts.windows.net/TENANT/, with the slash",
            "Sign On > SAML 2.0 > More details > Issuer: http://www.okta.com/…",
            "Get-AdfsProperties: Identifier, as http://HOST/adfs/services/trust",
            "saml20-idp-hosted.php: the key of the entry, or the address of its metadata",
        ),
    ),
    SamlCheck.STATUS.value: Mend(
        "The provider signed nobody in. Its own log says why.",
        (
            "Sign-in logs; the person must be under Users and groups, or Assignment required: No",
            "Reports > System Log; the person must be under Assignments",
            "Event Viewer > AD FS > Admin; the Access Control Policy must let the person in",
            "its log, by the tracking number",
        ),
    ),
    SamlCheck.SIGNATURE.value: Mend(
        "Give us the certificate that the provider signs with now: callgate sso certificates {name} --secondary FILE. "
        "If we have it, the document was changed on its way.",
        (
            "SAML Certificates > Certificate (Base64), the active one",
            "Sign On > SAML Signing Certificates: the active one > Download certificate",
            "Service > Certificates > Token-signing, the primary one; it rolls over by itself each year",
            "the file of 'certificate' in saml20-idp-hosted.php",
        ),
    ),
    SamlCheck.DESTINATION.value: Mend("Have the provider send it to {place}.", _PLACE),
    SamlCheck.SUBJECT.value: Mend(
        "Have the provider name the person in one NameID, for whoever bears the assertion.",
        (
            "Attributes & Claims > Unique User Identifier (Name ID): user.mail",
            "General > SAML Settings > Name ID format: EmailAddress, Application username: Email",
            "Claim Issuance Policy: a rule that sends E-Mail-Addresses, one that transforms E-Mail Address to Name ID",
            "saml20-sp-remote.php: 'NameIDFormat' emailAddress and 'simplesaml.nameidattribute' => 'mail'",
        ),
    ),
    SamlCheck.RECIPIENT.value: Mend(
        "Have the provider make it for {place}. One made for another place is refused on purpose.", _PLACE
    ),
    SamlCheck.REQUEST.value: Mend(
        "Begin the sign-in here, or accept those that begin there: callgate sso update {name} --idp-initiated"
    ),
    SamlCheck.AUDIENCE.value: Mend(
        "Have the provider make it for {entity_id}.",
        (
            "Single sign-on > Basic SAML Configuration > Identifier (Entity ID): {entity_id}",
            "General > SAML Settings > Audience URI (SP Entity ID): {entity_id}",
            "Relying Party Trust > Identifiers: {entity_id}",
            "saml20-sp-remote.php: the key of the entry is {entity_id}",
        ),
    ),
    SamlCheck.TIME.value: Mend(
        "Set both clocks by NTP: a minute is forgiven. A document in a file is old: --at says when it came.",
        (
            "nothing to set: an hour, by a token lifetime policy up to a day",
            "nothing to set: five minutes",
            "Set-AdfsRelyingPartyTrust -TargetName NAME -NotBeforeSkew 1, -TokenLifetime 60",
            "saml20-sp-remote.php: 'assertion.lifetime' => 300",
        ),
    ),
    SamlCheck.STATEMENT.value: Mend(
        "Have the provider say that the person signed in (AuthnStatement), and send attributes unencrypted.",
    ),
    SamlCheck.SECOND_OPINION.value: Mend(
        "One SAML library takes what another refuses: tell us, with the document if it holds no secret (SECURITY.md)."
    ),
    CONNECTION: Mend("callgate sso enable {name}"),
    SWITCH: Mend("callgate sso policy ACCOUNT allowed, or enforced"),
    PERSON: Mend(
        "Give the person’s extension this address: callgate extensions update EXTENSION --email …; or have another "
        "attribute read: callgate sso update {name} --email-attribute …",
        (
            "Attributes & Claims: a claim with source attribute user.mail",
            "General > SAML Settings > Attribute Statements: user.email",
            "Claim Issuance Policy: Send LDAP Attributes as Claims, E-Mail-Addresses",
            "saml20-idp-hosted.php: 'authproc' that lets the attribute mail through",
        ),
    ),
    USE: Mend("Get a new one: each is good once."),
}
"""By the name of the check."""
