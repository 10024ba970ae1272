"""PyPI Authlib: the requests client, by code with PKCE, refresh, revocation, and client credentials."""

from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session

from tests.clients.py.flows import CALL_LOG, REDIRECT_URI, ask, base_url, report, terms, visit, world

AUTHORIZE, TOKEN, REVOKE = (f"{base_url}/restapi/oauth/{name}" for name in ("authorize", "token", "revoke"))


def by_code(app: str) -> dict[str, object]:
    """A person at a browser; a public app sends no secret."""
    client = world["apps"][app]
    session = OAuth2Session(
        client["client_id"],
        client["client_secret"],
        scope="ReadAccounts ReadCallLog",
        redirect_uri=REDIRECT_URI,
        code_challenge_method="S256",
        token_endpoint_auth_method=None if client["client_secret"] else "none",
        revocation_endpoint_auth_method=None if client["client_secret"] else "none",
    )
    verifier = generate_token(48)
    url, state = session.create_authorization_url(AUTHORIZE, code_verifier=verifier)
    back = visit(url)
    granted = dict(session.fetch_token(TOKEN, authorization_response=back, state=state, code_verifier=verifier))
    api = session.get(f"{base_url}{CALL_LOG}").status_code
    refreshed = session.refresh_token(TOKEN)
    # The stubs leave this one method untyped.
    revoked = session.revoke_token(REVOKE, token=refreshed["refresh_token"])  # type: ignore[no-untyped-call]
    return {
        "granted": terms(granted),
        "api": api,
        "refreshed": terms(refreshed),
        "revocation": revoked.status_code,
        "revoked": ask(CALL_LOG, refreshed["access_token"]),
    }


def by_client_credentials() -> dict[str, object]:
    """A service without a person."""
    client = world["apps"]["service"]
    session = OAuth2Session(client["client_id"], client["client_secret"])
    granted = session.fetch_token(TOKEN, grant_type="client_credentials")
    return {"granted": terms(granted), "api": session.get(f"{base_url}{CALL_LOG}").status_code}


report(
    {
        "code_pkce": lambda: by_code("web"),
        "code_pkce_public": lambda: by_code("spa"),
        "client_credentials": by_client_credentials,
    }
)
