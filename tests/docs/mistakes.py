"""The mistakes people make with this protocol, each made on purpose, in the order of docs/mistakes.md.

A function makes its mistake and gives the refusal. What the refusal must say stands in the document, and nowhere else.
"""

import base64
import json
import subprocess
from collections.abc import Callable
from typing import NamedTuple

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.clients.person import REDIRECT_URI
from tests.docs.newcomer import API, CHALLENGE, JWT_BEARER, TOKEN, VERIFIER, Newcomer, Tokens, tokens_of

Refusal = httpx.Response | subprocess.CompletedProcess[str]

HOUR_S = 3600
WEEK_S = 604_800


class Mistake(NamedTuple):
    """One mistake; `app` is whose developer asks for the explanation."""

    act: Callable[[Newcomer], Refusal]
    app: str = "script"


# --- the grant ---------------------------------------------------------------------------------------------------


def password_with_a_code_app(new: Newcomer) -> Refusal:
    """The FAQ's question: an app registered for the code flow logs in with a password."""
    agent = new.world.people["agent"]
    return new.ask("web", grant_type="password", username=agent.email, password=agent.password)


def jwt_with_a_code_app(new: Newcomer) -> Refusal:
    """A JWT credential shown by an app without that grant."""
    return new.ask("web", grant_type=JWT_BEARER, assertion=new.world.jwt_credentials["admin_any"].jwt)


def service_without_the_grant(new: Newcomer) -> Refusal:
    """Access without a user, by an app that was never registered for it."""
    return new.ask("script", grant_type="client_credentials")


def service_nobody_allowed(new: Newcomer) -> Refusal:
    """Access without a user, to an account whose administrator has not allowed it."""
    return new.ask("service", grant_type="client_credentials", account_id=new.world.accounts["other"].id)


def refresh_without_the_grant(new: Newcomer) -> Refusal:
    """An app that issues no refresh tokens refreshes."""
    return new.ask("norefresh", grant_type="refresh_token", refresh_token=new.log_in().refresh)


def grant_type_misspelled(new: Newcomer) -> Refusal:
    """The short name instead of the URN."""
    return new.ask("script", grant_type="jwt-bearer", assertion=new.world.jwt_credentials["admin_any"].jwt)


def grant_type_missing(new: Newcomer) -> Refusal:
    """The forum's own line for the code exchange, which lacks it."""
    client_id = new.world.apps["web"].client_id
    return new.ask("web", client_id=client_id, code=new.code()["code"], redirect_uri=REDIRECT_URI)


def implicit_today(new: Newcomer) -> Refusal:
    """An old browser app's response_type."""
    return new.authorize("spa", response_type="token")


def password_for_a_public_app(new: Newcomer) -> Refusal:
    """Registering what cannot be."""
    account = new.world.accounts["main"].id
    words = "--name Phone --kind ServerWeb --public --grant password --scope ReadAccounts"
    return new.run("apps", "register", "--account", account, *words.split())


# --- the redirect URI --------------------------------------------------------------------------------------------


def redirect_uri_none(new: Newcomer) -> Refusal:
    """The app has none registered."""
    return new.authorize("nouri")


def redirect_uri_with_a_slash(new: Newcomer) -> Refusal:
    """Nearly the registered one."""
    return new.authorize("web", redirect_uri=f"{REDIRECT_URI}/")


def redirect_uri_missing_later(new: Newcomer) -> Refusal:
    """Sent to authorize, forgotten at the token endpoint."""
    return new.redeem(new.code()["code"], redirect_uri="")


def redirect_uri_with_a_wildcard(new: Newcomer) -> Refusal:
    """Registering a pattern."""
    return new.run("apps", "update", new.world.apps["web"].client_id, "--redirect-uri", "https://*.example.com/back")


# --- the code and PKCE -------------------------------------------------------------------------------------------


def code_twice(new: Newcomer) -> Refusal:
    """A page that was reloaded."""
    code = new.code()["code"]
    tokens_of(new.redeem(code))
    return new.redeem(code)


def code_too_late(new: Newcomer) -> Refusal:
    """Copied by hand from the address bar."""
    code = new.code()["code"]
    new.server.advance(61)
    return new.redeem(code)


def verifier_missing(new: Newcomer) -> Refusal:
    """A challenge was sent, its verifier was not."""
    return new.redeem(new.code(code_challenge=CHALLENGE, code_challenge_method="S256")["code"])


def verifier_uncalled_for(new: Newcomer) -> Refusal:
    """A verifier without a challenge."""
    return new.redeem(new.code()["code"], code_verifier=VERIFIER)


