"""What is aimed at: the rows of the summary, each a figure that a part of the benchmarks saves."""

from collections.abc import Mapping
from dataclasses import dataclass

NOT_MEASURED = "not measured"
# After all load, in MiB: what the largest process holds, and all processes with shared pages counted once.
MEMORY = "memory of `identity serve`, one process, MiB"
PROPORTIONAL_MEMORY = "the same with its parent (PSS), MiB"


@dataclass(frozen=True)
class Aim:
    """A figure, what it is compared with, and the most that it should be."""

    figure: str
    compared_with: str
    most: float
    stretch: float | None = None

    def row(self, figures: Mapping[str, float]) -> list[str]:
        """Return the row of the summary."""
        value = figures.get(self.figure)
        name = f"{self.figure} : {self.compared_with}" if self.compared_with else self.figure
        aims = [_number(self.most), "" if self.stretch is None else _number(self.stretch)]
        return [name, NOT_MEASURED if value is None else _number(value), *aims, self._met(value)]

    def _met(self, value: float | None) -> str:
        if value is None:
            return "-"
        if self.stretch is not None and value <= self.stretch:
            return "stretch"
        return "yes" if value <= self.most else "no"


_OIDC_PROVIDER = "oidc-provider ES256"
_ECHO = "empty gRPC echo"
_ITS_CALLS = "its calls + an empty page"
AIMS = (
    Aim("code + PKCE", _OIDC_PROVIDER, 0.65, 0.5),
    Aim("refresh", _OIDC_PROVIDER, 0.65, 0.5),
    Aim("userinfo, new token", _OIDC_PROVIDER, 0.95, 0.8),
    Aim("userinfo, same token", _OIDC_PROVIDER, 0.7, 0.5),
    Aim("introspection, new token", _OIDC_PROVIDER, 0.7, 0.6),
    Aim("introspection, same token", _OIDC_PROVIDER, 0.55, 0.4),
    Aim("client_credentials", _OIDC_PROVIDER, 0.5, 0.4),
    Aim("discovery", _OIDC_PROVIDER, 0.4),
    Aim("JWKS", _OIDC_PROVIDER, 0.4),
    Aim("password sign-in", "one Argon2id hash", 1.15, 1.08),
    Aim("GET /sign-in", "its bytes, static", 6),
    Aim("ResolveAccount", _ECHO, 2.2, 1.8),
    Aim("ListLinkedAccounts (3 links)", _ECHO, 2.8),
    Aim("GetAccount", _ECHO, 2.8),
    Aim("portal's home page, 3 accounts", _ITS_CALLS, 2),
    Aim("portal's home page, 3 accounts, profile read", _ITS_CALLS, 2),
    Aim(MEMORY, "", 120),
    Aim(PROPORTIONAL_MEMORY, "", 120),
)
HEAD = ["CPU, server and database", "measured", "aim at most", "stretch", "met"]


def summary(figures: Mapping[str, float]) -> list[list[str]]:
    """Return the table of all aims; its first row is the head."""
    return [HEAD, *(aim.row(figures) for aim in AIMS)]


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 20 else f"{value:.2f}"  # noqa: PLR2004 - a ratio, or MiB
