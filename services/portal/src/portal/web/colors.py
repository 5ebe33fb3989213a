"""The city's colours as CSS variables, each with a text colour of enough contrast (WCAG 1.4.3)."""

from portal.web.city import City

# On any colour one of the two has a contrast of 4.58 or more.
WHITE, BLACK = "#ffffff", "#000000"
# WCAG 1.4.3 for text of normal size.
ENOUGH = 4.5


def stylesheet(city: City) -> str:
    """Return the stylesheet; every value is a checked `#rrggbb`, so that nothing can be injected."""
    link = city.accent_color if contrast(city.accent_color, WHITE) >= ENOUGH else darkened(city.accent_color)
    return (
        ":root{"
        f"--city-primary:{city.primary_color};--city-on-primary:{readable_on(city.primary_color)};"
        f"--city-accent:{link};--city-accent-dark:{darkened(link)};"
        "}\n"
    )


def readable_on(background: str) -> str:
    """Return white or black: the one with more contrast."""
    return WHITE if contrast(background, WHITE) >= contrast(background, BLACK) else BLACK


def darkened(color: str) -> str:
    """Return the colour darkened by a quarter, repeatedly until white text on it has enough contrast."""
    channels = _channels(color)
    while True:
        channels = [channel * 3 // 4 for channel in channels]
        shade = "#" + "".join(f"{channel:02x}" for channel in channels)
        if contrast(shade, WHITE) >= ENOUGH:
            return shade


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    threshold = 0.04045
    return channel / 12.92 if channel <= threshold else float(((channel + 0.055) / 1.055) ** 2.4)


def _channels(color: str) -> list[int]:
    return [int(color[start : start + 2], 16) for start in (1, 3, 5)]
