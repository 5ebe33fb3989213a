"""Invented people with accounts at the simulated providers. Each shows one feature of a provider."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Person:
    """One account. `claims` are those of the provider; `shows` is the text beside the button."""

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
