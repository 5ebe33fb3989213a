"""Draws the ratios as SVG: a row for each operation, a mark for each server, a logarithmic axis."""

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, ROW, LEFT, RIGHT, TOP, BOTTOM = 800, 40, 200, 40, 64, 44
LOWEST, HIGHEST = 1 / 8, 128
# Readable on white and on black; shapes distinguish the servers without colour.
COLOURS = ("#2378c3", "#d54309", "#538200", "#a15c9b")
# The width of a label.
LABEL = 30
TRIANGLE = 3
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1b1b1b}.quiet{fill:#71767a}"
    ".grid{stroke:#dfe1e2}.one{stroke:#71767a;stroke-width:2}"
    "@media(prefers-color-scheme:dark){text{fill:#f0f0f0}.quiet{fill:#a9aeb1}.grid{stroke:#3d4551}}"
)


def draw(rows: Sequence[str], ratios: Mapping[str, Mapping[str, float]], reference: str) -> str:
    """Return the SVG of `ratios`, by server and row, to the reference server; missing values are left out."""
    height = TOP + ROW * len(rows) + BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>CPU time per operation, {escape(reference)} = 1</title><style>{STYLE}</style>",
        *_axis(height, reference),
        *_legend(list(ratios)),
    ]
    for index, row in enumerate(rows):
        y = TOP + ROW * index + ROW / 2
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text x="{LEFT - 12}" y="{y + 4}" text-anchor="end">{escape(row)}</text>')
        parts += _dots([of_server.get(row) for of_server in ratios.values()], y)
    return "\n".join([*parts, "</svg>", ""])


def _axis(height: int, reference: str) -> list[str]:
    bottom = height - BOTTOM
    parts = []
    for power in range(int(math.log2(LOWEST)), int(math.log2(HIGHEST)) + 1):
        x = _x(2.0**power)
        label = f"{2**power}" if power >= 0 else f"1/{2**-power}"
        kind = "one" if power == 0 else "grid"
        parts.append(f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{bottom}"/>')
        parts.append(f'<text class="quiet" x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{label}</text>')
    words = (
        f"CPU of server and database per operation, {escape(reference)} = 1 (logarithmic; left is cheaper)"
    )
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(f'<text class="quiet" x="{middle}" y="{height - 8}" text-anchor="middle">{words}</text>')
    return parts


def _legend(names: Sequence[str]) -> list[str]:
    parts, x = [], float(LEFT)
    for number, name in enumerate(names):
        parts.append(_mark(x + 6, 24, number))
        parts.append(f'<text x="{x + 18}" y="28">{escape(name)}</text>')
        x += 50 + 7.5 * len(name)
    return parts


def _dots(ratios: Sequence[float | None], y: float) -> list[str]:
    parts, marks = [], list[str]()
    labels: list[float] = []
    for number, ratio in enumerate(ratios):
        if ratio is None:
            continue
        x = _x(ratio)
        # The first server's label is on the left; another one's is left out where it would cover a label.
        at = x - 11 if number == 0 else x + 11
        if all(abs(at - other) > LABEL for other in labels):
            labels.append(at)
            anchor = ' text-anchor="end"' if number == 0 else ""
            parts.append(f'<text x="{at:.1f}" y="{y - 6:.1f}"{anchor}>{_number(ratio)}</text>')
        marks.append(_mark(x, y, number))
    # The first server's mark covers the others.
    return [*parts, *reversed(marks)]


def _number(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 1 else f"{ratio:.1f}" if ratio < 10 else f"{ratio:.0f}"  # noqa: PLR2004 - of two digits


def _mark(x: float, y: float, number: int) -> str:
    colour = COLOURS[number % len(COLOURS)]
    if number == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="6" fill="{colour}"/>'
    if number == TRIANGLE:
        points = f"{x:.1f},{y - 7:.1f} {x - 7:.1f},{y + 5:.1f} {x + 7:.1f},{y + 5:.1f}"
        return f'<polygon points="{points}" fill="{colour}"/>'
    turn = f' transform="rotate(45 {x:.1f} {y:.1f})"' if number % 2 else ""
    return f'<rect x="{x - 5:.1f}" y="{y - 5:.1f}" width="10" height="10" fill="{colour}"{turn}/>'


def _x(ratio: float) -> float:
    within = min(max(ratio, LOWEST), HIGHEST)
    share = math.log2(within / LOWEST) / math.log2(HIGHEST / LOWEST)
    return LEFT + share * (WIDTH - RIGHT - LEFT)
