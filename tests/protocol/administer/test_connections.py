"""Connections and switches: what is made of a wish, and the line that says why not."""

from collections.abc import Callable

import pytest

from callgate.model.acts import Refused
from callgate.model.changes import AccountChanged
from callgate.model.connection import Connection, ConnectionSecret, SsoExemption, SsoPolicy
from callgate.model.decisions import Done
from callgate.model.sso import (
    ConnectionActFacts,
    ConnectionChanged,
    ConnectionCreated,
    ConnectionRemoved,
    SsoPolicyActFacts,
)
from callgate.protocol.administer import connections
from tests.factories import ACCOUNT, AGENT, NOW_MS, OIDC, SAML

NEW = ConnectionActFacts(NOW_MS, ACCOUNT, None, issuer_taken=False, name_taken=False, domains_taken=())
THE_ONE = NEW._replace(connection=SAML)
SECRET = ConnectionSecret(b"sealed")
POLICY = SsoPolicyActFacts(NOW_MS, ACCOUNT, (SAML,))


def create(connection: Connection = SAML, facts: ConnectionActFacts = NEW) -> Done | Refused:
    """A connection made by the command line."""
    return connections.create_connection(connection, SECRET, facts=facts, by="cli")


def change(
    edit: Callable[[Connection], Connection],
    facts: ConnectionActFacts = THE_ONE,
    *,
    secret: ConnectionSecret | None = None,
) -> Done | Refused:
    """A connection changed by the command line."""
    return connections.change_connection(edit, secret=secret, facts=facts, by="cli")


@pytest.mark.parametrize("connection", [SAML, OIDC, SAML._replace(certificates=("a", "b"), email_domains=())])
def test_connection_is_made(connection: Connection) -> None:
    """Of either kind."""
    assert create(connection) == Done((ConnectionCreated(connection, SECRET, "cli"),))


@pytest.mark.parametrize(
    ("connection", "facts", "problem"),
    [
        (SAML, NEW._replace(account=None), "there is no such account"),
        (SAML, NEW._replace(issuer_taken=True), "has a connection to https://idp.northwind.example/saml already"),
        (SAML, NEW._replace(name_taken=True), "has a connection Northwind IdP already"),
        (SAML, NEW._replace(domains_taken=("northwind.example",)), "northwind.example belongs to another connection"),
        (SAML._replace(name=""), NEW, "the connection's name must have"),
        (SAML._replace(issuer="x" * 1025), NEW, "the issuer must have"),
        (SAML._replace(email_attribute=" mail"), NEW, "the e-mail attribute must be one printable line"),
        (SAML._replace(certificates=()), NEW, "one or two certificates"),
        (SAML._replace(certificates=("a", "b", "c")), NEW, "one or two certificates"),
        (SAML._replace(certificates=("a", "a")), NEW, "the secondary certificate is the primary one"),
        (SAML._replace(email_domains=("no dots",)), NEW, "'no dots' is not a domain"),
        (SAML._replace(email_domains=tuple(f"d{n}.example" for n in range(51))), NEW, "at most 50 e-mail domains"),
        (OIDC._replace(client_id=""), NEW, "the client id must have"),
        (OIDC._replace(issuer="op"), NEW, "the issuer must be an https URL"),
        (OIDC._replace(token_url="ftp://op.example/t"), NEW, "the token endpoint must be an https URL"),
        (OIDC._replace(jwks_url="http://op.example/jwks"), NEW, "the JWK Set's address must be https"),
        (OIDC._replace(userinfo_url="javascript:x"), NEW, "the UserInfo endpoint must be an https URL"),
        (OIDC._replace(scopes=("email",)), NEW, "openid must be among the scopes"),
        (OIDC._replace(scopes=("openid", "a b")), NEW, "'a b' is not a scope"),
        (OIDC._replace(scopes=("openid", *(f"s{n}" for n in range(20)))), NEW, "at most 20 scopes"),
        (OIDC._replace(email_attribute="NameID"), NEW, "NameID is SAML's"),
        (OIDC._replace(certificates=("a",)), NEW, "has no certificates"),
        (OIDC._replace(signs_requests=True), NEW, "are not signed"),
        (OIDC._replace(allows_idp_initiated=True), NEW, "begins here"),
    ],
)
def test_connection_is_refused_when_it_cannot_be(
    connection: Connection, facts: ConnectionActFacts, problem: str
) -> None:
    """The line names what is wrong."""
    refused = create(connection, facts)
    assert isinstance(refused, Refused)
    assert problem in refused.problem


def test_openid_connect_takes_a_client_secret() -> None:
    """A provider's proof that we are we; SAML has a key of ours instead."""
    bare = ConnectionSecret(None)
    refused = connections.create_connection(OIDC, bare, facts=NEW, by="cli")
    assert isinstance(refused, Refused)
    assert "must have given a client secret" in refused.problem
    assert isinstance(connections.create_connection(SAML, bare, facts=NEW, by="cli"), Done)


