"""Sample people with accounts at the simulated providers. Each shows something that a provider does."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Person:
    """One account. `claims` is what the provider knows; `shows` is said beside the button."""

    key: str
    shows: str
    claims: dict[str, Any] = field(default_factory=dict)
    disabled: bool = False

    @property
    def display_name(self) -> str:
        """The name on the button."""
        names = ("given_name", "family_name", "first_name", "last_name")
        return " ".join(str(self.claims[name]) for name in names if name in self.claims) or self.key


def by_key(people: tuple[Person, ...]) -> dict[str, Person]:
    """Return the people by key."""
    return {person.key: person for person in people}
