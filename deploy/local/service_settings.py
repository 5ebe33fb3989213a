"""Lets each service validate its settings, before any process starts."""

import os

import billing_link.config
import billing_link.errors
import billing_link.setting_types
import identity.clock
import identity.config
import identity.errors
import portal.config
import portal.errors
import portal.setting_types
from billing_link.setting_types import variables_of
from identity.cli.operator import unknown_settings
from identity.identity_providers.load import load_providers

from deploy.local.errors import LocalError
from deploy.local.settings import Settings

REFUSALS = (identity.errors.SettingsError, billing_link.errors.SettingsError, portal.errors.SettingsError)


def check(settings: Settings) -> None:
    """Raise `LocalError` for variables that no service knows, or with what the first service refuses."""
    # Services read the environment of their process; this process has no other use for it.
    os.environ.update(settings.values)
    if unknown := _unknown(settings):
        raise LocalError("\n".join(unknown))
    try:
        identity.config.load_settings(identity.config.Settings)
        load_providers(os.environ, identity.clock.SystemClock())
        billing_link.config.load_settings(billing_link.config.ServerSettings)
        portal.config.load_settings(portal.config.Settings)
    except REFUSALS as refused:
        raise LocalError(str(refused)) from None


def _unknown(settings: Settings) -> list[str]:
    """Return a line for each variable of a service that is none of its settings."""
    return [
        *unknown_settings(settings.values),
        *billing_link.setting_types.unknown_variables(
            "BILLING_LINK_", variables_of(billing_link.config.ServerSettings), settings.values
        ),
        *portal.setting_types.unknown_variables(
            "PORTAL_", variables_of(portal.config.Settings), settings.values
        ),
    ]