def challenge_missing(new: Newcomer) -> Refusal:
    """A browser app without PKCE."""
    return new.authorize("spa")


def challenge_plain(new: Newcomer) -> Refusal:
    """A challenge whose method was left out, which means plain."""
    return new.authorize("spa", code_challenge=VERIFIER)


def silent_too_early(new: Newcomer) -> Refusal:
    """prompt=none before anybody signed in."""
    return new.authorize("web", prompt="none")


# --- proving the client ------------------------------------------------------------------------------------------


def secret_in_the_body(new: Newcomer) -> Refusal:
    """Client id and secret as form fields, without a header."""
    client_id, secret = new.basic("script")
    return new.prove(client_id=client_id, client_secret=secret)


def secret_with_a_line_end(new: Newcomer) -> Refusal:
    """A header made by `echo id:secret | base64`, whose line end became part of the secret."""
    client_id, secret = new.basic("script")
    return new.prove(_basic(client_id, f"{secret}\n"))


def secret_of_an_app_without(new: Newcomer) -> Refusal:
    """A secret made up for an app that has none."""
    return new.prove(_basic(new.world.apps["spa"].client_id, "a-secret-it-never-had"))


def client_unknown(new: Newcomer) -> Refusal:
    """The placeholder of an example, or another server's client id."""
    return new.prove(_basic("YourAppClientId", "YourAppClientSecret"))


def basic_not_encoded(new: Newcomer) -> Refusal:
    """Basic without base64."""
    return new.prove("Basic {}:{}".format(*new.basic("script")))


def body_of_json(new: Newcomer) -> Refusal:
    """JSON where a form is due."""
    form = {"grant_type": JWT_BEARER, "assertion": new.world.jwt_credentials["admin_any"].jwt}
    return new.http.post(TOKEN, json=form, auth=new.basic("script"))


def password_in_the_query(new: Newcomer) -> Refusal:
    """Everything in the address, as for a GET."""
    agent = new.world.people["agent"]
    query = {"grant_type": "password", "username": agent.email, "password": agent.password}
    return new.http.post(TOKEN, params=query, auth=new.basic("script"))


def token_by_get(new: Newcomer) -> Refusal:
    """GET, because authorize is one."""
    return new.http.get(TOKEN, auth=new.basic("script"))


# --- who signs in ------------------------------------------------------------------------------------------------


def password_wrong(new: Newcomer) -> Refusal:
    """A typing mistake."""
    return new.ask("script", grant_type="password", username=new.world.people["agent"].email, password="Spring2024")


def company_number_alone(new: Newcomer) -> Refusal:
    """The company's number without an extension means the main administrator."""
    agent, main = new.world.people["agent"], new.world.accounts["main"]
    return new.ask("script", grant_type="password", username=main.main_number, password=agent.password)


def password_missing(new: Newcomer) -> Refusal:
    """A field forgotten."""
    return new.ask("script", grant_type="password", username=new.world.people["agent"].email)


def queue_signs_in(new: Newcomer) -> Refusal:
    """A call queue is nobody."""
    return _sign_in(new, "queue")


def disabled_signs_in(new: Newcomer) -> Refusal:
    """Somebody who left."""
    return _sign_in(new, "disabled")


def foreign_private_app(new: Newcomer) -> Refusal:
    """Another company's private app, with a credential of one's own."""
    words = ("--person", new.world.people["helper"].id, "--label", "try")
    app = new.world.apps["foreign_private"].client_id
    made = new.run("credentials", "create", *words, "--app", app, "--json")
    return new.ask("foreign_private", grant_type=JWT_BEARER, assertion=json.loads(made.stdout)["jwt"])


def foreign_app_without_permission(new: Newcomer) -> Refusal:
    """Another company's public app, and a role without ThirdPartyAppAccess."""
    account = new.world.accounts["main"].id
    new.run("roles", "create", "--account", account, "--name", "Bare", "--permission", "ReadCallLog")
    made = new.run(*f"extensions create --account {account} --first-name Bo --number 190 --role Bare".split(), "--json")
    person = str(json.loads(made.stdout)["id"])
    app = new.world.apps["public_web"].client_id
    new.run("apps", "update", app, "--grant", JWT_BEARER)
    credential = new.run("credentials", "create", "--person", person, "--label", "try", "--app", app, "--json")
    return new.ask("public_web", grant_type=JWT_BEARER, assertion=json.loads(credential.stdout)["jwt"])


def password_where_a_factor_is_needed(new: Newcomer) -> Refusal:
    """An account that asks for a second factor: the job that worked yesterday types a password."""
    account = new.world.accounts["main"].id
    assert new.run("accounts", "update", account, "--mfa", "required").returncode == 0
    try:
        return _sign_in(new, "agent")
    finally:
        assert new.run("accounts", "update", account, "--mfa", "allowed").returncode == 0


