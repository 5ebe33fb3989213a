"""The closed list of audit events. An event is never renamed: old records keep its name."""

from enum import StrEnum


class Event(StrEnum):
    """One kind of event; the value is what is stored."""

    REGISTRATION_REQUESTED = "registration_requested"
    REGISTRATION_VERIFIED = "registration_verified"

    SIGN_IN_SUCCEEDED = "sign_in_succeeded"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGN_IN_LOCKED = "sign_in_locked"
    SIGN_OUT = "sign_out"
    SESSION_ENDED = "session_ended"
    # The resident says, by the link of a mail about a sign-in, that it was another person.
    SIGN_IN_REPORTED = "sign_in_reported"

    PASSWORD_RESET_REQUESTED = "password_reset_requested"  # noqa: S105 - an event
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - an event
    UNLOCK_REQUESTED = "unlock_requested"
    UNLOCKED = "unlocked"
    # By the link in a mail that the owner of the address did not ask for.
    EMAILS_STOPPED = "emails_stopped"
    EMAILS_RESUMED = "emails_resumed"
    PROFILE_CHANGED = "profile_changed"

    AUTHORIZATION_GRANTED = "authorization_granted"
    CODE_REPLAYED = "code_replayed"
    REFRESH_REPLAYED = "refresh_replayed"
    GRANT_REVOKED = "grant_revoked"
    CONSENT_GIVEN = "consent_given"
    CONSENT_REMOVED = "consent_removed"
    CLIENT_AUTHENTICATION_FAILED = "client_authentication_failed"

    KEY_CREATED = "key_created"
    KEY_ROTATED = "key_rotated"
    CLIENT_CREATED = "client_created"
    CLIENT_UPDATED = "client_updated"
    CLIENT_SECRET_ROTATED = "client_secret_rotated"  # noqa: S105 - an event
    CLIENT_DISABLED = "client_disabled"
    # Clients that register themselves, and their invitations (RFC 7591, RFC 7592).
    CLIENT_INVITED = "client_invited"
    CLIENT_INVITATION_REVOKED = "client_invitation_revoked"
    CLIENT_REGISTERED_ITSELF = "client_registered_itself"
    CLIENT_UPDATED_ITSELF = "client_updated_itself"
    CLIENT_DELETED_ITSELF = "client_deleted_itself"
    RESOURCE_CHANGED = "resource_changed"
    CITY_CHANGED = "city_changed"
    EVENT_RECEIVER_CHANGED = "event_receiver_changed"

    # The mail server refuses an address for good; no address is recorded.
    MAIL_REFUSED = "mail_refused"

    NOTICE_ACCEPTED = "notice_accepted"
    NOTICE_REFUSED = "notice_refused"

    PROVIDER_NOTICE_ACCEPTED = "provider_notice_accepted"

    # The first request over a limit, for each window of it.
    LIMIT_EXCEEDED = "limit_exceeded"
    # A sign of an attack (`monitoring.signs`).
    ALARM_RAISED = "alarm_raised"

    # By staff or an operator, with their reason. A deletion also at the resident's request.
    RESIDENT_DISABLED = "resident_disabled"
    RESIDENT_ENABLED = "resident_enabled"
    RESIDENT_DELETED = "resident_deleted"
