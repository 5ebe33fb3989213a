"""The mails that identity sends: one function a mail, which names the facts that its template needs.

The function `reset_password` belongs to `templates/mail/reset_password.jinja`. Links are whole URLs; a
`provider` is the resident's sign-in method (`google`, …, or the key of another provider).
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Self

# Of a link in a mail, where it is not said.
HALF_AN_HOUR = timedelta(minutes=30)


@dataclass(frozen=True)
class Recipient:
    """To whom a mail goes, and in which city's name. Holds personal data."""

    # An e-mail address as its owner typed it; empty for a resident who has none, and then nothing is sent.
    address: str
    # BCP 47; what is not translated is sent in English.
    language: str
    # The city whose name and colours the mail bears; None for the product's own.
    city_id: str | None


@dataclass(frozen=True)
class Mail:
    """One mail, as it waits in the outbox. Holds personal data, and links and codes that are secrets.

    The worker of another release may read it: members and the names of templates and facts stay.
    """

    to: str
    # BCP 47.
    language: str
    # A file in `templates/mail/`, without its ending.
    template: str
    city_id: str | None
    # By the names that the template uses.
    facts: dict[str, str]
    # Whose code the mail carries, where no link in it tells (`identity.mailed_proofs`).
    code_subject: str = ""

    def as_json(self) -> str:
        """Return the mail as JSON text."""
        members = asdict(self)
        if not self.code_subject:
            # The worker of the release before does not know it.
            del members["code_subject"]
        return json.dumps(members)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the mail that `as_json` wrote."""
        return cls(**json.loads(text))


def verify_registration(to: Recipient, *, link: str, code: str) -> Mail:
    """Ask for proof that the address of a registration is read by the person who registered."""
    return _mail(to, "verify_registration", link=link, code=code)


def verify_first_sign_in(to: Recipient, *, link: str, code: str, provider: str) -> Mail:
    """Ask for proof of an address that the provider did not verify, at the first sign-in with it."""
    return _mail(to, "verify_first_sign_in", link=link, code=code, provider=provider)


def verify_new_address(to: Recipient, *, code: str, code_subject: str) -> Mail:
    """Ask for proof of the address that a resident wants to change to; `code_subject` is the code's."""
    return replace(_mail(to, "verify_new_address", code=code), code_subject=code_subject)


def sign_in_code(to: Recipient, *, code: str, code_subject: str, reset_link: str) -> Mail:
    """Give a resident who typed the right password the code that their sign-in needs as well."""
    mail = _mail(to, "sign_in_code", code=code, reset_link=reset_link)
    return replace(mail, code_subject=code_subject)


def already_registered(to: Recipient, *, sign_in_link: str, reset_link: str) -> Mail:
    """Tell a resident with a password that their address was used to register again."""
    return _mail(to, "already_registered", sign_in_link=sign_in_link, reset_link=reset_link)


def use_your_provider(to: Recipient, *, provider: str, sign_in_link: str) -> Mail:
    """Tell a resident without a password that they sign in with their provider."""
    return _mail(to, "use_your_provider", provider=provider, sign_in_link=sign_in_link)


def no_account(to: Recipient, *, sign_up_link: str) -> Mail:
    """Tell the owner of an address, for which help was asked, that it has no account."""
    return _mail(to, "no_account", sign_up_link=sign_up_link)


def reset_password(to: Recipient, *, link: str, lifetime: timedelta = HALF_AN_HOUR) -> Mail:
    """Bring the link with which a new password is chosen."""
    return _mail(to, "reset_password", link=link, link_minutes=_minutes(lifetime))


def password_changed(to: Recipient, *, reset_link: str) -> Mail:
    """Tell a resident that the password was changed, with the way back if it was not them."""
    return _mail(to, "password_changed", reset_link=reset_link)


def unlock_account(to: Recipient, *, link: str, lifetime: timedelta = HALF_AN_HOUR) -> Mail:
    """Bring the link that unlocks, to a resident who asked for it."""
    return _mail(to, "unlock_account", link=link, link_minutes=_minutes(lifetime))


def account_not_locked(to: Recipient, *, sign_in_link: str, reset_link: str) -> Mail:
    """Tell a resident who asked to unlock that nothing is locked, and what else may help."""
    return _mail(to, "account_not_locked", sign_in_link=sign_in_link, reset_link=reset_link)


