"""The private keys of this deployment at the simulated providers, in files that survive a restart."""

from pathlib import Path

from joserfc.jwk import ECKey

from .app import SimulatedProviders


def load_or_create(folder: Path) -> SimulatedProviders:
    """Return the simulated providers with the keys in this folder; missing keys are generated."""
    return SimulatedProviders(_key(folder / "apple.p8"), _key(folder / "openid.pem"))


def environment(providers: SimulatedProviders, bind: str, folder: Path) -> dict[str, str]:
    """Return the settings of identity for these providers, Apple's key as a file path."""
    settings = providers.environment(f"http://{bind}")
    del settings["IDENTITY_APPLE_KEY"]
    return settings | {"IDENTITY_APPLE_KEY_FILE": str((folder / "apple.p8").resolve())}


def _key(path: Path) -> ECKey:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
    return ECKey.import_key(path.read_bytes())
