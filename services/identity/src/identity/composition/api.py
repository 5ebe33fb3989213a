"""What machines call."""

from flask import Blueprint

from identity.composition.dependencies import Dependencies
from identity.composition.oidc import Provider
from identity.resident_notifications.routes import ResidentNotificationRoutes
from identity.security_events.poll import Poll
from identity.security_events.routes import PollRoutes
from identity.security_events.tokens import SecurityEventTokens
from identity.web.cities import CityData
from identity.web.health import Health
from identity.web.openapi.endpoint import OpenApi


def protocol_provider(dependencies: Dependencies) -> Provider:
    """Return the OpenID provider."""
    return Provider(
        dependencies.storage,
        dependencies.secret_keys,
        dependencies.clock,
        dependencies.settings,
        dependencies.key_set,
        dependencies.pages,
        dependencies.current_session,
        dependencies.relying_parties,
        dependencies.rate_limiter,
        dependencies.csrf,
        dependencies.sessions,
    )


def api_blueprints(dependencies: Dependencies, provider: Provider) -> list[Blueprint]:
    """Return what machines call; what needs no cookie is exempt from the protection of forms."""
    protocol = provider.blueprint()
    notices = ResidentNotificationRoutes(
        dependencies.storage, dependencies.clock, dependencies.relying_parties, dependencies.mail_queue
    ).blueprint()
    dependencies.csrf.exempt(protocol)
    dependencies.csrf.exempt(notices)
    events = SecurityEventTokens(dependencies.key_set)
    polls = PollRoutes(
        dependencies.storage, Poll(dependencies.storage, dependencies.secret_keys, dependencies.clock, events)
    ).blueprint()
    dependencies.csrf.exempt(polls)
    cities = CityData(dependencies.relying_parties, dependencies.settings).blueprint()
    description = OpenApi(dependencies.settings).blueprint()
    return [Health(dependencies.storage).blueprint(), description, cities, protocol, notices, polls]
