"""Lets each service validate its settings, before any process starts."""

import os

import billing_link.config
import billing_link.errors
import identity.clock
import identity.config
import identity.errors
import portal.config
import portal.errors
from identity.identity_providers.load import load_providers

from deploy.local.errors import LocalError
from deploy.local.settings import Settings

REFUSALS = (identity.errors.SettingsError, billing_link.errors.SettingsError, portal.errors.SettingsError)


def check(settings: Settings) -> None:
    """Raise `LocalError` with the message of the first service that refuses its settings."""
    # Services read the environment of their process; this process has no other use for it.
    os.environ.update(settings.values)
    try:
        identity.config.load_settings(identity.config.Settings)
        load_providers(os.environ, identity.clock.SystemClock())
        billing_link.config.load_settings(billing_link.config.ServerSettings)
        portal.config.load_settings(portal.config.Settings)
    except REFUSALS as refused:
        raise LocalError(str(refused)) from None
