"""A third party's name looks like no city's."""

import pytest
from identity.relying_parties.names import mixes_alphabets, skeleton

CITY = "City of Pinellas Park"


@pytest.mark.parametrize(
    "name",
    [
        "Pinellas Park",
        "PINELLAS-PARK",
        "the official city of pinellas park",
        "Pinellas\u00a0Park",
        "Pinellas \u2013 Park!",
        "P\uff49nellas Park",
        "Pi\u00f1ellas P\u00e1rk",
        "Ciudad de Pinellas Park",
        "PinellasPark",
    ],
)
def test_a_name_that_looks_like_the_citys(name: str) -> None:
    assert skeleton(name) == skeleton(CITY)


@pytest.mark.parametrize(
    "name", ["Pinellas Park Chess Club", "The Pinellas News", "City of Gulfport", "City"]
)
def test_a_name_of_its_own(name: str) -> None:
    assert skeleton(name) != skeleton(CITY)


def test_alphabets_are_told_apart() -> None:
    assert mixes_alphabets("\u0421ity of Pinellas Park")
    assert not mixes_alphabets("N\u00ba 1 Pe\u00f1a \u2013 \u4e2d \u30ab")
    assert not mixes_alphabets("\u041d\u043e\u0432\u043e\u0441\u0442\u0438")
