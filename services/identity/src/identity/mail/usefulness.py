"""How long a mail that could not be sent stays worth sending: while what it says is true.

Each is counted from when the mail was queued. The links and codes in it have lives of their own, which begin
when it is sent (`identity.mailed_proofs`).
"""

from datetime import timedelta

from identity.mail.messages import Mail, link_lifetime

# As long as mail servers try (RFC 5321 §4.5.4.1): of what has happened, and stays so.
_LASTING = timedelta(days=4)
# Answers to a request on a page, and mails whose link works for half an hour.
_HOUR = timedelta(hours=1)
# A pending registration lives as long.
_DAY = timedelta(days=1)

USEFUL_FOR = {
    "verify_registration": _DAY,
    "verify_first_sign_in": _DAY,
    # Its code cannot live longer (`one_time_codes`).
    "verify_new_address": timedelta(minutes=20),
    "sign_in_code": timedelta(minutes=20),
    "already_registered": _DAY,
    "use_your_provider": _DAY,
    "no_account": _HOUR,
    "reset_password": _HOUR,
    "password_changed": _LASTING,
    "unlock_account": _HOUR,
    "account_not_locked": _HOUR,
    "account_locked": _HOUR,
    "account_stopped": _HOUR,
    "sessions_ended_for_safety": _LASTING,
    "browser_signed_out": _LASTING,
    "new_sign_in": _LASTING,
    "address_changed": _LASTING,
    "id_deleted": _LASTING,
    "utility_account_linked": _LASTING,
    # Before the end of the week in which it can be undone.
    "utility_account_auto_linked": _LASTING,
    "utility_account_linked_by_other": _LASTING,
    "utility_account_unlinked": _LASTING,
}


def useful_for(mail: Mail) -> timedelta:
    """Return how long a mail is worth sending; a mail of another release's, as long as any.

    One that says how long its link works is useful for twice as long (`action_links.purposes`).
    """
    lifetime = link_lifetime(mail)
    return 2 * lifetime if lifetime else USEFUL_FOR.get(mail.template, _LASTING)
