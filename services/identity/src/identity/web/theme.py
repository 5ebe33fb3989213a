"""A city's colours as a style sheet over USWDS: custom properties, and the few rules that use them."""

import re

_TEMPLATE = """\
:root {{
  --city-primary: {primary};
  --city-primary-dark: {primary_dark};
  --city-primary-darker: {primary_darker};
  --city-on-primary: {on_primary};
  --city-accent: {accent};
}}
.usa-button:not(.usa-button--unstyled):not(.usa-button--outline):not(.usa-button--secondary) {{
  background-color: var(--city-primary);
  color: var(--city-on-primary);
}}
.usa-button:not(.usa-button--unstyled):not(.usa-button--outline):not(.usa-button--secondary):hover {{
  background-color: var(--city-primary-dark);
  color: var(--city-on-primary);
}}
.usa-button:not(.usa-button--unstyled):not(.usa-button--outline):not(.usa-button--secondary):active {{
  background-color: var(--city-primary-darker);
  color: var(--city-on-primary);
}}
.usa-button--outline:not(.usa-button--unstyled) {{
  box-shadow: inset 0 0 0 2px var(--city-primary);
  color: var(--city-primary);
}}
.usa-button--outline:not(.usa-button--unstyled):hover {{
  box-shadow: inset 0 0 0 2px var(--city-primary-dark);
  color: var(--city-primary-dark);
}}
.usa-link, .usa-button--unstyled, .usa-show-password {{ color: var(--city-primary); }}
.usa-link:visited {{ color: var(--city-primary); }}
.usa-link:hover, .usa-button--unstyled:hover, .usa-show-password:hover {{ color: var(--city-primary-dark); }}
.usa-checkbox__input:checked + [class*="__label"]::before {{
  background-color: var(--city-primary);
  box-shadow: 0 0 0 2px var(--city-primary);
}}
"""
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_NEUTRAL = "#005ea2"
_WHITE, _INK = "#ffffff", "#1b1b1b"


def style_sheet(primary_color: str, accent_color: str) -> str:
    """Return the theme. A value that is no `#rrggbb` becomes USWDS blue: nothing else gets into the sheet."""
    primary = primary_color if _COLOR.fullmatch(primary_color) else _NEUTRAL
    accent = accent_color if _COLOR.fullmatch(accent_color) else _NEUTRAL
    return _TEMPLATE.format(
        primary=primary,
        primary_dark=_darker(primary, 0.8),
        primary_darker=_darker(primary, 0.6),
        on_primary=_WHITE if _contrast(primary, _WHITE) >= _contrast(primary, _INK) else _INK,
        accent=accent,
    )


def _channels(color: str) -> list[int]:
    return [int(color[i : i + 2], 16) for i in (1, 3, 5)]


def _darker(color: str, factor: float) -> str:
    return "#" + "".join(f"{round(channel * factor):02x}" for channel in _channels(color))


def _contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2, "contrast ratio")."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    """Return the relative luminance (WCAG 2.2, "relative luminance")."""
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - WCAG's constants
        for channel in (value / 255 for value in _channels(color))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
