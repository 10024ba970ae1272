"""Apps: which registrations are possible at all, and the acts on them (protocol.md A, ruling 11)."""

from collections.abc import Callable, Iterator

from callgate.model.acts import AppActFacts, Refused
from callgate.model.changes import AppChanged, AppRegistered
from callgate.model.client import (
    AuthMethod,
    Client,
    ClientKeys,
    ClientStatus,
    GrantType,
    Switch,
    grants_possible,
)
from callgate.model.decisions import Done
from callgate.model.limits import RATE_MAX
from callgate.model.policy import ACCESS_TTL_MAX_S, ACCESS_TTL_MIN_S, REFRESH_TTL_MAX_S, SESSION_CAP_MAX
from callgate.model.scope import SCOPES
from callgate.protocol.administer.texts import check_text
from callgate.protocol.redirect_uri import URIS_MAX, check_registered

_REDIRECTED = frozenset({GrantType.AUTHORIZATION_CODE, GrantType.IMPLICIT})
_ASSERTED = frozenset({AuthMethod.CLIENT_SECRET_JWT, AuthMethod.PRIVATE_KEY_JWT})
"""Whose assertions name this server as `aud`; those of federated_jwt name what their trust says."""


def register_app(client: Client, keys: ClientKeys, *, facts: AppActFacts, by: str) -> Done | Refused:
    """A new app with what proves it."""
    if facts.owner is None:
        return Refused("there is no such account")
    problem = _check(client, facts) or check_keys(client, keys)
    return Refused(problem) if problem else Done((AppRegistered(client, keys, by),))


def change_app(
    edit: Callable[[Client], Client], *, keys: ClientKeys | None, facts: AppActFacts, by: str
) -> Done | Refused:
    """An app after an edit; `keys` None leaves its secret as it is. Kind and audience never change (A.1)."""
    before = facts.client
    if before is None:
        return Refused("there is no such app")
    edited = _end_with_block(before, edit(before), now_ms=facts.now_ms)
    if edited == before and keys is None:
        return Done()
    assert (edited.kind, edited.private, edited.account_id) == (before.kind, before.private, before.account_id)
    if keys is None and proves_as(edited) != proves_as(before):
        return Refused(f"how {before.name} proves itself was changed meanwhile: look at it, then try again")
    problem = _check(edited, facts) or (check_keys(edited, keys) if keys else None)
    return (
        Refused(problem)
        if problem
        else Done((AppChanged(before, edited._replace(version=before.version + 1), keys, by),))
    )


def take_in(client: Client, keys: ClientKeys, *, facts: AppActFacts, by: str) -> Done | Refused:
    """An app as another cell has it: registered here, or made equal to how it is there."""
    before = facts.client
    if before is None:
        return register_app(client, keys, facts=facts, by=by)
    if (client.kind, client.private, client.account_id) != (before.kind, before.private, before.account_id):
        return Refused(f"{before.name} is another kind of app here, or another account's: neither ever changes")
    after = client._replace(version=before.version, sessions_from_ms=before.sessions_from_ms)
    return change_app(lambda _: after, keys=keys, facts=facts, by=by)


def keeps_secret(client: Client) -> bool:
    """Whether the app proves itself with a secret of ours, rather than with its word or its own key."""
    return client.auth_method in {AuthMethod.CLIENT_SECRET_BASIC, AuthMethod.CLIENT_SECRET_JWT}


def needs_sealed_secret(client: Client) -> bool:
    """Whether the secret is used in HMAC: then it is stored sealed, because a hash cannot be computed with."""
    return client.auth_method is AuthMethod.CLIENT_SECRET_JWT or Switch.ID_TOKEN_HS256 in client.switches


def proves_as(client: Client) -> tuple[AuthMethod, bool]:
    """What decides which proof the app needs: where it differs, the former one is of no use."""
    return client.auth_method, needs_sealed_secret(client)


def blocked(client: Client) -> Client:
    """The app with every session of it over."""
    return client._replace(status=ClientStatus.BLOCKED)


def unblocked(client: Client) -> Client:
    """The app at work again."""
    return client._replace(status=ClientStatus.ACTIVE)


def _end_with_block(before: Client, after: Client, *, now_ms: int) -> Client:
    """A blocked app has lost its sessions for good: unblocking it revives no token (ASVS 7.4.2)."""
    if before.status is ClientStatus.BLOCKED or after.status is not ClientStatus.BLOCKED:
        return after
    return after._replace(sessions_from_ms=max(after.sessions_from_ms, now_ms + 1))


