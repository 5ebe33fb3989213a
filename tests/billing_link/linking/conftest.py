"""A link, and callers who do not own it."""

import pytest


@pytest.fixture
def link(served, verbs, resident, typed):
    return verbs.resolve(resident("owner"), served, typed("004215-01", "108734", remember=True)).link


@pytest.fixture(params=["another resident", "another issuer", "another city"])
def stranger(request, resident, put_city):
    """Return a caller and the city they are in: all but one thing of the owner's."""
    match request.param:
        case "another resident":
            return resident("stranger"), put_city().city
        case "another issuer":
            return resident("owner", issuer="https://id.elsewhere.gov"), put_city().city
    return resident("owner"), put_city(id="other-city").city
