"""The colours and the logo of a city: colours with enough contrast, an SVG without scripts or references."""

import re
from xml.etree import ElementTree as ET

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
# WCAG 2.2: white text on the primary colour (1.4.3), marks in the accent colour on white (1.4.11).
PRIMARY_CONTRAST = 4.5
ACCENT_CONTRAST = 3.0

LARGEST_LOGO = 64 * 1024  # bytes
_SVG = "{http://www.w3.org/2000/svg}"
_ALLOWED_ELEMENTS = frozenset(
    "svg g path rect circle ellipse line polyline polygon text tspan title desc metadata defs symbol use"  # noqa: SIM905 - reads like the list it is
    " linearGradient radialGradient stop clipPath mask pattern".split()
)
_REFERENCE = re.compile(r"url\(\s*['\"]?(?!#)|@import|javascript:|data:", re.IGNORECASE)


def problem_with_color(color: str, least_contrast: float) -> str | None:
    """Return what is wrong with a colour that stands beside white, in an operator's words, or None."""
    if not _COLOR.fullmatch(color):
        return "is not a colour of the form #rrggbb"
    contrast = contrast_with_white(color)
    if contrast < least_contrast:
        return f"has a contrast of {contrast:.1f}:1 with white; {least_contrast}:1 is needed"
    return None


def contrast_with_white(color: str) -> float:
    """Return the contrast ratio of `#rrggbb` with white (WCAG 2.2, "contrast ratio")."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)  # noqa: PLR2004 - the formula's own numbers
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def problem_with_logo(svg: str) -> str | None:
    """Return what is wrong with an SVG (scripts, references, size), in an operator's words, or None."""
    if len(svg.encode()) > LARGEST_LOGO:
        return f"is larger than {LARGEST_LOGO // 1024} KiB"
    if "<!DOCTYPE" in svg.upper() or "<!ENTITY" in svg.upper():
        return "has a document type; leave it out"
    try:
        root = ET.fromstring(svg)  # noqa: S314 - no document type: no entities to expand
    except ET.ParseError as error:
        return f"is not well-formed XML ({error})"
    if root.tag != f"{_SVG}svg":
        return "is not an SVG drawing (xmlns http://www.w3.org/2000/svg)"
    return next((fault for element in root.iter() if (fault := _problem_with_element(element))), None)


def _problem_with_element(element: ET.Element) -> str | None:
    namespace, name = _split(element.tag)
    if namespace == _SVG[1:-1] and name not in _ALLOWED_ELEMENTS:
        return f"contains <{name}>, which is more than a drawing needs"
    for attribute, value in element.attrib.items():
        local = _split(attribute)[1].lower()
        if local.startswith("on"):
            return f"contains the script attribute {local}"
        if local in ("href", "src") and not value.startswith("#"):
            return "refers to something outside the file"
        if _REFERENCE.search(value):
            return "refers to something outside the file"
    return None


def _split(tag: str) -> tuple[str, str]:
    namespace, _, name = tag.rpartition("}")
    return namespace.lstrip("{"), name
