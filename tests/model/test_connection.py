from callgate.model.connection import ConnectionSecret, connection_meant, our_addresses
from tests.factories import SAML


def test_first_certificate_is_the_primary_one() -> None:
    """protocol.md H: a primary and a secondary certificate, so that a provider can roll over."""
    assert (SAML.primary_certificate, SAML.secondary_certificate) == ("MIIprimary", None)
    both = SAML._replace(certificates=("MIIprimary", "MIIsecondary"))
    assert (both.primary_certificate, both.secondary_certificate) == ("MIIprimary", "MIIsecondary")
    assert SAML._replace(certificates=()).primary_certificate is None


def test_each_connection_has_addresses_of_its_own() -> None:
    """An answer meant for one company's connection names it, and fits no other."""
    ours = our_addresses("https://gate.example", SAML.id)
    assert ours.entity_id == "https://gate.example/restapi/oauth/sso/1500/metadata"
    assert ours.acs_url == "https://gate.example/restapi/oauth/sso/1500/acs"
    assert ours.callback_url == "https://gate.example/restapi/oauth/sso/1500/callback"
    assert ours.start_url == "https://gate.example/restapi/oauth/sso/1500/start"


def test_repr_tells_no_secret() -> None:
    """Reprs end up in logs and tracebacks (assurance P11)."""
    assert "hunter2" not in repr(ConnectionSecret(b"hunter2"))


def test_connection_is_recognised_by_our_name_for_it_and_by_no_other() -> None:
    """An assertion's audience leads to the connection it was made for."""
    ours = our_addresses("https://gate.example", SAML.id).entity_id
    assert connection_meant("https://gate.example", ours) == SAML.id
    others = ("", ours[:-1], f"{ours}/", ours.replace("gate", "other"), ours.replace("/metadata", "/acs"))
    padded = ours.replace(str(SAML.id), f"0{SAML.id}")
    numbers = (ours.replace(str(SAML.id), "9" * 19), ours.replace(str(SAML.id), "٣"), padded)
    assert [connection_meant("https://gate.example", each) for each in (*others, *numbers)] == [None] * 8
