"""The providers' logos: there, small, and nothing but drawings."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import identity
import pytest
from simulated_providers import Providers

STATIC = Path(next(iter(identity.__path__))) / "static"


@pytest.mark.parametrize("key", ["google", "apple", "microsoft", "facebook", "logingov"])
def test_a_logo_is_a_plain_drawing(key: str, providers: Providers) -> None:
    path = STATIC / providers[key].brand.logo
    drawing: Any = ET.fromstring(path.read_text())  # noqa: S314 - our own drawing
    assert path.stat().st_size < 4096
    elements = list(drawing.iter())
    # A page's policy forbids styles and scripts in place; a drawing needs neither.
    assert {element.tag.rpartition("}")[2] for element in elements} <= {"svg", "path", "rect"}
    assert not any(name.startswith("on") or name == "style" for e in elements for name in e.attrib)


def test_googles_and_microsofts_logos_have_their_own_four_colours() -> None:
    google, microsoft = ((STATIC / "providers" / f"{n}.svg").read_text() for n in ("google", "microsoft"))
    assert all(colour in google for colour in ("#4285F4", "#34A853", "#FBBC05", "#EA4335"))
    assert all(colour in microsoft for colour in ("#F25022", "#7FBA00", "#00A4EF", "#FFB900"))