def check_keys(client: Client, keys: ClientKeys) -> str | None:
    """Whether what proves the app is what its method needs; the empty string is never a secret."""
    needs = (
        keeps_secret(client) and client.auth_method is not AuthMethod.CLIENT_SECRET_JWT,
        needs_sealed_secret(client),
        client.auth_method is AuthMethod.PRIVATE_KEY_JWT,
    )
    if needs != (keys.secret_sha256 is not None, keys.sealed_secret is not None, keys.jwks is not None):
        return "private_key_jwt needs the app's public keys (--jwks), and no other method has any"
    return None


def _check(client: Client, facts: AppActFacts) -> str | None:
    if facts.name_taken:
        return f"its account has an app {client.name} already"
    return next(_problems(client), None)


def _problems(client: Client) -> Iterator[str]:
    if problem := check_text("app's name", client.name):
        yield problem
    yield from _grant_problems(client)
    yield from _scope_problems(client)
    yield from _uri_problems(client)
    yield from _method_problems(client)
    yield from _switch_problems(client)
    yield from _number_problems(client)


def _grant_problems(client: Client) -> Iterator[str]:
    possible = grants_possible(client.kind, private=client.private)
    audience = "private" if client.private else "public"
    for grant in sorted(client.grants - possible, key=lambda grant: grant.value):
        names = ", ".join(sorted(each.value for each in possible))
        yield f"a {audience} {client.kind.value} app cannot have the grant {grant.value}; it may have {names}"
    if not client.grants - {GrantType.REFRESH_TOKEN}:
        yield "an app needs at least one grant that opens a session"
    if client.issues_refresh_tokens and GrantType.REFRESH_TOKEN not in client.grants:
        yield "an app that issues refresh tokens needs the grant refresh_token"


def _scope_problems(client: Client) -> Iterator[str]:
    for scope in client.scopes:
        if scope not in SCOPES:
            yield f"there is no scope {scope}"
    if not client.scopes:
        yield "an app needs at least one scope"
    if len(set(client.scopes)) < len(client.scopes):
        yield "a scope is named twice"


def _uri_problems(client: Client) -> Iterator[str]:
    """Where a browser is sent with a code and where after signing out: the same rules for both."""
    for noun, uris in (
        ("redirect URI", client.redirect_uris),
        ("post-logout redirect URI", client.post_logout_redirect_uris),
    ):
        if uris and not client.grants & _REDIRECTED:
            yield f"{noun}s are for apps with the grant authorization_code or implicit"
        if len(uris) > URIS_MAX:
            yield f"an app may have at most {URIS_MAX} {noun}s"
        if len(set(uris)) < len(uris):
            yield f"a {noun} is named twice"
        for uri in uris:
            if reason := check_registered(uri):
                yield f"the {noun} {uri} cannot be registered: {reason}"


def _method_problems(client: Client) -> Iterator[str]:
    if client.confidential and client.auth_method is AuthMethod.NONE:
        yield f"a {client.kind.value} app must prove itself: client_secret_basic or an assertion"
    if not client.confidential and client.auth_method is not AuthMethod.NONE:
        yield f"a {client.kind.value} app cannot keep a secret: its method is none (RFC 6749 section 2.1)"


def _switch_problems(client: Client) -> Iterator[str]:
    switches, method = client.switches, client.auth_method
    meaningless = {
        Switch.PKCE_PLAIN: GrantType.AUTHORIZATION_CODE not in client.grants,
        Switch.CLIENT_SECRET_POST: method is not AuthMethod.CLIENT_SECRET_BASIC,
        Switch.ASSERTION_FOR_TOKEN_URL: method not in _ASSERTED,
        Switch.LATE_REPEAT_ENDS: not client.confidential,
        Switch.ID_TOKEN_HS256: not keeps_secret(client),
    }
    for switch in sorted(switches, key=lambda switch: switch.value):
        if meaningless.get(switch):
            yield f"the switch {switch.value} has no meaning for an app of this kind, grants and method"
    if {Switch.ID_TOKEN_ES256, Switch.ID_TOKEN_HS256} <= switches:
        yield "an app's ID tokens are signed in one way: id_token_es256 or id_token_hs256"


def _number_problems(client: Client) -> Iterator[str]:
    for label, number, least, most in (
        ("access token's lifetime", client.access_ttl_s, ACCESS_TTL_MIN_S, ACCESS_TTL_MAX_S),
        ("refresh token's lifetime", client.refresh_ttl_s, ACCESS_TTL_MIN_S, REFRESH_TTL_MAX_S),
        ("session cap", client.session_cap, 1, SESSION_CAP_MAX),
        *((f"rate of the group {rate.group.value}", rate.limit, 1, RATE_MAX) for rate in client.rates),
    ):
        if not least <= number <= most:
            yield f"the {label} must be {least} to {most}"
