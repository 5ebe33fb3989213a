"""The routes of the API, which programs call."""

from identity.composition.dependencies import Dependencies
from identity.composition.oidc import OpenIdProvider
from identity.database_probe import DatabaseProbe
from identity.resident_notifications.notify import NotifyResident
from identity.resident_notifications.routes import ResidentNotificationRoutes
from identity.security_events.poll import Poll
from identity.security_events.receivers import ReceiverAuthentication
from identity.security_events.routes import PollRoutes
from identity.security_events.tokens import SecurityEventTokens
from identity.web.api import Route
from identity.web.change_password import ChangePassword
from identity.web.cities import CityData
from identity.web.client_logos import ClientLogos
from identity.web.health import Health
from identity.web.openapi.endpoint import OpenApi
from identity.web.visitor_check import VisitorCheck


def api_routes(dependencies: Dependencies, provider: OpenIdProvider) -> list[Route]:
    """Return the routes of the protocol's endpoints, and of the others that programs call."""
    return [
        *provider.routes(),
        *_notification_routes(dependencies),
        *_security_event_routes(dependencies),
        *ChangePassword(dependencies.settings).routes(),
        *CityData(dependencies.relying_parties, dependencies.settings).routes(),
        *ClientLogos(dependencies.storage).routes(),
        *Health(DatabaseProbe(dependencies.storage, dependencies.clock)).routes(),
        *VisitorCheck().routes(),
        *OpenApi(dependencies.settings).routes(),
    ]


def _notification_routes(dependencies: Dependencies) -> list[Route]:
    notify = NotifyResident(
        dependencies.storage,
        dependencies.clock,
        dependencies.relying_parties,
        dependencies.mail_queue,
        dependencies.mail_budget,
    )
    return ResidentNotificationRoutes(dependencies.resource_authentication, notify).routes()


def _security_event_routes(dependencies: Dependencies) -> list[Route]:
    tokens = SecurityEventTokens(dependencies.key_set)
    poll = Poll(dependencies.storage, dependencies.secret_keys, dependencies.clock, tokens)
    return PollRoutes(ReceiverAuthentication(dependencies.storage), poll).routes()
