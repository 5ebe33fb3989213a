"""A city's website with social-auth-core's OpenID Connect backend under Django, as its documentation says.

Runs in an environment of its own.
"""

import os
from typing import Any

import django
from django.conf import settings
from django.contrib.auth import logout
from django.core.management import call_command, execute_from_command_line
from django.http import HttpRequest, JsonResponse
from django.shortcuts import redirect
from django.urls import include, path

BASE_URL = os.environ["BASE_URL"]

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
        "social_django",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    AUTHENTICATION_BACKENDS=["social_core.backends.open_id_connect.OpenIdConnectAuth"],
    SOCIAL_AUTH_URL_NAMESPACE="social",
    SOCIAL_AUTH_OIDC_OIDC_ENDPOINT=os.environ["ISSUER"],
    SOCIAL_AUTH_OIDC_KEY=os.environ["CLIENT_ID"],
    SOCIAL_AUTH_OIDC_SECRET=os.environ["CLIENT_SECRET"],
    SOCIAL_AUTH_OIDC_USE_PKCE=True,
    LOGIN_REDIRECT_URL="/",
)
django.setup()


def home(request: HttpRequest) -> JsonResponse:
    user: Any = request.user
    if not user.is_authenticated:
        return JsonResponse({})
    social = user.social_auth.get(provider="oidc")
    names = {"given_name": user.first_name, "family_name": user.last_name}
    return JsonResponse(
        {
            "profile": {"sub": social.uid, "email": user.email, **names},
            "access_token": social.extra_data["access_token"],
        }
    )


def refresh(request: HttpRequest) -> Any:
    """Refresh the access token, as the documentation does it."""
    from social_django.utils import load_strategy  # noqa: PLC0415 - can be imported once Django is set up

    user: Any = request.user
    user.social_auth.get(provider="oidc").refresh_token(load_strategy())
    return redirect("/")


def sign_out(request: HttpRequest) -> Any:
    logout(request)
    return redirect("/")


urlpatterns = [
    path("", home),
    path("refresh", refresh),
    path("sign-out", sign_out),
    path("", include("social_django.urls", namespace="social")),
]

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    execute_from_command_line(["website", "runserver", "--noreload", BASE_URL.removeprefix("http://")])
