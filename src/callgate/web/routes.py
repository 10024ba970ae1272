"""Every endpoint of the server in one table: path, methods, whose envelope, what answers."""

from collections.abc import Sequence
from dataclasses import replace

from starlette.routing import Route, Router
from structlog.typing import FilteringBoundLogger

from callgate.model.limits import RateGroup
from callgate.service.context import Context
from callgate.web import explain, health, sso
from callgate.web.authorize import AUTHORIZE, CONSENT, SIGN_IN, AuthorizePages
from callgate.web.bearer import BearerEndpoint
from callgate.web.browser import Browsers, show
from callgate.web.cells import Forwarding
from callgate.web.device import AUTHORIZATION, DEVICE, DeviceAuthorizationEndpoint, DevicePages
from callgate.web.door import Door, Endpoint, Family, First, Manner, not_found
from callgate.web.entry_points import EntryPoints
from callgate.web.metadata import KeySetEndpoint, MetadataEndpoint, userinfo
from callgate.web.network import Networks
from callgate.web.openapi import DOCS, OPENAPI, DocsPage, OpenapiEndpoint
from callgate.web.own_credentials import CREDENTIAL, OwnCredentialPages
from callgate.web.pages import STATIC_FILES, HomeLink, HomePage, StaticFile
from callgate.web.resources import RESOURCES, bind
from callgate.web.second_factor import SECOND_FACTOR
from callgate.web.security import CREDENTIALS, PASSWORD, SECURITY, SecurityPages
from callgate.web.sign_out import CONFIRM, SIGN_OUT, SignOutPages
from callgate.web.token import RevokeEndpoint, TokenEndpoint
from callgate.web.wire import Handler, Header, Reply, Request

Table = dict[str, tuple[Family, dict[str, Handler]]]
"""Path -> (whose envelope, method -> handler). A path with braces is a template."""


_STRICT_TRANSPORT: tuple[Header, ...] = ((b"strict-transport-security", b"max-age=31536000"),)
"""Whoever came by TLS once is not to be led back to plain HTTP (RFC 6797); only where the issuer has TLS."""


def build(
    context: Context,
    log: FilteringBoundLogger,
    *,
    networks: Networks | None = None,
    tells: bool = False,
    development: Sequence[Table] = (),
) -> Door:
    """The whole server as one ASGI application. `tells`: each request gets a line in the log."""
    table = endpoints(context)
    for more in development:
        table |= more
    manner = Manner(
        statuses=context.policy.statuses,
        log=log,
        figures=context.figures,
        always=_STRICT_TRANSPORT if context.policy.issuer.startswith("https:") else (),
        tells=tells,
    )
    if context.cells is None:
        return assemble(table, manner, run_id=run_id(context), networks=networks)
    browsers = Browsers(context)
    manner = replace(manner, pages=(browsers.keep_cell(context.cells.own),))
    forwarding = Forwarding(context, browsers, manner=manner)
    return assemble(table, manner, run_id=run_id(context), networks=networks, first=forwarding.take)


def assemble(
    table: Table, manner: Manner, *, run_id: str, networks: Networks | None = None, first: First | None = None
) -> Door:
    """A table of endpoints as one ASGI application."""
    made = {path: Endpoint(handlers, family, path=path, manner=manner) for path, (family, handlers) in table.items()}
    exact = {path: endpoint for path, endpoint in made.items() if "{" not in path}
    templates = [Route(path, endpoint=endpoint) for path, endpoint in made.items() if "{" in path]
    router = Router(routes=templates, redirect_slashes=False, default=not_found(manner))
    return Door(exact, router, run_id=run_id, networks=networks, first=first)


def run_id(context: Context) -> str:
    """The part of request ids that names this process's life: with the serial it reads as a UUID."""
    digits = context.entropy.random_bytes(10).hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}"


