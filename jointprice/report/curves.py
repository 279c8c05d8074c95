"""Price-sales curves of products around their recommended prices, as numbers. Not for drawing them.

Axes: K members, P candidates, S offers, F factors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ensemble.types import Ensemble
from jointprice.promise import unit_values
from search.evaluate import sold_units
from search.types import PricingProblem

FACTORS = np.linspace(0.8, 1.2, 17)
RECOMMENDED = len(FACTORS) // 2  # the place of factor 1
MOST_SEEN = 60  # observed prices that one chart marks
MOST_FURTHER = 40_000_000  # candidates × offers of the curves that are drawn when they are asked for
MOST_CELLS = 500_000  # candidates × offers of one call: bounds its memory


class ProductCurve(NamedTuple):
    """Expected sales of one product, summed over its offers, when all its prices are scaled and no others.

    Attributes:
        price: [F] mean price over its offers, weighed by units at the recommended prices.
        units: [F] mean over members; low, high: [F] 10 % and 90 % quantiles over members.
        worth, worth_low, worth_high: [F] likewise of the objective, of these offers alone.
        current, recommended: mean prices with the same weights.
        observed: lowest and highest price that the product was sold at; NaN without history.
        seen: distinct prices of its last periods, ascending. competitor: mean known price there, NaN = none known.
        offers: how many offers it is the sum of.
    """

    product: str
    price: np.ndarray
    units: np.ndarray
    low: np.ndarray
    high: np.ndarray
    worth: np.ndarray
    worth_low: np.ndarray
    worth_high: np.ndarray
    current: float
    recommended: float
    observed: tuple[float, float]
    seen: np.ndarray
    competitor: float
    offers: int


def product_curves(
    problem: PricingProblem, prices: np.ndarray, products: Sequence[str], seen: Mapping[str, np.ndarray] | None = None
) -> list[ProductCurve]:
    """Curves of `products` around prices [S], with the prices `seen` of each. Few calls of the demand, all of one
    shape, so that it compiles once."""
    return [
        _curve(problem, prices, product, own, sold, (seen or {}).get(product, np.zeros(0)))
        for product, own, sold in sales_along(problem, prices, products)
    ]


def further_products(problem: PricingProblem, answer: pd.DataFrame, shown: Sequence[str]) -> tuple[list[str], int]:
    """Products beside those `shown`, by units sold, whose curves cost no more than MOST_FURTHER cells of the demand;
    and how many are left out."""
    units = answer.groupby("product", sort=False)["units"].sum(min_count=1).dropna().drop(list(shown), errors="ignore")
    most = MOST_FURTHER // max(len(FACTORS) * len(problem.offers), 1)
    names = units.sort_values(ascending=False, kind="stable").index
    return names[:most].tolist(), max(len(names) - most, 0)


def points(curve: ProductCurve, objective: str, words: str) -> dict[str, Any]:
    """The curve as numbers of four digits for the page to draw, by the names of its parts; `words` stand below it."""

    def short(values: np.ndarray) -> list[float]:
        return [float(f"{value:.4g}") for value in values]

    return {
        "product": curve.product,
        "words": words,
        "price": short(curve.price),
        "units": [short(part) for part in (curve.units, curve.low, curve.high)],
        objective: [short(part) for part in (curve.worth, curve.worth_low, curve.worth_high)],
        "current": curve.current,
        "recommended": curve.recommended,
        "observed": list(curve.observed),
        "seen": short(curve.seen),
        "competitor": None if np.isnan(curve.competitor) else curve.competitor,
    }


def observed_prices(ensemble: Ensemble, products: Sequence[str]) -> dict[str, np.ndarray]:
    """Distinct prices of each product in the periods of history that the model keeps, evenly thinned to MOST_SEEN."""
    inputs, history = ensemble.inputs, slice(0, ensemble.window)
    price = np.exp(np.asarray(inputs.log_price, np.float64)[:, history]) * ensemble.spec.reference_price[:, None]
    sold, names = np.asarray(inputs.mask)[:, history] > 0, ensemble.series["product"].to_numpy()
    found = {}
    for product in products:
        rows = names == product
        values = np.unique(price[rows][sold[rows]].round(2))
        thinned = np.linspace(0, len(values) - 1, min(len(values), MOST_SEEN)).round().astype(int)
        found[product] = values[thinned] if len(values) else values
    return found


def sales_along(
    problem: PricingProblem, prices: np.ndarray, products: Sequence[str]
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Per product its offers and their expected sales [K, F, offers] when all its prices are scaled and no others."""
    names = problem.offers["product"].to_numpy()
    rows = [np.flatnonzero(names == product) for product in products]
    together = int(np.clip(MOST_CELLS // (len(FACTORS) * max(len(prices), 1)), 1, max(len(rows), 1)))
    for start in range(0, len(rows), together):
        batch = rows[start : start + together]
        candidates = np.tile(prices, (together, len(FACTORS), 1))
        for place, own in enumerate(batch):
            candidates[place][:, own] *= FACTORS[:, None]
        sold = sold_units(problem, candidates.reshape(-1, len(prices)))
        sold = sold.reshape(len(sold), together, len(FACTORS), -1)
        for place, own in enumerate(batch):
            yield products[start + place], own, sold[:, place][..., own]


def _curve(
    problem: PricingProblem, prices: np.ndarray, product: str, own: np.ndarray, sold: np.ndarray, seen: np.ndarray
) -> ProductCurve:
    """The curve from sales [K, F, offers] of the offers `own`."""
    weight = sold[:, RECOMMENDED].mean(0)
    weight = weight / weight.sum() if weight.sum() > 0 else np.full(len(own), 1 / len(own))
    total = sold.sum(-1)
    low, high = np.quantile(total, (0.1, 0.9), axis=0)
    worth = (sold * unit_values(problem, FACTORS[:, None] * prices)[:, own]).sum(-1)
    worth_low, worth_high = np.quantile(worth, (0.1, 0.9), axis=0)
    recommended = float(prices[own] @ weight)
    offers = problem.offers.iloc[own]
    return ProductCurve(
        product=product,
        price=FACTORS * recommended,
        units=total.mean(0),
        low=low,
        high=high,
        worth=worth.mean(0),
        worth_low=worth_low,
        worth_high=worth_high,
        current=float(problem.current[own] @ weight),
        recommended=recommended,
        observed=(float(offers["observed_min"].min()), float(offers["observed_max"].max())),
        seen=seen,
        competitor=float(offers["competitor_price"].mean()),
        offers=len(own),
    )
