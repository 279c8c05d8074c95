"""Charts of the tasks that set no prices, drawn as those of report.charts. Not for numbers.

Arguments are rows of the tables that the tasks write.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from jointprice.report.charts import ACCENT, INK, SECOND, as_svg


def season(periods: pd.DataFrame, worths: pd.DataFrame, row: Mapping[str, Any]) -> str:
    """The price and the stock of one offer to its season's end, and what every next price is worth.

    Args:
        periods, worths: its rows of markdown_path.csv and markdown_values.csv. row: of markdown.csv.
    """

    def draw(figure: Figure) -> None:
        price, stock, worth = figure.subplots(1, 3)
        at = periods["period_of_season"].to_numpy()
        price.fill_between(
            at, periods["price_p10"], periods["price_p90"], step="mid", color=ACCENT, alpha=0.25, linewidth=0
        )
        price.step(at, periods["price"], where="mid", color=ACCENT, marker=".")
        stock.plot([at[0] - 1, *at], [row["stock"], *periods["stock_left"]], color=ACCENT, marker=".")
        for axes in (price, stock):
            axes.set_ylim(bottom=0)
        worth.plot(worths["price"], worths["worth"], color=ACCENT, marker=".")
        worth.axvline(row["price"], color=SECOND, linewidth=1)
        for axes, x, y in ((price, "period", "price"), (stock, "period", "stock left"), (worth, "next price", "worth")):
            axes.set_xlabel(x)
            axes.set_ylabel(y)
        for axes in (price, stock):
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=4))

    return as_svg(draw, (5.6, 1.9), f"season {row['product']} {row['store']}")


def buying(name: str, surface: pd.DataFrame, own: pd.DataFrame, best: Mapping[str, Any]) -> str:
    """Profit of a product over its stock at the price found, and over its price with the best stock for each.

    Args:
        surface: its rows of stock_profit.csv. own: those at the price found. best: of these, the one proposed.
    """

    def draw(figure: Figure) -> None:
        along_price = surface[surface["stock_for"] == best["stock_for"]].sort_values("price")
        parts = (("stock", own.sort_values("stock")), ("price", along_price))
        for axes, (x, rows) in zip(figure.subplots(1, 2), parts, strict=True):
            axes.plot(rows[x], rows["profit"], color=ACCENT, marker=".")
            axes.axvline(best[x], color=SECOND, linewidth=1)
            axes.set_xlabel(x)
            axes.set_ylabel("profit")

    return as_svg(draw, (4.8, 2.0), f"buying {name}")


def stacked(parts: pd.DataFrame) -> str:
    """Bars of [B] kinds of deals (mechanic, depth), each stacked from its parts (columns), losses below 0."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        at, above, below = np.arange(len(parts)), np.zeros(len(parts)), np.zeros(len(parts))
        fills = ((ACCENT, 0.9), (SECOND, 0.9), (SECOND, 0.4), (ACCENT, 0.4))
        for name, (colour, alpha) in zip(parts, fills, strict=True):
            value = parts[name].to_numpy(np.float64)
            start = np.where(value >= 0, above, below)
            axes.bar(at, value, bottom=start, width=0.6, color=colour, alpha=alpha, label=name.replace("_", " "))
            above, below = above + np.maximum(value, 0), below + np.minimum(value, 0)
        axes.axhline(0, color=INK, linewidth=0.6)
        names = [f"{mechanic.replace('_', ' ')}\n{depth:g} %" for mechanic, depth in parts.index]
        axes.set_xticks(at, names, fontsize=7)
        axes.set_ylabel("money")
        axes.legend()

    return as_svg(draw, (4.8, 2.6), "stacked")


def gains_over_threshold(table: pd.DataFrame, chosen: float | None) -> str:
    """Gain of deals near past ones over their threshold, a line for each share saved, and the one chosen."""

    def draw(figure: Figure) -> None:
        axes = figure.add_subplot()
        near = table[table["tried"] == "near"]
        for number, (share, rows) in enumerate(near.groupby("share", sort=True)):
            colour, style = (ACCENT, SECOND, INK)[number // 2 % 3], ("-", "--")[number % 2]
            axes.plot(
                rows["spend"], rows["gain"], color=colour, linestyle=style, marker=".", label=f"{100 * share:g} %"
            )
        axes.axhline(0, color=INK, linewidth=0.6)
        if chosen is not None:
            axes.axvline(chosen, color=SECOND, linewidth=1)
        axes.set_xlabel("threshold")
        axes.set_ylabel("gain")
        if len(near):
            axes.legend(title="saved")

    return as_svg(draw, (4.8, 2.6), "gains over threshold")