def account_locked(to: Recipient, *, link: str, lifetime: timedelta = HALF_AN_HOUR) -> Mail:
    """Tell a resident that sign-ins wait after wrong passwords; the link unlocks."""
    return _mail(to, "account_locked", link=link, link_minutes=_minutes(lifetime))


def account_stopped(to: Recipient, *, link: str, lifetime: timedelta = HALF_AN_HOUR) -> Mail:
    """Tell a resident that only a new password helps after so many wrong ones; the link is to choose it."""
    return _mail(to, "account_stopped", link=link, link_minutes=_minutes(lifetime))


def sessions_ended_for_safety(to: Recipient, *, service: str, reset_link: str) -> Mail:
    """Tell a resident that a refresh token of theirs was replayed; `service` is the website's name."""
    return _mail(to, "sessions_ended_for_safety", service=service, reset_link=reset_link)


def browser_signed_out(to: Recipient, *, browser: str, system: str, provider: str, reset_link: str) -> Mail:
    """Tell a resident that the cookie of a session was used twice; `provider` is empty for a password.

    `browser` and `system` are names such as "Firefox" and "Windows"; empty where they are not known.
    """
    return _mail(
        to,
        "browser_signed_out",
        browser=browser,
        system=system,
        provider=provider,
        reset_link=reset_link,
    )


def new_sign_in(to: Recipient, *, browser: str, system: str, network: str, link: str) -> Mail:
    """Tell a resident of a sign-in in a browser never seen before; the link is for "This wasn't me".

    `browser`, `system` and `network` are words, empty where they are not known.
    """
    return _mail(to, "new_sign_in", browser=browser, system=system, network=network, link=link)


def address_changed(to: Recipient, *, new_address: str, provider: str, sign_in_link: str) -> Mail:
    """Tell the address before that the resident has another one now."""
    return _mail(to, "address_changed", new_address=new_address, provider=provider, sign_in_link=sign_in_link)


def id_deleted(to: Recipient, *, provider: str, sign_in_link: str) -> Mail:
    """Tell a resident that their ID is deleted, as they asked at their provider."""
    return _mail(to, "id_deleted", provider=provider, sign_in_link=sign_in_link)


def utility_account_linked(to: Recipient, *, account_ending: str, portal_link: str) -> Mail:
    """Tell a resident that a utility account was added to their profile; `portal_link` may be empty."""
    return _mail(to, "utility_account_linked", account_ending=account_ending, portal_link=portal_link)


def utility_account_auto_linked(
    to: Recipient, *, account_ending: str, undo_until: date | None, portal_link: str
) -> Mail:
    """Tell a resident that a utility account was found and added; `portal_link` may be empty."""
    return _mail(
        to,
        "utility_account_auto_linked",
        account_ending=account_ending,
        undo_until=undo_until.isoformat() if undo_until else "",
        portal_link=portal_link,
    )


def utility_account_linked_by_other(to: Recipient, *, account_ending: str, portal_link: str) -> Mail:
    """Tell a resident that another person added the same utility account; `portal_link` may be empty."""
    return _mail(
        to, "utility_account_linked_by_other", account_ending=account_ending, portal_link=portal_link
    )


def utility_account_unlinked(to: Recipient, *, account_ending: str, portal_link: str) -> Mail:
    """Tell a resident that a utility account was removed; `portal_link` may be empty."""
    return _mail(to, "utility_account_unlinked", account_ending=account_ending, portal_link=portal_link)


def with_stop_link(mail: Mail, link: str) -> Mail:
    """Return the mail with the link that stops the mails that strangers ask for."""
    return replace(mail, facts={**mail.facts, "stop_link": link})


def link_lifetime(mail: Mail) -> timedelta | None:
    """Return how long the link works from when the mail is sent; None where its purpose alone says it."""
    minutes = mail.facts.get("link_minutes")
    return timedelta(minutes=int(minutes)) if minutes else None


def _minutes(lifetime: timedelta) -> str:
    return str(lifetime // timedelta(minutes=1))


def _mail(to: Recipient, template: str, **facts: str) -> Mail:
    return Mail(to=to.address, language=to.language, template=template, city_id=to.city_id, facts=facts)
