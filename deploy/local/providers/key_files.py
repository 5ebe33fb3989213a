"""The keys of this deployment's own at the simulated providers, kept in files between two starts."""

from pathlib import Path

from joserfc.jwk import ECKey

from .app import SimulatedProviders


def load_or_create(folder: Path) -> SimulatedProviders:
    """Return the simulated providers with the keys of this folder; makes those that are not there yet."""
    return SimulatedProviders(_key(folder / "apple.p8"), _key(folder / "openid.pem"))


def environment(providers: SimulatedProviders, bind: str, folder: Path) -> dict[str, str]:
    """Return the identity service's settings for them; the key as the path of its file."""
    settings = providers.environment(f"http://{bind}")
    del settings["IDENTITY_APPLE_KEY"]
    return settings | {"IDENTITY_APPLE_KEY_FILE": str((folder / "apple.p8").resolve())}


def _key(path: Path) -> ECKey:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(ECKey.generate_key("P-256").as_pem(private=True))
    return ECKey.import_key(path.read_bytes())
