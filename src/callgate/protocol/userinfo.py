"""Claims about a person, for ID tokens and userinfo (OpenID Connect Core sections 2, 5.4; protocol.md F)."""

from callgate.model.account import Extension
from callgate.model.session import Session

Claims = dict[str, str | int | bool | list[str]]


def person_claims(extension: Extension, scope: str) -> Claims:
    """`sub` always; name and e-mail as the scopes allow. E-mail is an administrator's entry, hence verified."""
    scopes = scope.split()
    claims: Claims = {"sub": str(extension.id), "account_id": str(extension.account_id)}
    if "email" in scopes and extension.email:
        claims["email"] = extension.email
        claims["email_verified"] = True
    if "profile" in scopes:
        claims["given_name"] = extension.first_name
        claims["family_name"] = extension.last_name
    return claims


def id_token_claims(session: Session, extension: Extension, *, issuer: str, now_ms: int, expires_in_s: int) -> Claims:
    """The ID token's payload; `nonce` and `auth_time` where a browser was involved."""
    claims: Claims = {
        "iss": issuer,
        "aud": session.client_id,
        "iat": now_ms // 1000,
        "exp": now_ms // 1000 + expires_in_s,
        **person_claims(extension, session.scope),
    }
    if session.signed_in_ms is not None:
        claims["auth_time"] = session.signed_in_ms // 1000
    if session.nonce is not None:
        claims["nonce"] = session.nonce
    return claims
