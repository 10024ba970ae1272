"""Single sign-on set up from the command line: providers, certificates, switches, and what is refused."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256

from tests.admin.shell import Shell
from tests.crypto.saml.signer import identity

FIRST, SECOND, THIRD = (identity(f"{name}.example") for name in ("first", "second", "third"))
PROVIDER = ("--issuer", "https://idp.example/saml", "--sso-url", "https://idp.example/sso")


@pytest.fixture
def company(shell: Shell) -> Shell:
    """A shell with the account Alder, Ann in it, and three certificates in files."""
    shell.give("accounts", "create", "--name", "Alder", "--main-number", "+12025550100")
    shell.give("extensions", "create", "--account", "Alder", "--first-name", "Ann", "--email", "ann@x.example")
    for number, pair in enumerate((FIRST, SECOND, THIRD), 1):
        (shell.folder / f"{number}.pem").write_bytes(pair.pem)
    return shell


def connect(shell: Shell, *more: str, name: str = "Okta") -> dict[str, object]:
    """A connection as shown when it was made."""
    made: dict[str, object] = shell.give(
        "sso", "connect-saml", "Alder", "--name", name, *PROVIDER, "--certificate", "1.pem", *more
    )
    return made


def fingerprints(shown: dict[str, object]) -> tuple[str, str]:
    """The ends of both certificates' fingerprints as shown."""
    return tuple(str(shown[which])[-8:] for which in ("primary_certificate", "secondary_certificate"))  # type: ignore[return-value] # two of them


def end_of(pair_pem: Path) -> str:
    """What `fingerprints` gives for a file."""
    pair = (FIRST, SECOND, THIRD)[int(pair_pem.stem) - 1]
    return pair.certificate.fingerprint(SHA256()).hex()[-8:]


def test_provider_is_connected_shown_changed_and_removed(company: Shell) -> None:
    """Protocol.md H: what an administrator enters, and what the provider must be told."""
    made = connect(company, "--email-domain", "@X.example", "--email-attribute", "mail")
    assert (made["kind"], made["enabled"], made["signed_requests"], made["idp_initiated"]) == (
        "SAML",
        True,
        True,
        False,
    )
    assert (made["email_domains"], made["email_attribute"]) == (["x.example"], "mail")
    ours = f"http://127.0.0.1:8080/restapi/oauth/sso/{made['id']}"
    assert (made["our_entity_id"], made["our_acs_url"]) == (f"{ours}/metadata", f"{ours}/acs")
    assert company.give("sso", "show", "Okta") == made == company.give("sso", "show", str(made["id"]))
    [listed] = company.give("sso", "list", "--account", "Alder")
    assert listed["name"] == "Okta"
    changed = company.give(
        *("sso", "update", "Okta", "--name", "Entra", "--email-domain", "y.example", "--remove-email-domain"),
        *("x.example", "--idp-initiated", "--unsigned-requests", "--sso-url", "https://idp.example/other"),
    )
    assert changed == made | {
        "name": "Entra",
        "email_domains": ["y.example"],
        "idp_initiated": True,
        "signed_requests": False,
        "sso_url": "https://idp.example/other",
    }
    assert company.give("sso", "disable", "Entra", "--yes")["enabled"] is False
    assert company.give("sso", "enable", "Entra")["enabled"] is True
    assert company.give("sso", "remove", "Entra", "--yes")["id"] == made["id"]
    assert company.give("sso", "list") == []


def test_certificates_roll_over_without_a_gap(company: Shell) -> None:
    """Add the new one beside, let the provider change, promote it, drop the old one."""
    first, second, third = (end_of(Path(f"{number}.pem")) for number in (1, 2, 3))
    made = connect(company)
    assert (fingerprints(made)[0], made["secondary_certificate"]) == (first, None)
    both = company.give("sso", "certificates", "Okta", "--secondary", "2.pem")
    assert fingerprints(both) == (first, second)
    assert fingerprints(company.give("sso", "certificates", "Okta", "--promote")) == (second, first)
    alone = company.give("sso", "certificates", "Okta", "--remove-secondary")
    assert (fingerprints(alone)[0], alone["secondary_certificate"]) == (second, None)
    assert fingerprints(company.give("sso", "certificates", "Okta", "--primary", "3.pem"))[0] == third
    assert "no secondary certificate" in company.refuse("sso", "certificates", "Okta", "--promote")
    contrary = ("sso", "certificates", "Okta", "--secondary", "1.pem", "--remove-secondary")
    assert "not both" in company.refuse(*contrary)


def test_switches_are_set_and_shown(company: Shell) -> None:
    """Account: off, allowed, enforced. Person: exempt, enforced, as the account."""
    assert "nobody could sign in" in company.refuse("sso", "policy", "Alder", "enforced")
    connect(company)
    assert company.give("sso", "policy", "Alder", "enforced")["sso_policy"] == "enforced"
    assert company.give("accounts", "show", "Alder")["sso_policy"] == "enforced"
    for command, exemption in (("exempt", "exempt"), ("enforce", "enforced"), ("follow", "default")):
        assert company.give("sso", command, "ann@x.example")["sso_exemption"] == exemption
        assert company.give("extensions", "show", "ann@x.example")["sso_exemption"] == exemption
    warned = company.run("sso", "disable", "Okta", "--yes")
    assert (warned.code, "nobody of this account can sign in" in warned.err) == (0, True)
    company.give("sso", "policy", "Alder", "off")
    assert "nobody" not in company.run("sso", "enable", "Okta").err


