"""Small charts as inline SVG, with colours from the page's style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from scopesift_files.counted import counted

MOST_SHARES = 8
Point = tuple[float, float]

WIDTH, HEIGHT = 430, 330
LEFT, RIGHT, TOP, BOTTOM = 56, 14, 12, 44


class Axes:
    """A plot with x and y from 0 to 1 (or other ends), to which marks are added.

    Attributes:
        x_ends: Values at the left and right edge.
        y_ends: Values at the lower and upper edge.
    """

    def __init__(
        self,
        x_label: str,
        y_label: str,
        *,
        x_ends: Point = (0.0, 1.0),
        y_ends: Point = (0.0, 1.0),
        x_ticks: Sequence[tuple[float, str]] | None = None,
        y_ticks: Sequence[tuple[float, str]] | None = None,
    ) -> None:
        """Draw the grid; the labels are plain text."""
        self.x_ends, self.y_ends = x_ends, y_ends
        self._marks: list[str] = []
        steps = (0.0, 0.25, 0.5, 0.75, 1.0)
        span = x_ends[1] - x_ends[0]
        ticks = x_ticks or [(x_ends[0] + step * span, f"{x_ends[0] + step * span:.2g}") for step in steps]
        for value, text in ticks:
            self._grid(value, y_ends[0], value, y_ends[1])
            self._text(self.x(value), HEIGHT - BOTTOM + 17, text, "middle")
        rise = y_ends[1] - y_ends[0]
        for value, text in y_ticks or [
            (y_ends[0] + step * rise, f"{y_ends[0] + step * rise:.2g}") for step in steps
        ]:
            self._grid(x_ends[0], value, x_ends[1], value)
            self._text(LEFT - 8, self.y(value) + 4, text, "end")
        self._text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6, x_label, "middle", "label")
        middle = (TOP + HEIGHT - BOTTOM) / 2
        self._marks.append(
            f'<text class="label" text-anchor="middle" transform="translate(13 {middle:.0f}) rotate(-90)">'
            f"{escape(y_label)}</text>"
        )

    def x(self, value: float) -> float:
        """Pixel of an x value."""
        low, high = self.x_ends
        return LEFT + (value - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Pixel of a y value."""
        low, high = self.y_ends
        return HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    def line(self, points: Sequence[Point], kind: str = "line ours") -> None:
        """A line through points."""
        path = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)
        self._marks.append(f'<polyline class="{kind}" points="{path}"/>')

    def band(self, upper: Sequence[Point], lower: Sequence[Point], kind: str) -> None:
        """The area between two lines over the same x."""
        path = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in [*upper, *reversed(lower)])
        self._marks.append(f'<polygon class="{kind}" opacity=".16" points="{path}"/>')

    def dot(self, x: float, y: float, kind: str = "point", *, radius: float = 4.5, title: str = "") -> None:
        """A dot with `title` as tooltip."""
        told = f"<title>{escape(title)}</title>" if title else ""
        self._marks.append(
            f'<circle class="{kind}" cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="{radius:.1f}">{told}</circle>'
        )

    def upright(self, x: float, low: float, high: float, kind: str = "line ours") -> None:
        """A vertical line from y `low` to `high`, for an interval."""
        at = self.x(x)
        self._marks.append(
            f'<line class="{kind}" x1="{at:.1f}" x2="{at:.1f}" y1="{self.y(low):.1f}" y2="{self.y(high):.1f}"/>'
        )

    def note(self, x: float, y: float, text: str, *, anchor: str = "start") -> None:
        """A label beside a point."""
        self._text(self.x(x), self.y(y), text, anchor, "strong")

    def svg(self, description: str, *, style: str = "") -> str:
        """The chart.

        Args:
            description: Text alternative.
            style: CSS for a separate file; empty: the style of the page is used.
        """
        alone = f' xmlns="http://www.w3.org/2000/svg" width="{2 * WIDTH}"' if style else ""
        own = f"<style>{style}</style>" if style else ""
        return (
            f'<svg{alone} viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(description)}">'
            f"{own}{''.join(self._marks)}</svg>"
        )

    def _grid(self, x1: float, y1: float, x2: float, y2: float) -> None:
        self._marks.append(
            f'<line class="grid" x1="{self.x(x1):.1f}" y1="{self.y(y1):.1f}" x2="{self.x(x2):.1f}" '
            f'y2="{self.y(y2):.1f}"/>'
        )

    def _text(self, x: float, y: float, text: str, anchor: str, kind: str = "tick-label") -> None:
        self._marks.append(
            f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
        )


