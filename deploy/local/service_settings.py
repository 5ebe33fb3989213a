"""Asks each service whether it can use its settings, before anything starts."""

import os

import billing_link.config
import billing_link.errors
import identity.clock
import identity.config
import identity.errors
import portal.config
import portal.errors
from identity.identity_providers.catalogue import load_providers

from deploy.local.errors import LocalError
from deploy.local.settings import Settings

REFUSALS = (identity.errors.SettingsError, billing_link.errors.SettingsError, portal.errors.SettingsError)


def check(settings: Settings) -> None:
    """Raise `LocalError` with the lines of the first service that cannot."""
    # They read their process's environment, which here is nobody else's.
    os.environ.update(settings.values)
    try:
        identity.config.load_settings()
        load_providers(os.environ, identity.clock.SystemClock())
        billing_link.config.load(billing_link.config.ServerSettings)
        portal.config.load_settings()
    except REFUSALS as refused:
        raise LocalError(str(refused)) from None