def test_what_cannot_be_is_refused(company: Shell) -> None:
    """One line says what to change."""
    connect(company, "--email-domain", "x.example")
    again = ("sso", "connect-saml", "Alder", "--name", "Two", "--certificate", "2.pem")
    assert "a connection to https://idp.example/saml already" in company.refuse(*again, *PROVIDER)
    other = ("--issuer", "https://two.example", "--sso-url", "https://two.example/sso")
    assert "x.example belongs to another" in company.refuse(*again, *other, "--email-domain", "x.example")
    assert "must be https" in company.refuse(*again, "--issuer", "x", "--sso-url", "http://two.example/sso")
    (company.folder / "no.pem").write_bytes(b"nothing")
    broken = ("sso", "connect-saml", "Alder", "--name", "Two", *other, "--certificate", "no.pem")
    assert "no X.509 certificate" in company.refuse(*broken)
    assert "there is no connection 'Three'" in company.refuse("sso", "show", "Three")
    assert "Say --yes" in company.refuse("sso", "remove", "Okta")


def test_connections_of_one_name_are_told_apart_by_id(company: Shell) -> None:
    """Two companies may both call theirs Okta."""
    company.give("accounts", "create", "--name", "Birch", "--main-number", "+12025550200")
    connect(company)
    company.give("sso", "connect-saml", "Birch", "--name", "Okta", *PROVIDER, "--certificate", "1.pem")
    assert "more than one connection" in company.refuse("sso", "show", "Okta")


def metadata(*, issuer: str = "https://meta.example/saml", certificates: tuple[str, ...] = ()) -> str:
    """What a provider's administrator downloads."""
    keys = "".join(
        f"<md:KeyDescriptor><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{each}</ds:X509Certificate></ds:X509Data>"
        "</ds:KeyInfo></md:KeyDescriptor>"
        for each in certificates or (FIRST.der,)
    )
    return (
        f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{issuer}" '
        'xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><md:IDPSSODescriptor '
        f'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">{keys}<md:SingleSignOnService '
        'Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://meta.example/sso"/>'
        "</md:IDPSSODescriptor></md:EntityDescriptor>"
    )


def test_provider_is_connected_and_brought_up_to_date_by_its_metadata(company: Shell) -> None:
    """Issuer, address and both certificates at once; ours are written for the provider."""
    (company.folder / "idp.xml").write_text(metadata())
    made = company.give("sso", "connect-saml", "Alder", "--name", "Okta", "--metadata", "idp.xml")
    assert (made["issuer"], made["sso_url"]) == ("https://meta.example/saml", "https://meta.example/sso")
    (company.folder / "idp.xml").write_text(metadata(certificates=(SECOND.der, FIRST.der)))
    changed = company.give("sso", "update", "Okta", "--metadata", "idp.xml")
    assert fingerprints(changed) == (end_of(Path("2.pem")), end_of(Path("1.pem")))
    company.give("sso", "sp-metadata", "Okta", "--output", "sp.xml")
    before = (company.folder / "sp.xml").read_text()
    assert str(made["our_acs_url"]) in before
    company.give("sso", "new-signing-key", "Okta")
    company.give("sso", "sp-metadata", "Okta", "--output", "sp.xml")
    after = (company.folder / "sp.xml").read_text()
    assert after != before
    assert company.run("sso", "sp-metadata", "Okta").out == f"{after.rstrip()}\n"
    assert company.give("sso", "sp-metadata", "Okta") == {"metadata": after}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ((), "say --metadata, or all of --issuer, --sso-url and --certificate"),
        (("--metadata", "idp.xml", "--issuer", "https://x.example"), "say --metadata alone"),
        (("--metadata", "1.pem"), "the metadata cannot be used"),
        (("--metadata", "three.xml"), "has 3 certificates to sign with"),
        (("--metadata", "weak.xml"), "a certificate of the metadata cannot be used"),
        (("--metadata", "https://127.0.0.1/idp"), "has an address that is not public"),
        (("--metadata", "http://idp.example/idp"), "it is not https"),
    ],
)
def test_metadata_is_refused_when_it_cannot_be_used(company: Shell, options: tuple[str, ...], problem: str) -> None:
    """assurance.md S25: what an administrator pastes does not make the server knock inside."""
    (company.folder / "idp.xml").write_text(metadata())
    (company.folder / "three.xml").write_text(metadata(certificates=(FIRST.der, SECOND.der, THIRD.der)))
    (company.folder / "weak.xml").write_text(metadata(certificates=(identity("short", bits=1024).der,)))
    assert problem in company.refuse("sso", "connect-saml", "Alder", "--name", "Okta", *options)


def test_what_proves_us_is_wrapped_anew(company: Shell) -> None:
    """A change of the key-encryption key reaches the keys of connections too."""
    connect(company)
    keys = len(company.give("keys", "list"))
    company.give("keys", "new-kek")
    assert company.give("keys", "rewrap")["wrapped"] == keys + 1
    assert company.give("keys", "rewrap")["wrapped"] == 0
    assert company.give("keys", "drop-old-keks", "--yes")["dropped"] == 1
    company.give("sso", "new-signing-key", "Okta")
