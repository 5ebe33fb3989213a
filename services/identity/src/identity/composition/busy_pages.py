"""The forms that set or check a password, and their pages for when too many of them are under way."""

from collections.abc import Mapping

from identity.composition.dependencies import Dependencies
from identity.journeys.recovery.forms import ResetPasswordForm
from identity.journeys.registration.forms import ChoosePasswordForm, SignUpForm
from identity.journeys.sign_in.forms import SignInForm
from identity.relying_parties.clients import RegisteredCity
from identity.web import password_messages
from identity.web.busy_pages import MARK_OF_ADDRESS, BusyPages, PasswordForm
from identity.web.headers import SecurityHeaders


def busy_pages_of(dependencies: Dependencies, headers: SecurityHeaders) -> BusyPages:
    """Return the pages: every route that hashes a password is here, and so takes turns."""

    def sign_in(city: RegisteredCity | None) -> Mapping[str, object]:
        return {
            "providers": dependencies.methods.offered(city),
            "by_password": True,
            "proves_again": False,
            "explain": False,
        }

    def new_password(_city: RegisteredCity | None) -> Mapping[str, object]:
        return {
            "password_hint": password_messages.hint(dependencies.policy),
            "email": MARK_OF_ADDRESS,
            "pending": {"email": MARK_OF_ADDRESS},
        }

    return BusyPages(
        {
            "/sign-in": PasswordForm("sign_in/sign_in.html", SignInForm, sign_in),
            "/sign-up": PasswordForm("registration/sign_up.html", SignUpForm, new_password),
            "/verify-registration": PasswordForm(
                "registration/choose_password.html", ChoosePasswordForm, new_password
            ),
            "/reset-password": PasswordForm("recovery/reset_password.html", ResetPasswordForm, new_password),
        },
        pages=dependencies.pages,
        continuations=dependencies.continuations,
        headers=headers,
        language=dependencies.language,
    )
