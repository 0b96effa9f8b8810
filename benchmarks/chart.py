"""A chart of seconds against size, as SVG. Both axes are logarithmic, so proportional growth is a straight line."""

import html
import math
from collections.abc import Mapping, Sequence

Points = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT = 720, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 190, 20, 50
_COLOURS = ("#1f5fa8", "#2f7d4f", "#6b7480", "#b4451f", "#8a4a9e")
_DASHES = ("", "8 4", "2 4", "12 3 2 3", "5 5")
_STYLE = """
    text{font:13px system-ui,'DejaVu Sans',sans-serif;fill:#234}
    .g{stroke:#dde3e8}
    .c{fill:none;stroke-width:2}
"""


def seconds_by_words(title: str, lines: Mapping[str, Points]) -> str:
    """The picture. Each line has its name at its end."""
    chart = _Chart([point for points in lines.values() for point in points])
    drawn = [
        _line(chart, name, points, colour, dash)
        for (name, points), colour, dash in zip(lines.items(), _COLOURS, _DASHES, strict=False)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
            f"  <title>{html.escape(title)}</title>",
            f"  <style>{_STYLE}  </style>",
            f'  <rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
            *chart.grid(),
            *drawn,
            "</svg>\n",
        ]
    )


class _Chart:
    """The position of a point."""

    def __init__(self, points: Points) -> None:
        self._words = min(x for x, _ in points), max(x for x, _ in points)
        self._seconds = (
            10 ** math.floor(math.log10(min(y for _, y in points))),
            10 ** math.ceil(math.log10(max(y for _, y in points))),
        )

    def x(self, words: float) -> float:
        return round(_LEFT + _share(words, *self._words) * (_WIDTH - _LEFT - _RIGHT), 1)

    def y(self, seconds: float) -> float:
        return round(_HEIGHT - _BOTTOM - _share(seconds, *self._seconds) * (_HEIGHT - _TOP - _BOTTOM), 1)

    def grid(self) -> list[str]:
        """A line for each power of ten seconds, and one for each doubling of the words."""
        low, high = (round(math.log10(each)) for each in self._seconds)
        fewest, most = self._words
        words = [fewest * 2**power for power in range(math.floor(math.log2(most / fewest)) + 1)]
        bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
        return [
            *(
                f'  <path class="g" d="M{_LEFT} {self.y(s)}H{right}"/>'
                f'<text x="{_LEFT - 8}" y="{self.y(s) + 4}" text-anchor="end">{s:g} s</text>'
                for s in (10.0**power for power in range(low, high + 1))
            ),
            *(
                f'  <path class="g" d="M{self.x(w)} {_TOP}V{bottom}"/>'
                f'<text x="{self.x(w)}" y="{bottom + 20}" text-anchor="middle">{w:,.0f}</text>'
                for w in words
            ),
            f'  <text x="{(_LEFT + right) / 2}" y="{bottom + 40}" text-anchor="middle">words</text>',
        ]


def _line(chart: _Chart, name: str, points: Points, colour: str, dash: str) -> str:
    path = "L".join(f"{chart.x(words)} {chart.y(seconds)}" for words, seconds in points)
    dots = "".join(f'<circle cx="{chart.x(w)}" cy="{chart.y(s)}" r="3" fill="{colour}"/>' for w, s in points)
    words, seconds = points[-1]
    return (
        f'  <path class="c" stroke="{colour}" stroke-dasharray="{dash}" d="M{path}"/>{dots}'
        f'<text x="{chart.x(words) + 10}" y="{chart.y(seconds) + 4}" style="fill:{colour}">{html.escape(name)}</text>'
    )


def _share(value: float, low: float, high: float) -> float:
    return math.log(value / low) / math.log(high / low)
