"""Outside issuers: which trusts are possible at all, and what acts on them write."""

import pytest

from callgate.model.account import Extension, ExtensionStatus, Role
from callgate.model.acts import Refused
from callgate.model.changes import IssuerTrusted, TrustChanged, TrustRevoked
from callgate.model.client import AuthMethod
from callgate.model.decisions import Done
from callgate.model.issuer import Condition, TrustActFacts, TrustedIssuer
from callgate.protocol.administer.issuers import (
    CONDITIONS_MAX,
    TRUSTS_MAX,
    change_trust,
    read_condition,
    revoke_trust,
    trust_issuer,
)
from tests.factories import ACCOUNT, AGENT, NOW_MS, OTHER_ACCOUNT, ROLE, SCRIPT, SERVICE, SERVICE_EXTENSION, TRUST

OWN = "https://gate.example"
FACTS = TrustActFacts(
    now_ms=NOW_MS,
    account=ACCOUNT,
    client=SCRIPT,
    role=ROLE,
    extension=SERVICE_EXTENSION,
    trust=TRUST,
    name_taken=False,
    beside=0,
    shared=False,
)
PROVES = TRUST._replace(extension_id=None)
FEDERATED = SCRIPT._replace(auth_method=AuthMethod.FEDERATED_JWT)


def attempt(
    trust: TrustedIssuer = TRUST, facts: TrustActFacts = FACTS, *, service: Extension | None = None
) -> Done | Refused:
    """Trusting, by the command line."""
    return trust_issuer(trust, service, own_issuer=OWN, facts=facts, by="cli")


def test_issuer_is_trusted_for_a_service_extension() -> None:
    """One that is there, or one made with the trust."""
    assert attempt() == Done((IssuerTrusted(TRUST, None, "cli"),))
    made = attempt(service=SERVICE_EXTENSION, facts=FACTS._replace(extension=None))
    assert made == Done((IssuerTrusted(TRUST, SERVICE_EXTENSION, "cli"),))


def test_issuer_is_trusted_to_prove_an_app_that_has_nothing_else() -> None:
    """No grant is asked for: the app may use any of its own."""
    facts = FACTS._replace(client=FEDERATED._replace(grants=SERVICE.grants), role=None, extension=None)
    assert attempt(PROVES, facts) == Done((IssuerTrusted(PROVES, None, "cli"),))


def conditions(*texts: str) -> tuple[Condition, ...]:
    """Conditions as typed."""
    read = [read_condition(text) for text in texts]
    assert all(isinstance(each, Condition) for each in read)
    return tuple(each for each in read if isinstance(each, Condition))


MANY = conditions(*(f"claim{number}=x" for number in range(CONDITIONS_MAX + 1)))


@pytest.mark.parametrize(
    ("trust", "problem"),
    [
        (TRUST._replace(name=""), "the trust's name must have 1 to 64 characters"),
        (TRUST._replace(issuer=""), "the issuer must have 1 to 512 characters"),
        (TRUST._replace(issuer="https://ci.example\n"), "the issuer must be one printable line"),
        (TRUST._replace(issuer=OWN), "this server is no outside issuer"),
        (TRUST._replace(audience="x" * 513), "the audience must have 1 to 512 characters"),
        (TRUST._replace(jwks="{}"), "give the issuer's keys in one way"),
        (TRUST._replace(jwks_url=None), "give the issuer's keys in one way"),
        (TRUST._replace(life_max_s=59), "the longest life of a token must be 60 to 86400 seconds"),
        (TRUST._replace(life_max_s=86_401), "the longest life of a token must be 60 to 86400 seconds"),
        (TRUST._replace(conditions=()), "name 1 to 10 conditions"),
        (TRUST._replace(conditions=MANY), "name 1 to 10 conditions"),
        (TRUST._replace(conditions=conditions("a=x", "a=x")), "a condition is named twice"),
        (TRUST._replace(conditions=conditions("sub=**", "repository=*/app")), "every condition begins with a star"),
    ],
)
def test_trust_is_refused_when_it_could_let_in_anybody(trust: TrustedIssuer, problem: str) -> None:
    """Each in one line that names the mend; also as a change."""
    refused = attempt(trust)
    assert isinstance(refused, Refused)
    assert refused.problem.startswith(problem)
    assert change_trust(lambda _: trust, own_issuer=OWN, facts=FACTS, by="cli") == refused


