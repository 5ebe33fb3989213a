"""The closed list of what is recorded. An event is added here before it is recorded, and never renamed."""

from enum import StrEnum


class Event(StrEnum):
    """One kind of thing that happened."""

    REGISTRATION_REQUESTED = "registration_requested"
    REGISTRATION_VERIFIED = "registration_verified"

    SIGN_IN_SUCCEEDED = "sign_in_succeeded"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGN_IN_LOCKED = "sign_in_locked"
    SIGN_OUT = "sign_out"
    SESSION_ENDED = "session_ended"

    PASSWORD_RESET_REQUESTED = "password_reset_requested"  # noqa: S105 - an event
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - an event
    UNLOCK_REQUESTED = "unlock_requested"
    UNLOCKED = "unlocked"
    PROFILE_CHANGED = "profile_changed"

    AUTHORIZATION_GRANTED = "authorization_granted"
    CODE_REPLAYED = "code_replayed"
    REFRESH_REPLAYED = "refresh_replayed"
    GRANT_REVOKED = "grant_revoked"
    CLIENT_AUTHENTICATION_FAILED = "client_authentication_failed"

    KEY_CREATED = "key_created"
    KEY_ROTATED = "key_rotated"
    CLIENT_CREATED = "client_created"
    CLIENT_UPDATED = "client_updated"
    CLIENT_SECRET_ROTATED = "client_secret_rotated"  # noqa: S105 - an event
    CLIENT_DISABLED = "client_disabled"
    RESOURCE_CHANGED = "resource_changed"
    CITY_CHANGED = "city_changed"

    NOTICE_ACCEPTED = "notice_accepted"
    NOTICE_REFUSED = "notice_refused"

    PROVIDER_NOTICE_ACCEPTED = "provider_notice_accepted"
    RESIDENT_DELETED = "resident_deleted"
