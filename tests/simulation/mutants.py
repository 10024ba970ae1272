"""Planted mutants: the real source with one rule bent, put in the place of the real functions.

A simulation that cannot tell a mutant from the original is decoration (assurance 4.3).
"""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from types import FunctionType, ModuleType
from typing import NamedTuple

import callgate.protocol
from callgate.protocol.grants import ALL


class Mutant(NamedTuple):
    """A module below callgate.protocol, the text that stands in it exactly once, and what it becomes."""

    rule: str
    module: str
    text: str
    bent: str


MUTANTS = (
    Mutant(
        "superseded access tokens live on",
        "bearer",
        "if reference.generation < session.generation:",
        "if reference.generation < session.generation - 1:",
    ),
    Mutant(
        "a generation above the row's is taken",
        "sessions",
        "return FIRST_GENERATION <= reference.generation <= session.generation",
        "return FIRST_GENERATION <= reference.generation",
    ),
    Mutant(
        "the window of a repeat has no end",
        "grants.refresh_token",
        "return now_ms - session.first_issued_ms <= REPEAT_UNUSED_MS",
        "return now_ms >= session.first_issued_ms",
    ),
    Mutant(
        "the window after a first use has no end",
        "grants.refresh_token",
        "return now_ms - session.first_used_ms <= REPEAT_USED_MS",
        "return now_ms - session.first_issued_ms <= REPEAT_UNUSED_MS",
    ),
    Mutant(
        "the window is renewed with the times",
        "grants.refresh_token",
        "after = session._replace(issued_ms=now_ms)",
        "after = session._replace(issued_ms=now_ms, first_issued_ms=now_ms)",
    ),
    Mutant(
        "a repeat is sealed with today's key",
        "grants.refresh_token",
        "    after = session\n",
        "    after = session._replace(key_number=key_number)\n",
    ),
    Mutant(
        "a grandparent is a late repeat",
        "grants.refresh_token",
        "if reference.generation == session.generation - 1:",
        "if reference.generation <= session.generation - 1:",
    ),
    Mutant(
        "theft is asked after the person",
        "grants.refresh_token",
        "_theft(session, reference, app=parties.client, now_ms=facts.now_ms)\n        or still_works(parties.account,"
        " parties.extension)",
        "still_works(parties.account, parties.extension)\n        or _theft(session, reference, app=parties.client,"
        " now_ms=facts.now_ms)",
    ),
    Mutant(
        "an ended session is only remembered",
        "grants.refresh_token",
        "if session.state is SessionState.ENDED:",
        "if session.state is SessionState.ENDED and not _may_repeat(session, facts.now_ms):",
    ),
    Mutant(
        "another app refreshes",
        "grants.refresh_token",
        "if session.client_id != client.client_id:",
        "if session is None:",
    ),
    Mutant(
        "a disabled person refreshes",
        "grants.refresh_token",
        "or still_works(parties.account, parties.extension)",
        "or None",
    ),
    Mutant(
        "an expired token refreshes",
        "grants.refresh_token",
        "if now_ms >= refresh_end_ms(session):",
        "if now_ms >= refresh_end_ms(session) + 10_000:",
    ),
    Mutant(
        "a refresh widens nothing but is not told so",
        "grants.refresh_token",
        "if not is_within(session.scope, request.scope):",
        "if not session.scope:",
    ),
    Mutant("revocation is forgotten", "revoke", "return Done((SessionEnded(", "return Done(() and (SessionEnded("),
    Mutant(
        "another app revokes",
        "revoke",
        "if session.client_id != client.client_id or session.state is SessionState.ENDED:",
        "if session.state is SessionState.ENDED:",
    ),
    Mutant("the cap is off by one", "seats", "len(staying) - cap + 1", "len(staying) - cap"),
    Mutant("the youngest is evicted", "seats", "key=_ISSUED)", "key=_ISSUED, reverse=True)"),
    Mutant("the session opened first is evicted", "seats", "key=_ISSUED)", "key=_OPENED)"),
    Mutant("an endpoint's session is not replaced", "seats", "s.endpoint_id == endpoint_id]", "s.endpoint_id is None]"),
    Mutant(
        "the dead keep their seats",
        "seats",
        "        if why is None and row.now_ms >= expires_ms(session):\n            why = EndReason.EXPIRED\n",
        "",
    ),
    Mutant(
        "PKCE is skipped",
        "grants.authorization_code",
        "if verifier is None or not verifier_matches(verifier, challenge, plain=session.challenge_plain):",
        "if verifier is None:",
    ),
    Mutant(
        "PKCE is skipped when no verifier is sent",
        "grants.authorization_code",
        "if verifier is None or not verifier_matches(",
        "if verifier is not None and not verifier_matches(",
    ),
    Mutant(
        "a verifier without a challenge passes",
        "grants.authorization_code",
        "        if verifier is not None:\n",
        "        if verifier == challenge and verifier:\n",
    ),
    Mutant(
        "the redirect URI is not bound",
        "grants.authorization_code",
        "and not _same(sent, session.redirect_uri):",
        "and sent == '':",
    ),
    Mutant(
        "the redirect URI may be left out",
        "grants.authorization_code",
        "(session.redirect_uri_sent or sent is not None)",
        "sent is not None",
    ),
    Mutant(
        "another app redeems the code",
        "grants.authorization_code",
        "if session.client_id != client.client_id:",
        "if session is None:",
    ),
    Mutant(
        "a code lives ten minutes",
        "grants.authorization_code",
        "if facts.now_ms >= session.opened_ms + CODE_TTL_S * 1000:",
        "if facts.now_ms >= session.opened_ms + CODE_TTL_S * 10_000:",
    ),
    Mutant(
        "a code replayed late only is refused",
        "grants.authorization_code",
        "now_ms - session.redeemed_ms > CODE_REPEAT_GRACE_MS:",
        "now_ms < session.redeemed_ms:",
    ),
    Mutant(
        "a double submit signs the user out",
        "grants.authorization_code",
        "now_ms - session.redeemed_ms > CODE_REPEAT_GRACE_MS:",
        "now_ms >= session.redeemed_ms:",
    ),
    Mutant(
        "a new password ends nothing",
        "sessions",
        "if credential_version != session.credential_version:",
        "if credential_version is None:",
    ),
    Mutant(
        "a deleted credential ends nothing",
        "sessions",
        "if credential_version != session.credential_version:",
        "if credential_version not in {None, session.credential_version}:",
    ),
    Mutant("a restore ends nothing", "sessions", "if session.issued_ms < sessions_from_ms:", "if now_ms < 0:"),
    Mutant(
        "signing out everywhere ends nothing",
        "sessions",
        "if session.issued_ms < extension.sessions_from_ms:",
        "if now_ms < 0:",
    ),
    Mutant(
        "the idle time-out counts from the opening",
        "sessions",
        "now_ms >= session.issued_ms + account.idle_timeout_s * 1000:",
        "now_ms >= session.opened_ms + account.idle_timeout_s * 1000:",
    ),
    Mutant(
        "the absolute time-out counts from the last issue",
        "sessions",
        "now_ms >= session.opened_ms + account.absolute_timeout_s * 1000:",
        "now_ms >= session.issued_ms + account.absolute_timeout_s * 1000:",
    ),
    Mutant(
        "a row alone lets a bearer in",
        "sessions",
        "return hmac.compare_digest(hashlib.sha256(secret).digest(), session.secret_sha256)",
        "return bool(session.secret_sha256)",
    ),
    Mutant("an expired access token is accepted", "bearer", "if facts.now_ms >= expires:", "if facts.now_ms < 0:"),
    Mutant(
        "a disabled person's token is accepted", "bearer", "if not person_works(account, extension):", "if not role:"
    ),
    Mutant("first use is never marked", "bearer", "return (SessionFirstUsed(session, now_ms),)", "return ()"),
    Mutant(
        "an overtaken password opens a session",
        "grants.password",
        "if password.relied_on != password_reliance(extension):",
        "if not password.relied_on:",
    ),
    Mutant(
        "a service keeps an app that its role lost",
        "grants.client_credentials",
        "still_works(account, extension) or may_serve(app, account, role=role)",
        "still_works(account, extension)",
    ),
    Mutant(
        "a code keeps an app that its person's role lost",
        "grants.authorization_code",
        "still_works(parties.account, parties.extension) or may_serve(",
        "still_works(parties.account, parties.extension) or (lambda *_, role: None)(",
    ),
    Mutant(
        "a refresh keeps an app that its person's role lost",
        "grants.refresh_token",
        "or may_serve(parties.client, parties.account, role=facts.role)",
        "or None",
    ),
    Mutant(
        "an expired credential opens sessions",
        "grants.jwt_bearer",
        "facts.now_ms >= credential.expires_ms:",
        "facts.now_ms < 0:",
    ),
    Mutant(
        "a password is enough beside a second factor",
        "grants.password",
        "or is_password_enough(account, extension)",
        "or None",
    ),
    Mutant(
        "a sign-in by code opens what a password alone would",
        "consent",
        "CredentialKind.PASSWORD if sign_in.factor is None else _BY_FACTOR[sign_in.factor]",
        "CredentialKind.PASSWORD",
    ),
    Mutant(
        "what a factor opened outlives it",
        "passkeys",
        "version = extension.password_version + 1",
        "version = extension.password_version",
    ),
    Mutant(
        "a service takes a refresh token",
        "asking",
        "asked.terms._replace(refresh_ttl_s=0)",
        "asked.terms",
    ),
    Mutant(
        "a device code is good twice",
        "grants.device_code",
        "also=used)",
        "also=())",
    ),
    Mutant(
        "a yes to a device outlives what it was said by",
        "grants.device_code",
        "    if why:",
        "    if False:",
    ),
    Mutant(
        "anybody answers a device a second time",
        "device",
        "return device.state is DeviceState.PENDING and now_ms < device.expires_ms",
        "return now_ms < device.expires_ms",
    ),
)


@contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    """The mutant in the original's place, wherever in the protocol the original is known; the original afterwards."""
    original = importlib.import_module(f"callgate.protocol.{mutant.module}")
    source = inspect.getsource(original)
    assert source.count(mutant.text) == 1, f"{mutant.rule}: the text stands {source.count(mutant.text)} times"
    bent = ModuleType(original.__name__)
    exec(compile(source.replace(mutant.text, mutant.bent), f"<{mutant.rule}>", "exec"), vars(bent))  # noqa: S102 - ours
    # The bent functions make and match the original's own classes, which the others know.
    vars(bent).update({name: value for name, value in vars(original).items() if isinstance(value, type)})
    swaps: dict[int, object] = {
        id(function): vars(bent)[name]
        for name, function in vars(original).items()
        if isinstance(function, FunctionType) and function.__module__ == original.__name__
    }
    # The registry of grants holds their parsers in a dictionary, which no name leads to.
    swaps[id(ALL)] = {name: (grant, swaps.get(id(parse), parse)) for name, (grant, parse) in ALL.items()}
    kept = [
        (module, name, value) for module in _modules() for name, value in vars(module).items() if id(value) in swaps
    ]
    try:
        for module, name, value in kept:
            setattr(module, name, swaps[id(value)])
        yield
    finally:
        for module, name, value in kept:
            setattr(module, name, value)


def _modules() -> list[ModuleType]:
    names = (found.name for found in pkgutil.walk_packages(callgate.protocol.__path__, "callgate.protocol."))
    return [importlib.import_module(name) for name in names]
