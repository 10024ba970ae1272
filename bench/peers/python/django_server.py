"""django-oauth-toolkit as its manual sets it up, on SQLite: every grant that it has without a browser.

python django_server.py PORT FOLDER REFRESH_TOKENS  -> one JSON line, then gunicorn in this process.

Client secrets are stored as they are (`hash_client_secret=False`): hashed, as by default, each call would cost what a
password does, some 300 ms.
"""

import json
import os
import secrets
import sys
from datetime import timedelta
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from django.urls import include, path
from serving import become

APPS = 50
FOLDER = Path(os.environ.get("BENCH_FOLDER", "."))

settings.configure(
    DEBUG=False,
    SECRET_KEY="bench",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": FOLDER / "django.db",
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            },
        }
    },
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
    MIDDLEWARE=[],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    OAUTH2_PROVIDER={"SCOPES": {"read": "Read", "introspection": "Introspect"}},
    USE_TZ=True,
)
django.setup()
urlpatterns = [path("o/", include("oauth2_provider.urls", namespace="oauth2_provider"))]
application = get_wsgi_application()


def prepare(count: int) -> dict[str, object]:
    """Make the database; gives what the measurement presents."""
    from django.contrib.auth import get_user_model
    from django.utils import timezone
    from oauth2_provider.models import get_access_token_model, get_application_model, get_refresh_token_model

    app_model, access_model, refresh_model = (
        get_application_model(),
        get_access_token_model(),
        get_refresh_token_model(),
    )
    password = secrets.token_urlsafe(16)
    user = get_user_model().objects.create_user("person", password=password)
    clients = []
    for index in range(APPS + 1):
        secret = secrets.token_urlsafe(32)
        grant = app_model.GRANT_PASSWORD if index == APPS else app_model.GRANT_CLIENT_CREDENTIALS
        app = app_model.objects.create(
            name=f"app {index}",
            client_type=app_model.CLIENT_CONFIDENTIAL,
            authorization_grant_type=grant,
            client_secret=secret,
            hash_client_secret=False,
            user=user,
        )
        clients.append([app.client_id, secret])
    end = timezone.now() + timedelta(hours=1)
    tokens = []
    for _ in range(count):
        access = access_model.objects.create(
            user=user, application=app, token=secrets.token_urlsafe(32), expires=end, scope="read"
        )
        refresh = refresh_model.objects.create(
            user=user, application=app, token=secrets.token_urlsafe(32), access_token=access
        )
        tokens.append([*clients[APPS], refresh.token])
    seen = access_model.objects.create(
        user=user, application=app, token=secrets.token_urlsafe(32), expires=end, scope="read"
    )
    return {
        "clients": clients[:APPS],
        "logins": [[*clients[APPS], "person", password]],
        "refreshTokens": tokens,
        "introspect": [*clients[APPS], seen.token],
    }


if __name__ == "__main__":
    port, _, chains = sys.argv[1:]
    call_command("migrate", verbosity=0)
    with transaction.atomic():
        world = prepare(int(chains))
    print(json.dumps(world), flush=True)
    become(int(port), "django_server:application")
