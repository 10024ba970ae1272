"""Userinfo: what the bearer's scope lets the app know of the person (OpenID Connect Core section 5.3)."""

from callgate.model import api_faults
from callgate.model.decisions import Admitted, Denied
from callgate.protocol.userinfo import PersonClaims, person_claims


def person_of(admitted: Admitted) -> PersonClaims | Denied:
    """Claims for scope openid; without it the app asked for no identity."""
    if "openid" not in admitted.session.scope.split():
        return Denied(fault=api_faults.SCOPE_MISSING, values=(("permissionName", "openid"),))
    return person_claims(admitted.extension, admitted.session.scope)
