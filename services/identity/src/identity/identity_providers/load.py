"""Loads the providers of this deployment: those whose credentials are set, in the order of the buttons."""

from collections.abc import Mapping

from identity.clock import Clock
from identity.egress import DIRECT, Egress
from identity.identity_providers.apple import Apple, AppleSettings
from identity.identity_providers.facebook import Facebook, FacebookSettings
from identity.identity_providers.google import Google, GoogleSettings
from identity.identity_providers.http import LIMITS, ProviderHttp
from identity.identity_providers.microsoft import Microsoft, MicrosoftSettings
from identity.identity_providers.openid import OpenIDProvider, read_openid_providers
from identity.identity_providers.provider import Provider
from identity.identity_providers.settings import read_provider
from identity.outbound_http import Limits


def load_providers(
    environ: Mapping[str, str], clock: Clock, limits: Limits = LIMITS, egress: Egress = DIRECT
) -> dict[str, Provider]:
    """Return the providers by key: Google, Apple, Microsoft, Facebook, then any other by name.

    Sends no request. Raises `SettingsError` that names each variable that is missing or wrong.
    """
    http = ProviderHttp(limits, egress)
    offered: list[Provider] = []
    if google := read_provider(GoogleSettings, environ, "Sign in with Google"):
        offered.append(Google(google, http, clock))
    if apple := read_provider(AppleSettings, environ, "Sign in with Apple"):
        offered.append(Apple(apple, http, clock))
    if microsoft := read_provider(MicrosoftSettings, environ, "Sign in with Microsoft"):
        offered.append(Microsoft(microsoft, http, clock))
    if facebook := read_provider(FacebookSettings, environ, "Sign in with Facebook"):
        offered.append(Facebook(facebook, http, clock))
    others = read_openid_providers(environ)
    offered.extend(OpenIDProvider(key, other, http, clock) for key, other in others.items())
    return {provider.key: provider for provider in offered}
