"""The links and codes in mails that wait: the life of each begins when its mail is sent.

A mail may wait for a mailbox that greylists, or for a mail server that is down, while the code in it lives
ten minutes. So each attempt restarts the life of what the mail carries, for at most twice that life after it
was issued: what was mailed late works for as long as the mail says, and never longer than three of its lives.
It stays the same link and code, so that a mail which arrives twice is right twice. What was used meanwhile,
or waits beside a newer one, is not restarted: one statement checks and restarts (docs/decisions/0047).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from identity.mail.messages import Mail, link_lifetime
from identity.residents.accounts.store import Accounts
from identity.residents.action_links.purposes import Purpose
from identity.residents.action_links.store import ActionLinks
from identity.residents.one_time_codes.store import CHANGE_ADDRESS, OneTimeCodes
from identity.residents.sign_in_codes.store import SignInCodes
from identity.secret_keys import SecretKeys
from identity.storage import Storage, Transaction

# Whether what a link is for still waits for it; `subject` is the link's.
Waits = Callable[[Transaction, str], bool]

_LINKS = {
    "verify_registration": Purpose.VERIFY_REGISTRATION,
    "verify_first_sign_in": Purpose.VERIFY_FEDERATION,
    "reset_password": Purpose.RESET_PASSWORD,
    "account_stopped": Purpose.RESET_PASSWORD,
    "unlock_account": Purpose.UNLOCK,
    "account_locked": Purpose.UNLOCK,
}


class StoredProofs:
    """Restarts links and codes in the database."""

    def __init__(self, storage: Storage, secret_keys: SecretKeys, waits: Mapping[Purpose, Waits]) -> None:
        """Take what tells whether a subject still waits, for each purpose that is not a resident's."""
        self._storage, self._secret_keys = storage, secret_keys
        self._waits = {
            Purpose.RESET_PASSWORD: _is_active_resident,
            Purpose.UNLOCK: _is_active_resident,
            **waits,
        }

    def restart(self, mail: Mail, queued_at: datetime, now: datetime) -> Mail | None:
        """Return the mail with what works of its link and code, whose lives begin now; None without any.

        A link may outlive the code beside it: then the mail is returned with an empty code.
        """
        with self._storage.transaction() as tx:
            if mail.template in _LINKS:
                return self._restart_link(tx, mail, queued_at, now)
            if mail.template == "sign_in_code":
                return mail if self._restart_sign_in_code(tx, mail, queued_at, now) else None
            if mail.code_subject:
                works = self._restart_code(tx, CHANGE_ADDRESS, mail.code_subject, mail, queued_at, now)
                return mail if works else None
        return mail

    def _restart_link(self, tx: Transaction, mail: Mail, queued_at: datetime, now: datetime) -> Mail | None:
        purpose = _LINKS[mail.template]
        token, lifetime = _token_of(mail.facts["link"]), link_lifetime(mail) or purpose.lifetime
        subject = ActionLinks(tx).restart_link(token, purpose, lifetime, now)
        if subject is None or not self._waits[purpose](tx, subject):
            return None
        if "code" in mail.facts and not self._restart_code(tx, purpose, subject, mail, queued_at, now):
            return replace(mail, facts={**mail.facts, "code": ""})
        return mail

    def _restart_sign_in_code(self, tx: Transaction, mail: Mail, queued_at: datetime, now: datetime) -> bool:
        codes = SignInCodes(tx, self._secret_keys)
        return codes.restart_code(mail.code_subject, mail.facts["code"], issued_at=queued_at, now=now)

    def _restart_code(
        self, tx: Transaction, purpose: str, subject: str, mail: Mail, queued_at: datetime, now: datetime
    ) -> bool:
        codes = OneTimeCodes(tx, self._secret_keys)
        return codes.restart_code(purpose, subject, mail.facts["code"], issued_at=queued_at, now=now)


def _is_active_resident(tx: Transaction, resident_id: str) -> bool:
    resident = Accounts(tx).get(resident_id)
    return resident is not None and resident.disabled_at is None


def _token_of(link: str) -> str:
    parts = urlsplit(link)
    # In the query in mails that an older release queued.
    return parts.fragment or parse_qs(parts.query).get("token", [""])[0]
