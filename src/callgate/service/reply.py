"""What a grant is answered with: the strings of its session, sealed after the commit, and the ID token."""

import asyncio
from typing import NamedTuple

from callgate.crypto.id_token import IdTokenClaims, sign_id_token
from callgate.crypto.jws import HmacSecret
from callgate.crypto.secrets import mint_endpoint_id, session_id
from callgate.crypto.signing_keys import SigningKey
from callgate.model.client import Client, Switch
from callgate.model.decisions import Granted, TokenTimes
from callgate.model.limits import Charged
from callgate.model.lookups import ClientLookup
from callgate.model.reference import Reference, TokenKind
from callgate.protocol.userinfo import authentication_methods, person_claims
from callgate.service import client as clients
from callgate.service.context import Context


class TokenReply(NamedTuple):
    """Tokens and what is said of them (protocol.md D.3)."""

    access_token: str
    refresh_token: str | None
    id_token: str | None
    times: TokenTimes
    scope: str
    owner_id: str
    endpoint_id: str
    session_id: str
    rate: Charged | None

    def __repr__(self) -> str:
        return f"TokenReply(session_id={self.session_id})"


async def id_token_secret(context: Context, client: Client) -> HmacSecret | None:
    """The secret of an app whose ID tokens it signs, or None. Raises Unavailable.

    Resolved before the transaction, which compares the app with the one proven: what failed after the commit would
    have spent the code for nothing.
    """
    if Switch.ID_TOKEN_HS256 not in client.switches:
        return None
    keys = (await context.store.read(ClientLookup(client.id))).keys
    return clients.hmac_secret(context, client, keys) if keys else None


async def seal(
    context: Context, granted: Granted, secret: HmacSecret | None = None, *, rate: Charged | None = None
) -> TokenReply:
    """The strings of a decision: the same session and generation always give the same.

    `secret` is the app's, where that signs its ID tokens; `rate` is what the grant cost.
    """
    session = granted.session
    await context.keeper.knows(session.key_number)
    of = (session.account_id, session.id, granted.secret, session.generation, session.key_number)
    access_token = context.keeper.seal(Reference(TokenKind.ACCESS, *of))
    refresh = context.keeper.seal(Reference(TokenKind.REFRESH, *of)) if session.refresh_ttl_s else None
    openid = "openid" in session.scope.split(" ") if "openid" in session.scope else False
    return TokenReply(
        access_token=access_token,
        refresh_token=refresh,
        id_token=await _id_token(context, granted, access_token=access_token, secret=secret) if openid else None,
        times=granted.times,
        scope=session.scope,
        owner_id=str(session.extension_id),
        endpoint_id=session.endpoint_id,
        session_id=session_id(session.id, session.secret_sha256),
        rate=rate,
    )


async def _id_token(context: Context, granted: Granted, *, access_token: str, secret: HmacSecret | None) -> str:
    session = granted.session
    claims = person_claims(granted.extension, session.scope)
    issued_s = granted.now_ms // 1000
    said = IdTokenClaims(
        issuer=context.policy.issuer,
        subject=str(session.extension_id),
        audience=session.client_id,
        issued_s=issued_s,
        expires_s=issued_s + granted.times.expires_in_s,
        jti=mint_endpoint_id(context.entropy),
        account_id=str(session.account_id),
        auth_time_s=None if session.signed_in_ms is None else session.signed_in_ms // 1000,
        methods=authentication_methods(session.credential_kind),
        nonce=session.nonce,
        access_token=access_token,
        email=claims.email,
        email_verified=None if claims.email is None else True,
        given_name=claims.given_name,
        family_name=claims.family_name,
    )
    signer = _signer(context, granted.client, secret)
    if isinstance(signer, SigningKey) and signer.alg == "RS256":
        # RSA takes most of a millisecond and lets the interpreter go; the others cost less than the way there.
        return await asyncio.to_thread(sign_id_token, said, signer)
    return sign_id_token(said, signer)


def _signer(context: Context, client: Client, secret: HmacSecret | None) -> SigningKey | HmacSecret:
    if Switch.ID_TOKEN_HS256 in client.switches:
        assert secret is not None, "an app with this switch has its secret sealed"
        return secret
    rings = context.keeper.rings
    return (rings.id_es256 if Switch.ID_TOKEN_ES256 in client.switches else rings.id_rs256).active
