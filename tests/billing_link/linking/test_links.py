"""How a link's account is named in a mail."""

import pytest
from billing_link.linking.links import account_ending


@pytest.mark.parametrize(
    ("printed", "ending"),
    [
        ("004310-02", "10-02"),
        ("4310 02", "10 02"),
        ("01234.05", "34.05"),
        ("00-1234567", "4567"),
        ("000-1234567-005", "7-005"),
        ("12/345", "345"),
        ("12--34", "34"),
        ("AB.CD", "CD"),
        ("7", "7"),
        ("004310-02 (old)", "old"),
        ("004310-02)", "10-02"),
        ("", ""),
    ],
)
def test_the_end_of_a_number_is_as_printed(printed: str, ending: str) -> None:
    assert account_ending(printed) == ending