# --- JWT credentials ---------------------------------------------------------------------------------------------


def jwt_self_signed(new: Newcomer) -> Refusal:
    """A JWT signed with a key of one's own."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = _unsigned(new, "RS256")
    signature = key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return new.ask("script", grant_type=JWT_BEARER, assertion=f"{text}.{_base64url(signature)}")


def jwt_signed_with_the_secret(new: Newcomer) -> Refusal:
    """A JWT signed with the client secret."""
    assertion = f"{_unsigned(new, 'HS256')}.{_base64url(bytes(32))}"
    return new.ask("script", grant_type=JWT_BEARER, assertion=assertion)


def jwt_cut_off(new: Newcomer) -> Refusal:
    """A terminal's first line of it copied."""
    jwt = new.world.jwt_credentials["admin_any"].jwt
    return new.ask("script", grant_type=JWT_BEARER, assertion=jwt[:160])


def jwt_as_bearer(new: Newcomer) -> Refusal:
    """The credential used as if it were a token."""
    return new.call(new.world.jwt_credentials["admin_any"].jwt)


def jwt_for_another_app(new: Newcomer) -> Refusal:
    """A credential that lists other apps."""
    jwt = new.world.jwt_credentials["helper_script_only"].jwt
    return new.ask("norefresh", grant_type=JWT_BEARER, assertion=jwt)


def jwt_expired(new: Newcomer) -> Refusal:
    """A credential whose day is over."""
    return new.ask("script", grant_type=JWT_BEARER, assertion=new.world.jwt_credentials["agent_expired"].jwt)


def jwt_deleted(new: Newcomer) -> Refusal:
    """A credential that somebody deleted."""
    return new.ask("script", grant_type=JWT_BEARER, assertion=new.world.jwt_credentials["agent_deleted"].jwt)


# --- refreshes and sessions --------------------------------------------------------------------------------------


def refresh_repeated_too_late(new: Newcomer) -> Refusal:
    """Two processes, one of which kept the older token."""
    first = new.log_in()
    new.call(tokens_of(new.refresh(first)).access)
    new.server.advance(11)
    return new.refresh(first)


def refresh_of_long_ago(new: Newcomer) -> Refusal:
    """A token two refreshes old, from a backup of the client's own."""
    first = new.log_in()
    tokens_of(new.refresh(tokens_of(new.refresh(first))))
    return new.refresh(first)


def refresh_after_a_week(new: Newcomer) -> Refusal:
    """A job that runs less often than its refresh token lives."""
    first = new.log_in()
    new.server.advance(WEEK_S)
    return new.refresh(first)


def sixth_login(new: Newcomer) -> Refusal:
    """Every run logs in anew."""
    return new.refresh(_evicted(new))


def sixth_login_seen_at_the_api(new: Newcomer) -> Refusal:
    """The same, met by whoever still uses the first token."""
    return new.call(_evicted(new).access)


def endpoint_id_shared(new: Newcomer) -> Refusal:
    """Two instances under one name."""
    first = new.log_in(endpoint_id="worker")
    new.log_in(endpoint_id="worker")
    return new.refresh(first)


def password_changed(new: Newcomer) -> Refusal:
    """A new password ends what the old one opened."""
    words = f"--account {new.world.accounts['main'].id} --first-name Cy --number 191 --generate-password"
    made = json.loads(new.run("extensions", "create", *words.split(), "--json").stdout)
    name = f"{new.world.accounts['main'].main_number}*191"
    tokens = tokens_of(new.ask("script", grant_type="password", username=name, password=made["password"]))
    new.run("extensions", "set-password", str(made["id"]), "--generate-password")
    return new.refresh(tokens)


def access_token_replaced(new: Newcomer) -> Refusal:
    """The access token of before the refresh."""
    first = new.log_in()
    tokens_of(new.refresh(first))
    return new.call(first.access)


def access_token_expired(new: Newcomer) -> Refusal:
    """A token kept for more than an hour."""
    first = new.log_in()
    new.server.advance(HOUR_S)
    return new.call(first.access)


def refresh_token_as_bearer(new: Newcomer) -> Refusal:
    """The other of the two strings."""
    return new.call(new.log_in().refresh)


# --- scopes, permissions, the API --------------------------------------------------------------------------------


def scope_of_another_age(new: Newcomer) -> Refusal:
    """Scope names from examples of before 2014."""
    assertion = new.world.jwt_credentials["admin_any"].jwt
    return new.ask("script", grant_type=JWT_BEARER, assertion=assertion, scope="CallLog Messages")


