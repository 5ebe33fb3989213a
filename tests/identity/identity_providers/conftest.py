"""The simulated providers, for every test of the providers."""

# Imported here and no plugin of all tests, since `clock` and `sign_in` mean others elsewhere.
from simulated_providers import (  # noqa: F401 - fixtures
    behaviours,
    clock,
    limits,
    providers,
    refusal,
    running_providers,
    sign_in,
    simulated,
    visitor,
)