@pytest.mark.parametrize("secret", ["", " padded ", "two\nlines", "straße", "x" * 513])
def test_client_secret_is_one_line_of_ascii(secret: str) -> None:
    """RFC 6749 appendix A.2; the problem does not repeat it."""
    problem = connections.client_secret_problem(secret)
    assert problem is not None
    assert secret == "" or secret not in problem
    assert connections.client_secret_problem("a secret: 100% + ours") is None


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "https://",
        "https://user@idp.example/sso",
        "https://idp.example/sso#x",
        "https://idp.example/s so",
        "https://idp.example/\nsso",
        "https://idp.example/ß",
        "https://idp.example.evil\\@x",
        "http://idp.example/sso",
        "http://127.0.0.1.evil.example/sso",
        "https://idp.example/" + "x" * 2048,
    ],
)
def test_browsers_are_sent_to_no_such_address(url: str) -> None:
    """GHSA-6rx5-m2rc-hmf7 and GHSA-pr34-2v5x-6qjq: `javascript:` in the address of a provider."""
    assert isinstance(create(SAML._replace(sso_url=url)), Refused)


@pytest.mark.parametrize(
    "url",
    ["https://idp.example", "https://idp.example:8443/sso?x=1&y=%20", "http://127.0.0.1:4991/sso", "http://[::1]/sso"],
)
def test_browsers_are_sent_to_https_and_to_this_machine(url: str) -> None:
    """Http is for tests and trials."""
    assert isinstance(create(SAML._replace(sso_url=url)), Done)


def test_new_certificate_signs_nobody_out() -> None:
    """The trust stays, so sessions stand; proofs under way are made again, for the version differs."""
    after = SAML._replace(certificates=("MIInew", "MIIprimary"), version=2)
    assert change(lambda c: c._replace(certificates=("MIInew", "MIIprimary"))) == Done(
        (ConnectionChanged(SAML, after, None, "cli"),)
    )


@pytest.mark.parametrize(
    "edit",
    [
        lambda c: connections.able(c, enabled=False),
        lambda c: c._replace(issuer="https://other.example/saml"),
        lambda c: c._replace(client_id="another"),
    ],
)
def test_trust_is_withdrawn_when_the_provider_is_off_or_another(edit: Callable[[Connection], Connection]) -> None:
    """CVE-2026-2603: what a disabled provider vouched for is over, and enabling it again revives nothing."""
    decision = change(edit)
    assert decision == Done((ConnectionChanged(SAML, edit(SAML)._replace(trust_version=2, version=2), None, "cli"),))
    off = SAML._replace(enabled=False, trust_version=2, version=2)
    on = change(lambda c: connections.able(c, enabled=True), THE_ONE._replace(connection=off))
    assert on == Done((ConnectionChanged(off, off._replace(enabled=True, version=3), None, "cli"),))


def test_nothing_is_written_when_nothing_changes() -> None:
    """But a new secret is a change."""
    assert change(lambda c: c) == Done()
    secret = ConnectionSecret(b"sealed")
    assert change(lambda c: c, secret=secret) == Done(
        (ConnectionChanged(SAML, SAML._replace(version=2), secret, "cli"),)
    )


def test_what_is_not_there_is_neither_changed_nor_removed() -> None:
    """And an edit is checked as a new one is."""
    assert change(lambda c: c, NEW) == Refused("there is no such connection")
    assert isinstance(change(lambda c: c._replace(name="")), Refused)
    assert connections.remove_connection(facts=NEW, by="cli") == Refused("there is no such connection")
    assert connections.remove_connection(facts=THE_ONE, by="cli") == Done((ConnectionRemoved(SAML, "cli"),))


@pytest.mark.parametrize("policy", [SsoPolicy.ALLOWED, SsoPolicy.ENFORCED])
def test_switch_is_set(policy: SsoPolicy) -> None:
    """protocol.md H: beside passwords, or instead of them."""
    after = ACCOUNT._replace(sso_policy=policy, version=2)
    assert connections.set_policy(policy, facts=POLICY, by="cli") == Done((AccountChanged(ACCOUNT, after, "cli"),))
    assert connections.set_policy(SsoPolicy.OFF, facts=POLICY, by="cli") == Done()


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        (POLICY._replace(account=None), "no such account"),
        (POLICY._replace(connections=()), "nobody could sign in"),
        (POLICY._replace(connections=(SAML._replace(enabled=False),)), "nobody could sign in"),
    ],
)
def test_nothing_is_enforced_that_nobody_could_follow(facts: SsoPolicyActFacts, problem: str) -> None:
    """An administrator does not lock a company out by one word."""
    refused = connections.set_policy(SsoPolicy.ENFORCED, facts=facts, by="cli")
    assert isinstance(refused, Refused)
    assert problem in refused.problem


def test_account_is_locked_out_when_its_last_connection_is_off() -> None:
    """Which is allowed, for the provider may be in wrong hands; and said."""
    enforced = ACCOUNT._replace(sso_policy=SsoPolicy.ENFORCED)
    assert connections.locked_out(enforced, (SAML._replace(enabled=False),))
    assert not connections.locked_out(enforced, (SAML,))
    assert not connections.locked_out(ACCOUNT, ())


def test_person_has_a_switch_of_their_own() -> None:
    """Seed 000: to switch single sign-on for a particular extension."""
    assert connections.exempted(AGENT, SsoExemption.EXEMPT).sso_exemption is SsoExemption.EXEMPT