def endpoints(context: Context) -> Table:
    """The table itself."""
    browsers = Browsers(context)
    pages = AuthorizePages(context, browsers)
    devices = DevicePages(context, browsers, pages)
    own = SecurityPages(context, browsers, pages)
    jwts = OwnCredentialPages(context, browsers, pages)
    farewell = SignOutPages(context, browsers)
    trips = sso.SsoPages(context, browsers)
    document = MetadataEndpoint(context)
    person = BearerEndpoint(context, userinfo, RateGroup.AUTH)
    entry_points = EntryPoints(context)
    explanations = explain.ExplainEndpoint(context)
    return {
        "/restapi/oauth/token": (Family.OAUTH, {"POST": TokenEndpoint(context)}),
        "/restapi/oauth/revoke": (Family.OAUTH, {"POST": RevokeEndpoint(context)}),
        AUTHORIZATION: (Family.OAUTH, {"POST": DeviceAuthorizationEndpoint(context)}),
        DEVICE: (Family.PAGE, {"GET": devices.ask, "POST": devices.enter}),
        AUTHORIZE: (Family.PAGE, {"GET": pages.authorize, "POST": pages.authorize_by_post}),
        SIGN_IN: (Family.PAGE, {"POST": pages.sign_in}),
        CONSENT: (Family.PAGE, {"POST": pages.consent}),
        SECOND_FACTOR: (Family.PAGE, {"POST": pages.second_factor}),
        SECURITY: (Family.PAGE, {"GET": own.security, "POST": own.change}),
        PASSWORD: (Family.PAGE, {"GET": own.password, "POST": own.change_password}),
        CREDENTIALS: (Family.PAGE, {"GET": jwts.credentials, "POST": jwts.create}),
        CREDENTIAL: (Family.PAGE, {"GET": jwts.credential, "POST": jwts.change}),
        SIGN_OUT: (Family.PAGE, {"GET": farewell.sign_out, "POST": farewell.sign_out_by_post}),
        CONFIRM: (Family.PAGE, {"POST": farewell.confirm}),
        sso.METADATA: (Family.PAGE, {"GET": trips.metadata}),
        sso.START: (Family.PAGE, {"GET": trips.start}),
        sso.ACS: (Family.PAGE, {"POST": trips.accept}),
        sso.CALLBACK: (Family.PAGE, {"GET": trips.called_back}),
        sso.FINISH: (Family.PAGE, {"GET": trips.finish, "POST": trips.confirm}),
        sso.SIGNED_IN: (Family.PAGE, {"GET": trips.signed_in}),
        "/restapi/oauth/userinfo": (Family.API, {"GET": person, "POST": person}),
        "/restapi/oauth/jwks": (Family.OAUTH, {"GET": KeySetEndpoint(context)}),
        explain.PATH: (Family.OAUTH, {"GET": explanations, "POST": explanations}),
        "/.well-known/openid-configuration": (Family.API, {"GET": document}),
        "/.well-known/oauth-authorization-server": (Family.API, {"GET": document}),
        "/.well-known/entry-points/initial": (Family.API, {"GET": entry_points.initial}),
        "/.well-known/entry-points/external": (
            Family.API,
            {"GET": BearerEndpoint(context, entry_points.external)},
        ),
        OPENAPI: (Family.API, {"GET": OpenapiEndpoint(context)}),
        "/restapi": (Family.API, {"GET": entry_points.versions}),
        "/restapi/v1.0": (Family.API, {"GET": entry_points.version}),
        **_resources(context),
        **health.table(context),
        DOCS: (Family.PAGE, {"GET": DocsPage(context)}),
        "/": (Family.PAGE, {"GET": Home(context)}),
        **{path: (Family.PAGE, {"GET": _static(file)}) for path, file in STATIC_FILES.items()},
    }


def _resources(context: Context) -> Table:
    """The resource API: the operations on one path are one endpoint's methods."""
    table: Table = {}
    for resource in RESOURCES:
        _, handlers = table.setdefault(resource.operation.path, (Family.API, {}))
        handlers[resource.operation.method] = BearerEndpoint(context, bind(context, resource), resource.operation.group)
    return table


class Home:
    """What a browser finds at the server's root."""

    def __init__(self, context: Context) -> None:
        issuer = context.policy.issuer
        self._page = HomePage(
            server_name="Callgate",
            issuer=issuer,
            links=(
                HomeLink(label="OpenID Connect", url=f"{issuer}/.well-known/openid-configuration"),
                HomeLink(label="OAuth 2.0", url=f"{issuer}/.well-known/oauth-authorization-server"),
                HomeLink(label="JWKS", url=f"{issuer}/restapi/oauth/jwks"),
                HomeLink(label="API", url=f"{issuer}{DOCS}"),
            ),
        )

    async def __call__(self, request: Request) -> Reply:
        """The page, in the browser's language."""
        return show(request, self._page)


def _static(file: StaticFile) -> Handler:
    headers = tuple((name.lower().encode(), value.encode()) for name, value in file.headers.items())
    reply = Reply(200, headers, file.body)

    async def answer(_: Request) -> Reply:
        return reply

    return answer
