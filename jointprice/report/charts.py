"""Small charts as SVG text to stand inside a page: the same numbers give the same text. Not for numbers.

Colours are the page's own (CSS variables), so that charts follow its light and dark schemes. No text from data is
drawn: names and currencies stand beside a chart, where HTML escapes them. Pyplot and its global state are not used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from jointprice.report.curves import ProductCurve

INK, ACCENT, SECOND, SHADE = "#010203", "#040506", "#070809", "#0a0b0c"
COLOURS = {INK: "currentColor", ACCENT: "var(--accent)", SECOND: "var(--second)", SHADE: "var(--shade)"}
STYLE = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "lines.linewidth": 1.4,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}
METADATA = {"Date": None, "Creator": None, "Format": None, "Type": None}


class Line(NamedTuple):
    """One line of a chart: its label, x and y; None and NaN are gaps."""

    label: str
    x: Sequence[float]
    y: Sequence[float | None]


def product_curve(curve: ProductCurve, objective: str) -> str:
    """Units and, beside them, the objective over price: mean and spread of members, current and recommended price,
    unobserved prices shaded. Units alone where they are the objective."""

    def draw(figure: Figure) -> None:
        parts = [("units", curve.units, curve.low, curve.high)]
        if objective != "units":
            parts.append((objective, curve.worth, curve.worth_low, curve.worth_high))
        for axes, (name, mean, low, high) in zip(figure.subplots(1, len(parts), squeeze=False)[0], parts, strict=True):
            axes.fill_between(curve.price, low, high, color=ACCENT, alpha=0.25, linewidth=0)
            axes.plot(curve.price, mean, color=ACCENT)
            axes.set_ylim(min(0.0, 1.05 * float(low.min())), max(1.05 * float(high.max()), 0.0) or 1.0)
            _mark_prices(axes, curve)
            axes.set_xlabel("price")
            axes.set_ylabel(name)

    return as_svg(draw, (4.8, 2.0) if objective != "units" else (3.2, 2.0), f"curve {curve.product}")


def _mark_prices(axes: Axes, curve: ProductCurve) -> None:
    axes.axvline(curve.current, color=INK, linestyle=":", linewidth=1)
    axes.axvline(curve.recommended, color=SECOND, linewidth=1)
    left, right = axes.get_xlim()
    low, high = curve.observed
    if low > left:
        axes.axvspan(left, min(low, right), color=SHADE, alpha=0.25, linewidth=0)
    if high < right:
        axes.axvspan(max(high, left), right, color=SHADE, alpha=0.25, linewidth=0)
    inside = curve.seen[(curve.seen >= left) & (curve.seen <= right)]
    if len(inside):
        axes.plot(inside, np.zeros(len(inside)), "|", color=INK, markersize=5, markeredgewidth=0.6, clip_on=False,
                  transform=axes.get_xaxis_transform())  # fmt: skip
    if left <= curve.competitor <= right:
        axes.axvline(curve.competitor, color=SHADE, linestyle="--", linewidth=1)
    axes.set_xlim(left, right)


def lines(found: Sequence[Line], x: str, y: str, name: str) -> str:
    """A line chart over whole numbers with a legend; every second line is dashed, so that grey print tells them apart.

    Args:
        name: of the chart, unlike any other's of the page.
    """

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        for number, line in enumerate(found):
            axes.plot(
                np.asarray(line.x, float),
                np.asarray(line.y, float),
                label=line.label,
                color=(ACCENT, SECOND, INK)[number // 2 % 3],
                linestyle=("-", "--")[number % 2],
                marker="." if len(line.x) == 1 else None,
            )
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel(x)
        axes.set_ylabel(y)
        axes.legend()

    return as_svg(draw, (4.6, 2.4), name)


def front(line: Line, chosen: tuple[float, float], x: str, y: str) -> str:
    """What of one measure must be given up for another: the points of a line, the chosen one marked."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        axes.plot(line.x, line.y, label=line.label, color=ACCENT, marker=".")
        axes.plot(*chosen, color=SECOND, marker="o", linestyle="", label="proposed")
        axes.set_xlabel(x)
        axes.set_ylabel(y)
        axes.legend()

    return as_svg(draw, (4.6, 2.4), "front")


def calibration(found: Mapping[str, Any]) -> str:
    """Coverage over nominal level, and mean units over mean forecast in groups of rows, each beside the line on which
    both are the same."""

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        nominal, share = ([100 * one[name] for one in found["intervals"]] for name in ("nominal", "covered"))
        foretold, came = ([one[name] for one in found["by_forecast"]] for name in ("forecast", "units"))
        for axes, x, y in ((left, nominal, share), (right, foretold, came)):
            ends = [min(*x, *y), max(*x, *y)]
            axes.plot(ends, ends, color=INK, linestyle=":", linewidth=1)
            axes.plot(x, y, color=ACCENT, marker=".")
        left.set_xlabel("level of the interval, %")
        left.set_ylabel("rows within, %")
        right.set_xlabel("units foretold, mean")
        right.set_ylabel("units sold, mean")

    return as_svg(draw, (4.8, 2.2), "calibration")


def as_svg(draw: Callable[[Figure], None], size: tuple[float, float], name: str) -> str:
    """What `draw` puts on a figure of `size` inches; `name` keeps the identifiers of a page's charts apart."""
    with matplotlib.rc_context(STYLE | {"svg.hashsalt": name}):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure)
        text = StringIO()
        figure.savefig(text, format="svg", metadata=METADATA)
    return _for_a_page(text.getvalue())


def _for_a_page(document: str) -> str:
    """An SVG file -> an element of a page that has report.css: no prologue, no style sheet, no identifiers that
    nothing refers to, the page's colours."""
    svg = document[document.index("<svg") :]
    svg = re.sub(r"<style.*?</style>|<defs>\s*</defs>", "", svg, flags=re.DOTALL)
    svg = re.sub(r' id="[\w.]+_\d+"', "", svg)
    svg = re.sub(r"\n\s*", "\n", svg)
    for colour, variable in COLOURS.items():
        svg = svg.replace(colour, variable)
    return svg.replace("<svg ", '<svg aria-hidden="true" focusable="false" ', 1)
