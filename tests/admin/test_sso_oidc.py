"""OpenID Connect providers set up from the command line: found by their issuer, changed, and what is refused."""

from collections.abc import Iterator

import pytest

from tests.admin.shell import Shell
from tests.hostile_provider import HostileProvider, lying

SECRET = "what the provider gave"


@pytest.fixture(scope="module")
def provider() -> Iterator[HostileProvider]:
    """A provider that can be found."""
    with lying(authorization_response_iss_parameter_supported=True) as up:
        yield up


@pytest.fixture
def company(shell: Shell) -> Shell:
    """A shell with the account Alder, which may ask this machine."""
    settings = shell.folder / "callgate.toml"
    settings.write_text(settings.read_text() + "[fetch]\nloopback = true\n")
    shell.give("accounts", "create", "--name", "Alder", "--main-number", "+12025550100")
    (shell.folder / "secret").write_text(f"{SECRET}\nand a note\n")
    return shell


def connecting(issuer: str, *more: str, name: str = "Company") -> tuple[str, ...]:
    """The words that connect."""
    words = ("sso", "connect-oidc", "Alder", "--name", name, "--issuer", issuer, "--client-id", "callgate")
    return (*words, *(more or ("--client-secret-file", "secret")))


def test_provider_is_found_by_its_issuer_shown_changed_and_removed(company: Shell, provider: HostileProvider) -> None:
    """What an administrator enters, what discovery adds, and what the provider must be told."""
    here = provider.issuer
    domain = ("--email-domain", "x.example", "--client-secret-file", "secret")
    made = company.give(*connecting(here, *domain))
    ours = f"http://127.0.0.1:8080/restapi/oauth/sso/{made['id']}"
    assert {name: value for name, value in made.items() if name not in {"id", "account_id"}} == {
        "kind": "OIDC",
        "name": "Company",
        "enabled": True,
        "issuer": here,
        "sso_url": f"{here}/authorize",
        "token_url": f"{here}/token",
        "userinfo_url": f"{here}/me",
        "jwks_url": f"{here}/jwks",
        "client_id": "callgate",
        "client_auth": "client_secret_basic",
        "scopes": ["openid", "email"],
        "claim": "email",
        "unverified_email": False,
        "email_domains": ["x.example"],
        "announces_iss": True,
        "our_callback_url": f"{ours}/callback",
        "our_start_url": f"{ours}/start",
    }
    assert company.give("sso", "show", "Company") == made
    changed = company.give(
        *("sso", "update-oidc", "Company", "--client-id", "another", "--client-secret-stdin", "--claim", "upn"),
        *("--scope", "openid", "--scope", "profile", "--unverified-email"),
        stdin="a newer one\n",
    )
    assert changed == made | {
        "client_id": "another",
        "claim": "upn",
        "scopes": ["openid", "profile"],
        "unverified_email": True,
    }
    assert company.give("sso", "update", "Company", "--name", "Other")["name"] == "Other"
    assert company.give("sso", "remove", "Other", "--yes")["id"] == made["id"]
    printed = "".join(company.printed)
    assert SECRET not in printed
    assert "a newer one" not in printed
    database = b"".join(file.read_bytes() for file in company.folder.glob("callgate.db*"))
    assert SECRET.encode() not in database
    assert b"a newer one" not in database


def test_moved_endpoints_are_discovered_anew(company: Shell) -> None:
    """A provider that moves its endpoints or its way of proof says so in its document."""
    with lying() as provider:
        made = company.give(*connecting(provider.issuer))
        document = provider.documents["/.well-known/openid-configuration"]
        assert isinstance(document, dict)
        document |= {
            "token_endpoint": f"{provider.issuer}/token2",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }
        assert company.give("sso", "update-oidc", "Company", "--claim", "email") == made
        changed = company.give("sso", "update-oidc", "Company", "--discover")
        assert changed == made | {"token_url": f"{provider.issuer}/token2", "client_auth": "client_secret_post"}


def test_what_cannot_be_is_refused(company: Shell, provider: HostileProvider) -> None:
    """One line says what to change."""
    here = provider.issuer
    company.give(*connecting(here))
    assert f"a connection to {here} already" in company.refuse(*connecting(here, name="Two"))
    assert "the issuer" in company.refuse(*connecting(f"{here}/", name="Two"))
    assert "nothing was fetched" in company.refuse(*connecting("https://10.0.0.1", name="Two"))
    none = ("--claim", "email")
    assert "say --client-secret-file or" in company.refuse(*connecting(here, *none, name="Two"))
    both = ("--client-secret-file", "secret", "--client-secret-stdin")
    assert "not both" in company.refuse(*connecting(here, *both, name="Two"))
    for bad in ("", " padded", "x" * 600):
        assert "a client secret is" in company.refuse(*connecting(here, "--client-secret-stdin", name="Two"), stdin=bad)
    assert "a client secret is" in company.refuse("sso", "update-oidc", "Company", "--client-secret-stdin", stdin="ä")
    assert "openid must be" in company.refuse("sso", "update-oidc", "Company", "--scope", "email")


def test_words_of_the_other_protocol_are_refused(company: Shell, provider: HostileProvider) -> None:
    """And the command that fits is named."""
    company.give(*connecting(provider.issuer))
    for words, problem in (
        (("update", "--issuer", "https://x.example"), "update-oidc"),
        (("update", "--idp-initiated"), "our_start_url"),
        (("update", "--signed-requests"), "not signed"),
        (("sp-metadata", "--output", "sp.xml"), "our_callback_url"),
        (("new-signing-key",), "no key of ours"),
    ):
        assert problem in company.refuse("sso", words[0], "Company", *words[1:])


def test_provider_without_usable_keys_is_refused(company: Shell) -> None:
    """A mistake in the keys is found when it is connected, not by the first person."""
    with lying() as provider:
        provider.documents["/jwks"] = {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}
        assert "cannot be used: a key is symmetric" in company.refuse(*connecting(provider.issuer))
        del provider.documents["/jwks"]
        assert "was not fetched" in company.refuse(*connecting(provider.issuer))
