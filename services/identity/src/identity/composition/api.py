"""What machines call."""

from flask import Blueprint

from identity.composition.dependencies import Parts
from identity.composition.oidc import Provider
from identity.resident_notifications.routes import NoticeRoutes
from identity.security_events.poll import Poll
from identity.security_events.routes import PollRoutes
from identity.security_events.tokens import SecurityEventTokens
from identity.signing_keys.key_set import KeyRing
from identity.web.cities import CityData
from identity.web.health import Health
from identity.web.openapi.endpoint import OpenApi


def protocol_provider(parts: Parts) -> Provider:
    """Return the OpenID provider."""
    return Provider(
        parts.storage,
        parts.keyring,
        parts.clock,
        parts.settings,
        parts.pages,
        parts.current_session,
        parts.directory,
        parts.throttle,
        parts.csrf,
        parts.announcements,
    )


def machine_blueprints(parts: Parts, provider: Provider) -> list[Blueprint]:
    """Return what machines call; what needs no cookie is exempt from the protection of forms."""
    protocol = provider.blueprint()
    notices = NoticeRoutes(parts.storage, parts.keyring, parts.clock, parts.directory).blueprint()
    parts.csrf.exempt(protocol)
    parts.csrf.exempt(notices)
    events = SecurityEventTokens(KeyRing(parts.storage, parts.keyring, parts.clock))
    polls = PollRoutes(parts.storage, Poll(parts.storage, parts.keyring, parts.clock, events)).blueprint()
    parts.csrf.exempt(polls)
    cities = CityData(parts.directory, parts.settings).blueprint()
    description = OpenApi(parts.settings).blueprint()
    return [Health(parts.storage).blueprint(), description, cities, protocol, notices, polls]
