"""Loads the providers of this deployment: those whose credentials are set, in the order of the buttons."""

from collections.abc import Mapping

from identity.clock import Clock
from identity.egress import DIRECT, Egress
from identity.errors import SettingsError
from identity.identity_providers.apple import Apple, AppleSettings
from identity.identity_providers.facebook import Facebook, FacebookSettings
from identity.identity_providers.google import Google, GoogleSettings
from identity.identity_providers.http import LIMITS, ProviderHttp
from identity.identity_providers.microsoft import Microsoft, MicrosoftSettings
from identity.identity_providers.openid import OpenIDProvider, read_openid_providers
from identity.identity_providers.provider import Provider
from identity.identity_providers.settings import Kind, read_provider
from identity.outbound_http import Limits
from identity.setting_types import variables_of

_NAMED = (GoogleSettings, AppleSettings, MicrosoftSettings, FacebookSettings)


def load_providers(
    environ: Mapping[str, str], clock: Clock, limits: Limits = LIMITS, egress: Egress = DIRECT
) -> dict[str, Provider]:
    """Return the providers by key: Google, Apple, Microsoft, Facebook, then any other by name.

    Sends no request. Raises `SettingsError` that names each variable that is missing or wrong.
    """
    http = ProviderHttp(limits, egress)
    offered: list[Provider] = []
    faults: list[str] = []

    def read(kind: type[Kind], what: str) -> Kind | None:
        try:
            return read_provider(kind, environ, what)
        except SettingsError as error:
            faults.append(str(error))
            return None

    if google := read(GoogleSettings, "Sign in with Google"):
        offered.append(Google(google, http, clock))
    if apple := read(AppleSettings, "Sign in with Apple"):
        offered.append(Apple(apple, http, clock))
    if microsoft := read(MicrosoftSettings, "Sign in with Microsoft"):
        offered.append(Microsoft(microsoft, http, clock))
    if facebook := read(FacebookSettings, "Sign in with Facebook"):
        offered.append(Facebook(facebook, http, clock))
    try:
        others = read_openid_providers(environ)
    except SettingsError as error:
        faults.append(str(error))
    if faults:
        raise SettingsError("\n".join(faults))
    offered.extend(OpenIDProvider(key, other, http, clock) for key, other in others.items())
    return {provider.key: provider for provider in offered}


def known_variables() -> set[str]:
    """Return the names of the variables that are read here, but for those of other providers."""
    names = {variable for kind in _NAMED for variable in variables_of(kind)}
    return names | {f"{name}_FILE" for name in names}
