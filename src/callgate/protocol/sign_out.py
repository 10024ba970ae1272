"""Signing out of a browser."""

from callgate.model.changes import SignInEnded
from callgate.model.decisions import Done
from callgate.model.facts import AuthorizeFacts
from callgate.protocol.sessions import opens_sign_in


def end_sign_in(secret: bytes, facts: AuthorizeFacts) -> Done:
    """The sign-in that the cookie opens is over, lived it still or not; a cookie that opens none ends none."""
    sign_in = facts.sign_in
    if sign_in is None or not opens_sign_in(sign_in, secret):
        return Done()
    return Done((SignInEnded(sign_in, str(sign_in.extension_id)),))
