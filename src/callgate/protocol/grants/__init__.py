"""Grants: one module each, and the registry of them all.

A grant parses its part of the form into a request value, names the lookup of its facts, and decides.
"""

from collections.abc import Callable

from callgate.model.client import Client, GrantType
from callgate.model.decisions import Denied
from callgate.protocol.forms import Form
from callgate.protocol.grants import (
    authorization_code,
    client_credentials,
    device_code,
    jwt_bearer,
    partner_jwt,
    password,
    refresh_token,
    saml2_bearer,
)
from callgate.protocol.grants.authorization_code import CodeRequest
from callgate.protocol.grants.client_credentials import ClientCredentialsRequest
from callgate.protocol.grants.device_code import DeviceCodeRequest
from callgate.protocol.grants.jwt_bearer import JwtBearerRequest
from callgate.protocol.grants.partner_jwt import PartnerJwtRequest
from callgate.protocol.grants.password import PasswordRequest
from callgate.protocol.grants.refresh_token import RefreshRequest
from callgate.protocol.grants.saml2_bearer import Saml2BearerRequest

GrantRequest = (
    CodeRequest
    | ClientCredentialsRequest
    | DeviceCodeRequest
    | JwtBearerRequest
    | PartnerJwtRequest
    | PasswordRequest
    | RefreshRequest
    | Saml2BearerRequest
)
Parse = Callable[[Form, Client], GrantRequest | Denied]

ALL: dict[str, tuple[GrantType, Parse]] = {
    grant.TYPE.value: (grant.TYPE, grant.parse)
    for grant in (
        authorization_code,
        client_credentials,
        device_code,
        jwt_bearer,
        password,
        refresh_token,
        saml2_bearer,
    )
} | {partner_jwt.NAME: (partner_jwt.TYPE, partner_jwt.parse)}
"""grant_type as on the wire -> the grant and its parser. For outside issuers' tokens the vendor has a second name."""
