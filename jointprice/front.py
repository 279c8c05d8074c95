"""The front of a search for two measures as tables: its points, and the prices of each. Not for finding it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from jointprice.answer import UNIT_DECIMALS
from jointprice.pricing import Pricing, check_answer
from jointprice.schema import Config
from search.evaluate import sold_units
from search.journal import written_prices
from search.objective import net_price
from search.types import Front

MOST_POINTS = 25


def front_tables(config: Config, pricing: Pricing) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """A row per point: what it gains over holding prices; and point, store, product, price. At most MOST_POINTS of the
    front, spread over it, each passed by the exact checker. None where no front was searched for."""
    problem, front = pricing.problem, pricing.solution.front
    if front is None or not len(front.rungs):
        return None
    points, prices = [], []
    for row in _spread(front):
        chosen = written_prices(problem, front.rungs[row])
        answer = _answer(pricing, chosen)
        if all(breach.held or breach.soft for breach in check_answer(config, problem.offers, answer, pricing.rules)):
            points.append({"point": len(points) + 1, **_figures(pricing, answer), "objective": front.measures[row, 0]})
            prices.append(answer[["store", "product", "price"]].assign(point=len(points)))
    if not points:
        return None
    return pd.DataFrame(points).round(UNIT_DECIMALS), pd.concat(prices)[["point", "store", "product", "price"]]


def _spread(front: Front) -> np.ndarray:
    """Rows of the front at about even distances along it, both ends among them."""
    measures = front.measures
    width = np.ptp(measures, axis=0)
    steps = np.abs(np.diff(measures / np.where(width > 0, width, 1.0), axis=0)).sum(axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.linspace(0.0, along[-1], min(MOST_POINTS, len(along)))
    return np.unique(np.abs(along - wanted[:, None]).argmin(axis=1))


def _answer(pricing: Pricing, prices: np.ndarray) -> pd.DataFrame:
    """The columns of prices.csv that the checker reads, at these prices [S]."""
    units = sold_units(pricing.problem, prices[None])[:, 0].mean(axis=0).round(UNIT_DECIMALS)
    columns = ["product", "store", "units_current", "status"]
    return pricing.answer[columns].assign(price=prices, units=np.where(pricing.answer["units"].isna(), np.nan, units))


def _figures(pricing: Pricing, answer: pd.DataFrame) -> dict[str, float]:
    """Gains over holding prices per period in the model, the margin of all offers, and how many prices change."""
    problem = pricing.problem
    tax, fee = problem.objective.tax_rate, problem.objective.fee_rate
    cost = problem.offers["cost"].to_numpy(np.float64)
    totals = []
    for price, units in ((answer["price"], answer["units"]), (problem.current, answer["units_current"])):
        price, units = np.asarray(price, np.float64), np.nan_to_num(np.asarray(units, np.float64))
        net = net_price(price, tax, fee)
        profit = np.nansum((net - problem.sale_cost) * units)
        totals.append((profit, (price / (1 + tax)) @ units, units.sum(), profit / max(net @ units, 1e-12)))
    (profit, revenue, units, margin), held = totals
    changed = (answer["price"].to_numpy() != problem.current) & (problem.decision >= 0)
    gains = {"profit": profit - held[0], "revenue": revenue - held[1], "units": units - held[2]}
    if np.isnan(cost).all():
        return {"revenue": gains["revenue"], "units": gains["units"], "changes": int(changed.sum())}
    return {**gains, "margin": margin, "changes": int(changed.sum())}
