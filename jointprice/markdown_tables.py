"""What task=markdown writes: the next prices, the season's expected rest, and what every price would be worth.

Not for deciding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from data_io.frequency import next_period
from jointprice.markdown import Markdown

DECIMALS = 6


def markdown_table(found: Markdown) -> pd.DataFrame:
    """[N] rows of markdown.csv; money is net of tax and fee, to the season's end, what is left over included."""
    offers, course = found.offers, found.course
    priced = found.held == ""
    left = course.left[..., -1]
    current = offers["current_price"].to_numpy(np.float64)
    low, high = np.quantile(course.money, [0.1, 0.9], axis=1)
    best = found.values[np.arange(len(offers)), found.chosen]
    numbers = {
        "units": course.units[..., 0].mean(1),
        "units_to_end": course.units.sum(-1).mean(1),
        "left_over": left.mean(1),
        "sold_out": (left <= 0).mean(1),
        "sell_through": 1 - left.mean(1) / found.season_stock,
        "money": course.money.mean(1),
        "money_p10": low,
        "money_p90": high,
        "worth": best,
        "worth_of_holding": found.values[:, 0],
        "left_over_penalty": found.penalty,
    }
    return pd.DataFrame(
        {
            "product": offers["product"],
            "store": offers["store"],
            "category": offers["category"],
            "first_price": found.first_price,
            "current_price": current,
            "price": found.price,
            "change_pct": (100 * (found.price / current - 1)).round(4),
            "period_of_season": np.minimum(found.week + 1, found.length),
            "stock": offers["stock"].replace(np.inf, np.nan),
            **{name: np.where(priced, column, np.nan).round(DECIMALS) for name, column in numbers.items()},
            "status": np.where(priced, "priced", "held"),
            "note": found.held,
        }
    )


def path_table(found: Markdown, last_period: pd.Timestamp, frequency: str) -> pd.DataFrame:
    """markdown_path.csv: per priced offer and period to come, the price (expected, and its 10 % and 90 % quantiles: it
    depends on what sells), units and stock left, expected."""
    dates, rows = [next_period(last_period, frequency)], []
    for _ in range(1, found.course.units.shape[-1]):
        dates.append(next_period(dates[-1], frequency))
    for row in np.flatnonzero(found.held == ""):
        prices = found.course.prices[row] * found.first_price[row]
        for ahead in range(int(found.length[row] - found.week[row])):
            low, high = np.quantile(prices[:, ahead], [0.1, 0.9])
            rows.append(
                {
                    **found.offers.loc[row, ["product", "store"]].to_dict(),
                    "date": dates[ahead].date(),
                    "period_of_season": int(found.week[row]) + ahead + 1,
                    "price": round(float(prices[:, ahead].mean()), 4),
                    "price_p10": round(float(low), 4),
                    "price_p90": round(float(high), 4),
                    "units": round(float(found.course.units[row, :, ahead].mean()), DECIMALS),
                    "stock_left": round(float(found.course.left[row, :, ahead].mean()), DECIMALS),
                }
            )
    return pd.DataFrame(rows)


def values_table(found: Markdown) -> pd.DataFrame:
    """markdown_values.csv: per priced offer and possible next price, the expected money to the season's end."""
    rows = []
    for row in np.flatnonzero(found.held == ""):
        _, first = np.unique(found.prices[row], return_index=True)
        rows += [
            {
                **found.offers.loc[row, ["product", "store"]].to_dict(),
                "price": float(found.prices[row, rung]),
                "worth": round(float(found.values[row, rung]), DECIMALS),
                "chosen": rung == found.chosen[row],
            }
            for rung in sorted(first)
        ]
    return pd.DataFrame(rows)


def totals(found: Markdown) -> dict[str, Any]:
    """The summary's keys."""
    priced = found.held == ""
    course, prior = found.course, found.prior
    money = course.money[priced].sum(axis=0)  # draws of different products are independent
    weights = prior.weights.sum(axis=1)
    kept = np.isclose(found.price, found.offers["current_price"])
    return {
        "offers": {"total": len(priced), "priced": int(priced.sum()), "held": int((~priced).sum())},
        "markdown": {
            "marked_down": int((priced & ~kept).sum()),
            "money": float(money.mean()) if priced.any() else 0.0,
            "money_p10": float(np.quantile(money, 0.1)) if priced.any() else 0.0,
            "money_p90": float(np.quantile(money, 0.9)) if priced.any() else 0.0,
            "left_over": float(course.left[priced, :, -1].mean(axis=1).sum()),
            "past_seasons": prior.seasons,
            "decay": float(weights @ prior.decay),
            "elasticity": -float(np.exp(weights @ np.log(prior.elasticity))),
            "dispersion": prior.dispersion,
        },
    }
