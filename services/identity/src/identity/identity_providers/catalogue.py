"""Which providers this deployment offers: those whose credentials are set, in the order of the buttons."""

from collections.abc import Mapping

from identity.clock import Clock
from identity.identity_providers.apple import Apple, AppleConfig
from identity.identity_providers.facebook import Facebook, FacebookConfig
from identity.identity_providers.google import Google, GoogleConfig
from identity.identity_providers.http import Limits, ProviderHttp
from identity.identity_providers.microsoft import Microsoft, MicrosoftConfig
from identity.identity_providers.openid import OpenIDConfig, OpenIDProvider
from identity.identity_providers.provider import Provider


def load_providers(
    environ: Mapping[str, str], clock: Clock, limits: Limits | None = None
) -> dict[str, Provider]:
    """Return the providers by key: Google, Apple, Microsoft, Facebook, then any other by name.

    Asks nobody yet. Raises `SettingsError` that names the variable, if a provider's settings are incomplete.
    """
    http = ProviderHttp(limits)
    offered: list[Provider] = []
    if google := GoogleConfig.from_environment(environ):
        offered.append(Google(google, http, clock))
    if apple := AppleConfig.from_environment(environ):
        offered.append(Apple(apple, http, clock))
    if microsoft := MicrosoftConfig.from_environment(environ):
        offered.append(Microsoft(microsoft, http, clock))
    if facebook := FacebookConfig.from_environment(environ):
        offered.append(Facebook(facebook, http, clock))
    offered.extend(OpenIDProvider(other, http, clock) for other in OpenIDConfig.all_from_environment(environ))
    return {provider.key: provider for provider in offered}
