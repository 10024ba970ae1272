"""The command line whole: every noun, the servers, and the demonstration."""

import typer

from callgate.admin.accounts import ACCOUNTS
from callgate.admin.app_copies import APPS
from callgate.admin.audit import AUDIT
from callgate.admin.calls import CALLS
from callgate.admin.command import HELP
from callgate.admin.config import CONFIG
from callgate.admin.consents import CONSENTS
from callgate.admin.db import DB
from callgate.admin.demo import add_demo
from callgate.admin.dev import add_dev
from callgate.admin.extensions import EXTENSIONS
from callgate.admin.issuers import ISSUERS
from callgate.admin.keys import KEYS
from callgate.admin.postman import add_postman
from callgate.admin.queues import QUEUES
from callgate.admin.radar import CREDENTIALS
from callgate.admin.roles import ROLES
from callgate.admin.saml import SAML
from callgate.admin.serve import add_serve
from callgate.admin.sessions import SESSIONS
from callgate.admin.sso import SSO

NOUNS = (
    ACCOUNTS,
    EXTENSIONS,
    QUEUES,
    CALLS,
    ROLES,
    APPS,
    CREDENTIALS,
    ISSUERS,
    CONSENTS,
    SSO,
    SAML,
    SESSIONS,
    DB,
    KEYS,
    CONFIG,
    AUDIT,
)

ABOUT = """A self-hosted OAuth 2.0 authorization server that speaks RingCentral's wire protocol.

`callgate dev` starts one to try things on. Every other command reads its settings from --config FILE, else from the
file that CALLGATE_CONFIG names, else from callgate.toml in this folder; CALLGATE_… variables win over the file.
"""

EPILOG = (
    "Exit codes: 0 done, 1 refused or something is wrong, 2 used or configured wrongly, "
    "3 the database or a file failed."
)


def build_cli() -> typer.Typer:
    """Every command there is."""
    cli = typer.Typer(
        name="callgate",
        help=ABOUT,
        epilog=EPILOG,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings=HELP,
    )
    for group in NOUNS:
        cli.add_typer(group)
    add_serve(cli)
    add_dev(cli)
    add_demo(cli)
    add_postman(cli)
    return cli
