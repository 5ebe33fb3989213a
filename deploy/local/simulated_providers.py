"""Configures identity for the simulated providers; a real provider that is configured stays."""

from dataclasses import replace

from deploy.local.providers.key_files import environment, load_or_create
from deploy.local.settings import Settings

FOLDER = "providers"


def add_settings(settings: Settings) -> Settings:
    """Return the settings with those of each simulated provider for which no variable is set."""
    folder = settings.directory / FOLDER
    made = environment(load_or_create(folder), settings.values["SIMULATED_PROVIDERS_BIND"], folder)
    set_up = {_provider(name) for name in settings.values}
    simulated = {name: value for name, value in made.items() if _provider(name) not in set_up}
    return replace(settings, values=simulated | dict(settings.values))


def _provider(name: str) -> str:
    """Return the prefix of a provider's variables, such as `IDENTITY_GOOGLE`."""
    return "_".join(name.split("_")[:2])
