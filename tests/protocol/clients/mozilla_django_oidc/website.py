"""A city's website with mozilla-django-oidc, as its documentation sets it up, in one file.

Runs in an environment of its own. The middleware `SessionRefresh` asks again, silently, when the ID token is
old.
"""

import os
from typing import Any
from urllib.parse import urlencode

import django
from django.conf import settings
from django.core.management import call_command, execute_from_command_line
from django.http import HttpRequest, JsonResponse
from django.shortcuts import redirect
from django.urls import include, path

ISSUER, BASE_URL = os.environ["ISSUER"], os.environ["BASE_URL"]

settings.configure(
    SECRET_KEY="a secret of this test's website",
    DEBUG=True,
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "website.db"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "mozilla_django_oidc",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "mozilla_django_oidc.middleware.SessionRefresh",
    ],
    AUTHENTICATION_BACKENDS=["mozilla_django_oidc.auth.OIDCAuthenticationBackend"],
    OIDC_RP_CLIENT_ID=os.environ["CLIENT_ID"],
    OIDC_RP_CLIENT_SECRET=os.environ["CLIENT_SECRET"],
    OIDC_RP_SIGN_ALGO="RS256",
    OIDC_OP_AUTHORIZATION_ENDPOINT=f"{ISSUER}/authorize",
    OIDC_OP_TOKEN_ENDPOINT=f"{ISSUER}/token",
    OIDC_OP_USER_ENDPOINT=f"{ISSUER}/userinfo",
    OIDC_OP_JWKS_ENDPOINT=f"{ISSUER}/jwks",
    OIDC_STORE_ID_TOKEN=True,
    OIDC_OP_LOGOUT_URL_METHOD=f"{__name__}.logout_at_identity",
    ALLOW_LOGOUT_GET_METHOD=True,
    LOGIN_REDIRECT_URL="/",
    LOGOUT_REDIRECT_URL="/",
)
django.setup()


def logout_at_identity(request: HttpRequest) -> str:
    """Return where signing out goes on: the documentation's `OIDC_OP_LOGOUT_URL_METHOD`."""
    query = {"id_token_hint": request.session["oidc_id_token"], "post_logout_redirect_uri": f"{BASE_URL}/"}
    return f"{ISSUER}/end-session?{urlencode(query)}"


def home(request: HttpRequest) -> JsonResponse:
    user: Any = request.user
    if not user.is_authenticated:
        return JsonResponse({})
    return JsonResponse({"profile": {"email": user.email}, "id_token": request.session["oidc_id_token"]})


def expire(request: HttpRequest) -> Any:
    """Let the ID token look old: the middleware asks again, silently, at the next request."""
    request.session["oidc_id_token_expiration"] = 1
    return redirect("/")


urlpatterns = [path("", home), path("expire", expire), path("oidc/", include("mozilla_django_oidc.urls"))]

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    execute_from_command_line(["website", "runserver", "--noreload", BASE_URL.removeprefix("http://")])
