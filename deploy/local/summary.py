"""The summary that a start ends with: every address, and accounts to try."""

from deploy.local.sample_city.accounts import AMBIGUOUS, AUTO_LINKED, CLOSED, PAST_DUE, TO_FIND, Account
from deploy.local.settings import Settings


def render_summary(settings: Settings) -> str:
    """Return the text to print when every process is ready."""
    values = settings.values
    addresses = [
        ("City website", values["CITY_WEBSITE_BASE_URL"], 'start here: "Pay Utility Bill"'),
        ("Citizen Self Service", values["PORTAL_BASE_URL"], "the portal"),
        ("Community Access ID", values["IDENTITY_ISSUER"], "sign-in, sign-up, profile"),
        (
            "Inbox",
            f"http://{values['INBOX_BIND']}",
            f"every mail arrives here (SMTP {values['INBOX_SMTP_BIND']})",
        ),
        ("billing_link", values["BILLING_LINK_BIND"], "gRPC"),
        (
            "Simulated providers",
            f"http://{values['SIMULATED_PROVIDERS_BIND']}",
            "behind the buttons of Google, Apple, Microsoft and Facebook",
        ),
    ]
    numbers = [
        _numbers(TO_FIND, "found by its numbers"),
        _numbers(PAST_DUE, "found by its numbers, past due"),
        _numbers(CLOSED, "found by its numbers, closed"),
    ]
    shared = " and ".join(registration.account.account_number for registration in AMBIGUOUS)
    emails = [
        (AUTO_LINKED.email, "", f"sign up with it: account {AUTO_LINKED.account.account_number} is there"),
        (AMBIGUOUS[0].email, "", f"registered for {shared}: none is linked by itself"),
    ]
    return "\n".join(
        [
            "",
            *_columns([("Where", "Address", ""), *addresses]),
            "",
            *_columns([("Account number", "Customer ID", "To try"), *numbers, *emails]),
            "",
            'For commands such as `identity clients list`, in another terminal: eval "$(make env)"',
            f"Data and logs: {settings.directory}. Ctrl-C stops everything.",
            "",
        ]
    )


def _numbers(account: Account, text: str) -> tuple[str, str, str]:
    return account.account_number, account.customer_id, text


def _columns(rows: list[tuple[str, str, str]]) -> list[str]:
    first = max(len(row[0]) for row in rows)
    second = max(len(row[1]) for row in rows)
    lines = [f"  {a:<{first}}  {b:<{second}}  {c}".rstrip() for a, b, c in rows]
    width = max(map(len, lines))
    return [lines[0], "  " + "-" * (width - 2), *lines[1:]]
