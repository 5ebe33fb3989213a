"""A city may offer fewer providers than the deployment has."""

import json
from pathlib import Path

import pytest
from identity.relying_parties.schemas import RegistrationRefusedError, read_city
from identity.relying_parties.store import Cities

SAMPLE = Path(__file__).parents[3] / "deploy/local/sample_city/identity.json"


@pytest.fixture
def city() -> dict[str, object]:
    """Return a city's file."""
    sample = json.loads(SAMPLE.read_text())
    del sample["logo_file"]
    return sample | {"logo_svg": '<svg xmlns="http://www.w3.org/2000/svg"/>'}


@pytest.mark.parametrize(
    ("written", "stored"),
    [({}, None), ({"sign_in_methods": []}, ()), ({"sign_in_methods": ["google"]}, ("google",))],
)
def test_all_none_or_some(storage, city, written, stored):
    with storage.transaction() as tx:
        Cities(tx).put_city(read_city(city | written).registered())
    with storage.autocommit() as connection:
        assert Cities(connection).find_city("pinellas-park").sign_in_methods == stored


@pytest.mark.parametrize("method", ["password", "Google", "sign in", ""])
def test_what_is_no_provider_is_refused(city, method):
    with pytest.raises(RegistrationRefusedError, match="sign_in_methods"):
        read_city(city | {"sign_in_methods": [method]})