def scope_missing(new: Newcomer) -> Refusal:
    """A token without the scope that the call needs."""
    return new.call(new.log_in(scope="ReadAccounts").access, "/call-log")


def permission_missing(new: Newcomer) -> Refusal:
    """The app may, the person may not."""
    agent = new.world.people["agent"]
    reply = new.ask("script", grant_type="password", username=agent.email, password=agent.password)
    return new.call(tokens_of(reply).access, "/call-log")


def account_of_another(new: Newcomer) -> Refusal:
    """An account id from somewhere else."""
    headers = {"Authorization": f"Bearer {new.log_in().access}"}
    return new.http.get(f"/restapi/v1.0/account/{new.world.accounts['other'].id}/call-log", headers=headers)


def bearer_missing(new: Newcomer) -> Refusal:
    """No header."""
    return new.http.get(f"{API}/call-log")


def bearer_without_the_word(new: Newcomer) -> Refusal:
    """The token alone in the header."""
    return new.http.get(f"{API}/call-log", headers={"Authorization": new.log_in().access})


MISTAKES = (
    Mistake(password_with_a_code_app, "web"),
    Mistake(jwt_with_a_code_app, "web"),
    Mistake(service_without_the_grant),
    Mistake(service_nobody_allowed, "service"),
    Mistake(refresh_without_the_grant, "norefresh"),
    Mistake(grant_type_misspelled),
    Mistake(grant_type_missing, "web"),
    Mistake(implicit_today, "spa"),
    Mistake(password_for_a_public_app),
    Mistake(redirect_uri_none, "nouri"),
    Mistake(redirect_uri_with_a_slash, "web"),
    Mistake(redirect_uri_missing_later, "web"),
    Mistake(redirect_uri_with_a_wildcard),
    Mistake(code_twice, "web"),
    Mistake(code_too_late, "web"),
    Mistake(verifier_missing, "web"),
    Mistake(verifier_uncalled_for, "web"),
    Mistake(challenge_missing, "spa"),
    Mistake(challenge_plain, "spa"),
    Mistake(silent_too_early, "web"),
    Mistake(secret_in_the_body),
    Mistake(secret_with_a_line_end),
    Mistake(secret_of_an_app_without, "spa"),
    Mistake(client_unknown),
    Mistake(basic_not_encoded),
    Mistake(body_of_json),
    Mistake(password_in_the_query),
    Mistake(token_by_get),
    Mistake(password_wrong),
    Mistake(company_number_alone),
    Mistake(password_missing),
    Mistake(queue_signs_in),
    Mistake(disabled_signs_in),
    Mistake(foreign_private_app, "foreign_private"),
    Mistake(foreign_app_without_permission, "public_web"),
    Mistake(password_where_a_factor_is_needed),
    Mistake(jwt_self_signed),
    Mistake(jwt_signed_with_the_secret),
    Mistake(jwt_cut_off),
    Mistake(jwt_as_bearer),
    Mistake(jwt_for_another_app, "norefresh"),
    Mistake(jwt_expired),
    Mistake(jwt_deleted),
    Mistake(refresh_repeated_too_late),
    Mistake(refresh_of_long_ago),
    Mistake(refresh_after_a_week),
    Mistake(sixth_login),
    Mistake(sixth_login_seen_at_the_api),
    Mistake(endpoint_id_shared),
    Mistake(password_changed),
    Mistake(access_token_replaced),
    Mistake(access_token_expired),
    Mistake(refresh_token_as_bearer),
    Mistake(scope_of_another_age),
    Mistake(scope_missing),
    Mistake(permission_missing),
    Mistake(account_of_another),
    Mistake(bearer_missing),
    Mistake(bearer_without_the_word),
)
"""All of them, in the document's order."""


def _sign_in(new: Newcomer, who: str) -> Refusal:
    person = new.world.people[who]
    return new.ask("script", grant_type="password", username=person.email, password=person.password)


def _evicted(new: Newcomer) -> Tokens:
    first = new.log_in()
    for _ in range(new.session_cap):
        new.log_in()
    return first


def _basic(client_id: str, secret: str) -> str:
    return f"Basic {base64.b64encode(f'{client_id}:{secret}'.encode()).decode()}"


def _unsigned(new: Newcomer, algorithm: str) -> str:
    header = {"alg": algorithm, "typ": "JWT"}
    claims = {"sub": new.world.people["agent"].id}
    return f"{_base64url(json.dumps(header).encode())}.{_base64url(json.dumps(claims).encode())}"


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