def histogram_svg(edges: Sequence[float], counts: Sequence[int], threshold: float) -> str:
    """A card's histogram, with bars above the threshold in full colour."""
    width, height, foot = 380, 92, 18
    low, high = edges[0], edges[-1] or 1.0
    tallest = max([*counts, 1])
    span = (high - low) or 1.0
    bars = []
    for left, right, count in zip(edges, edges[1:], counts, strict=False):
        x, wide = (left - low) / span * width, (right - left) / span * width
        # square-root scale, so that rare strong activations are visible beside a tall first bar
        tall = (count / tallest) ** 0.5 * (height - foot - 4)
        lit = (
            " on"
            if left >= threshold or (left < threshold <= right and threshold - left < right - threshold)
            else ""
        )
        bars.append(
            f'<rect class="bar{lit}" x="{x + 1:.1f}" y="{height - foot - tall:.1f}" width="{max(wide - 2, 1):.1f}" '
            f'height="{tall:.1f}" rx="2"><title>{left:g} to {right:g}: {counted(int(count), "text")}</title></rect>'
        )
    at = min(max((threshold - low) / span, 0), 1) * width
    words = f"fires from {threshold:.4g}" if threshold else "any activation counts"
    anchor, beside = ("end", at - 4) if at > width * 0.6 else ("start", at + 4)
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="Histogram of activations; {words}">'
        f'{"".join(bars)}<line class="grid" x1="0" x2="{width}" y1="{height - foot}" y2="{height - foot}"/>'
        f'<line class="cut" x1="{at:.1f}" x2="{at:.1f}" y1="2" y2="{height - foot}"/>'
        f'<text x="{beside:.1f}" y="{height - 3}" text-anchor="{anchor}">{words}</text></svg>'
    )


def interval_row(
    name: str,
    value: float | None,
    ends: Sequence[float] | None,
    *,
    kind: str = "",
    note: str = "",
    ticks: Sequence[tuple[str, float]] = (),
) -> str:
    """A row of a dot plot from 0 to 1: name, the value with its interval, and other values as ticks.

    Args:
        name: Label of the row.
        value: The dot; None: no value.
        ends: Low and high end of its interval.
        kind: CSS class of the colour; default: the classifier's.
        note: Small text after the name.
        ticks: (CSS class of the colour, value) of other values.
    """
    marks = "".join(f'<i class="tick {escape(own)}" style="left:{100 * at:.1f}%"></i>' for own, at in ticks)
    shown = "–"
    if value is not None:
        shown = f"<b>{value:.3f}</b>"
        if ends:
            wide = 100 * (ends[1] - ends[0])
            marks += f'<i class="span {kind}" style="left:{100 * ends[0]:.1f}%;width:{wide:.1f}%"></i>'
            shown += f" <small>{ends[0]:.2f}–{ends[1]:.2f}</small>"
        marks += f'<i class="dot {kind}" style="left:{100 * value:.1f}%"></i>'
    small = f" <small>{escape(note)}</small>" if note else ""
    return (
        f'<div class="row"><span>{escape(name)}{small}</span><span class="track">{marks}</span>'
        f"<span>{shown}</span></div>"
    )


def share_bars(shares: Mapping[str, float]) -> str:
    """Bars of shares, the largest first; small ones are left out if there are many."""
    ordered = sorted(shares.items(), key=lambda pair: -pair[1])
    rows = [
        f'<div class="share"><span title="{escape(name)}">{escape(name)}</span>'
        f'<i style="width:{100 * share:.1f}%"></i><span>{share:.1%}</span></div>'
        for name, share in ordered[:MOST_SHARES]
    ]
    rest = len(ordered) - len(rows)
    return "".join(rows) + (f'<div class="dim">and {rest} with less</div>' if rest > 0 else "")