@pytest.mark.parametrize(
    ("trust", "facts", "problem"),
    [
        (TRUST, FACTS._replace(client=None), "there is no such app"),
        (TRUST, FACTS._replace(account=None), "there is no such account"),
        (TRUST, FACTS._replace(name_taken=True), "the account has a trust Deployments already"),
        (TRUST, FACTS._replace(beside=TRUSTS_MAX), "an app may trust one issuer 20 times at most"),
        (TRUST, FACTS._replace(client=SERVICE), "Archive is not registered for the grant: callgate apps update"),
        (TRUST, FACTS._replace(extension=None), "there is no such service extension"),
        (TRUST, FACTS._replace(extension=AGENT), "there is no such service extension"),
        (
            TRUST,
            FACTS._replace(extension=SERVICE_EXTENSION._replace(account_id=OTHER_ACCOUNT.id)),
            "there is no such service extension",
        ),
        (
            TRUST,
            FACTS._replace(extension=SERVICE_EXTENSION._replace(status=ExtensionStatus.DISABLED)),
            "the service extension 1900 is Disabled",
        ),
        (
            TRUST,
            FACTS._replace(client=SCRIPT._replace(account_id=OTHER_ACCOUNT.id)),
            "the app is private to account 2002",
        ),
        (
            TRUST,
            FACTS._replace(client=SCRIPT._replace(account_id=OTHER_ACCOUNT.id, private=False), role=None),
            "the role lacks ThirdPartyAppAccess",
        ),
        (PROVES, FACTS, "Script proves itself otherwise: callgate apps update"),
        (
            PROVES,
            FACTS._replace(client=FEDERATED._replace(account_id=OTHER_ACCOUNT.id)),
            "only the account that owns an app can say what proves it",
        ),
    ],
)
def test_trust_is_refused_when_it_would_be_worth_nothing(
    trust: TrustedIssuer, facts: TrustActFacts, problem: str
) -> None:
    """And when it would be worth too much: another account's word does not make somebody the app."""
    refused = attempt(trust, facts)
    assert isinstance(refused, Refused)
    assert refused.problem.startswith(problem)


@pytest.mark.parametrize("role", [None, ROLE._replace(account_id=OTHER_ACCOUNT.id)])
def test_trust_is_refused_when_its_extension_would_have_another_accounts_role(role: Role | None) -> None:
    """A role of this account, or a predefined one."""
    refused = attempt(service=SERVICE_EXTENSION, facts=FACTS._replace(role=role))
    assert refused == Refused("there is no such role in this account")
    predefined = FACTS._replace(role=ROLE._replace(account_id=None))
    assert isinstance(attempt(service=SERVICE_EXTENSION, facts=predefined), Done)


def test_change_is_written_with_the_next_version_and_not_when_nothing_changed() -> None:
    """What the former terms let in is over by comparison."""
    wider = TRUST._replace(conditions=conditions("repository=acme/*"))
    changed = change_trust(lambda _: wider, own_issuer=OWN, facts=FACTS, by="cli")
    assert changed == Done((TrustChanged(TRUST, wider._replace(version=7), "cli"),))
    assert change_trust(lambda trust: trust, own_issuer=OWN, facts=FACTS, by="cli") == Done()
    gone = change_trust(lambda _: wider, own_issuer=OWN, facts=FACTS._replace(trust=None), by="cli")
    assert gone == Refused("there is no such trust")


def test_extension_is_disabled_with_its_trust_when_nothing_else_stands_on_it() -> None:
    """One that proves an app has none."""
    assert revoke_trust(facts=FACTS, by="cli") == Done((TrustRevoked(TRUST, disables=True, by="cli"),))
    shared = FACTS._replace(shared=True)
    assert revoke_trust(facts=shared, by="cli") == Done((TrustRevoked(TRUST, disables=False, by="cli"),))
    proves = FACTS._replace(trust=PROVES)
    assert revoke_trust(facts=proves, by="cli") == Done((TrustRevoked(PROVES, disables=False, by="cli"),))
    assert revoke_trust(facts=FACTS._replace(trust=None), by="cli") == Refused("there is no such trust")


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("repository=acme/app", Condition("repository", "acme/app")),
        ("sub=repo:acme/app:environment:Prod env", Condition("sub", "repo:acme/app:environment:Prod env")),
        ("kubernetes.io/namespace=jobs", Condition("kubernetes.io/namespace", "jobs")),
        ("query=a=b", Condition("query", "a=b")),
        ("sub=a*b**", Condition("sub", "a*b**")),
    ],
)
def test_condition_is_read_as_typed(text: str, condition: Condition) -> None:
    """The first equals sign parts claim and pattern; it is shown again as it was typed."""
    assert read_condition(text) == condition
    assert str(condition) == text


@pytest.mark.parametrize(
    "text", ["repository", "=acme", "a b=c", "sub=", "sub=a\nb", "sub=" + "x" * 513, "sub=*****", "sub=a***b", "é=x"]
)
def test_condition_is_refused_when_it_has_no_possible_form(text: str) -> None:
    """In one line."""
    assert isinstance(read_condition(text), Refused)
