"""OpenID Connect's side of single sign-on: what we ask a provider, its code redeemed, and the proof its ID token is.

Every request to the provider goes by the guarded fetcher and has five seconds; what it gave is kept nowhere.
"""

from base64 import b64encode
from functools import partial
from urllib.parse import quote_plus, urlencode

from callgate.crypto.outside_token import (
    OutsideToken,
    access_token_hash,
    has_key,
    is_signed_by,
    read_upstream_id_token,
)
from callgate.crypto.secrets import mint_code_verifier, mint_endpoint_id, open_connection_secret
from callgate.crypto.strict_json import parse_object
from callgate.model import sso_faults
from callgate.model.connection import ClientAuth, Connection, ConnectionSecret, our_addresses
from callgate.model.decisions import Denied
from callgate.model.evidence import IdentityProven
from callgate.model.fetch import Fetched, NotFetched
from callgate.protocol.guards import connection_reliance
from callgate.protocol.oidc import (
    Claims,
    Tokens,
    Trip,
    judge_id_token,
    judge_tokens,
    judge_userinfo,
    read_person,
    request_url,
)
from callgate.service.browser import FORM_STATE_MS
from callgate.service.context import Context
from callgate.service.key_sets import NoKeys


def begin(context: Context, handle: str) -> Trip:
    """What is new with each request: the handle is the state, the rest is drawn."""
    return Trip(handle, mint_endpoint_id(context.entropy), mint_code_verifier(context.entropy))


def ask(context: Context, connection: Connection, trip: Trip, *, anew: bool) -> str:
    """Where the browser goes to be signed in."""
    return request_url(connection, trip, redirect_uri=_callback_url(context, connection), anew=anew)


async def redeem(
    context: Context, connection: Connection, secret: ConnectionSecret | None, *, code: str, verifier: str
) -> Tokens | Denied:
    """What the provider gives for a code (OpenID Connect Core section 3.1.3). Raises Unavailable."""
    sealed = secret and secret.sealed_client_secret
    if not sealed:
        return Denied(fault=sso_faults.SSO_CLIENT_REFUSED, why=f"connection {connection.id} has no client secret")
    given = context.keeper.unwrap(lambda kek: open_connection_secret(kek, sealed, connection_id=connection.id))
    ours = (connection.client_id, given)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": _callback_url(context, connection),
        "code_verifier": verifier,
    }
    basic = connection.client_auth is ClientAuth.BASIC
    if not basic:
        form |= dict(zip(("client_id", "client_secret"), ours, strict=True))
    proof = _basic(*ours) if basic else None
    post = partial(context.fetcher.post, connection.token_url, urlencode(form).encode(), authorization=proof)
    answer = await context.errands.run(connection.id, post, url=connection.token_url)
    if isinstance(answer, NotFetched):
        return _unreachable(f"the token endpoint {connection.token_url}: {answer}")
    return judge_tokens(answer.status, parse_object(answer.body))


async def prove(context: Context, connection: Connection, *, tokens: Tokens, trip: Trip) -> IdentityProven | Denied:
    """Whom the tokens vouch for. The trip is what is spent: an answer to it is good once. Raises Unavailable."""
    token = read_upstream_id_token(tokens.id_token)
    if token is None:
        return _refused("the ID token is none we read: RS256, PS256, ES256 or EdDSA, of at most 8,192 characters")
    refused = await _refuse_signature(context, connection, token=token)
    if refused:
        return refused
    now_ms = context.clock.now_ms()
    at_hash = access_token_hash(tokens.access_token, alg=token.alg) if tokens.access_token else None
    wrong = judge_id_token(connection, token.claims, nonce=trip.nonce, at_hash=at_hash, now_ms=now_ms)
    if wrong:
        return wrong
    claims = await _claims(context, connection, tokens=tokens, token=token)
    email = claims if isinstance(claims, Denied) else read_person(connection, claims)
    if isinstance(email, Denied):
        return email
    return IdentityProven(
        connection_id=connection.id,
        email=email,
        assertion_id=trip.state,
        expires_ms=now_ms + FORM_STATE_MS,
        relied_on=connection_reliance(connection),
    )


async def _refuse_signature(context: Context, connection: Connection, *, token: OutsideToken) -> Denied | None:
    keys = await context.key_sets.get(connection.jwks_url, wanted=partial(has_key, token))
    if isinstance(keys, NoKeys):
        return _unreachable(keys.why)
    if not has_key(token, keys):
        return _refused(f"ID token: no key of its kid for {token.alg} is published at {connection.jwks_url}")
    return None if is_signed_by(token, keys) else _refused("ID token: signature")


async def _claims(context: Context, connection: Connection, *, tokens: Tokens, token: OutsideToken) -> Claims | Denied:
    """The ID token's, or where these lack the claim, those of the UserInfo endpoint (section 5.3)."""
    if connection.email_attribute in token.claims or not (connection.userinfo_url and tokens.access_token):
        return token.claims
    get = partial(context.fetcher.get, connection.userinfo_url, authorization=f"Bearer {tokens.access_token}")
    answer = await context.errands.run(connection.id, get, url=connection.userinfo_url)
    if not isinstance(answer, Fetched):
        return _unreachable(f"the UserInfo endpoint {connection.userinfo_url}: {answer}")
    said = parse_object(answer.body)
    return judge_userinfo(said, subject=token.claims["sub"]) or said or {}


def _callback_url(context: Context, connection: Connection) -> str:
    return our_addresses(context.policy.issuer, connection.id).callback_url


def _basic(client_id: str, client_secret: str) -> str:
    """HTTP Basic as RFC 6749 section 2.3.1 has it: both are form-encoded first."""
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def _unreachable(why: str) -> Denied:
    return Denied(fault=sso_faults.SSO_PROVIDER_UNREACHABLE, why=why)


def _refused(why: str) -> Denied:
    return Denied(fault=sso_faults.SSO_ANSWER_REFUSED, why=why)
