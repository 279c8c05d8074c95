"""What a category's volume does when its whole price level moves: regressed directly, and by the engine's anchor.

Axes: M choice sets (a category in a store), T periods, S series, N draws.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from benchmarks.elasticity_regressions import regress
from data_io.features import distinct_sets
from data_io.types import SalesPanel
from ensemble.anchor.anchor import LEAST_HEARD, Anchor
from ensemble.response.orthogonal import columns_of
from ensemble.response.pooled import Pool, partial_out, without_series

Row = dict[str, Any]
LAGS = 4  # weeks that a deal may borrow from
STEP = 0.1  # of the price, to either side, for arcs
INDEX = "category volume on its price index"
ASSUMES = (
    "store effects, shares on deal and feature, season and trend: what is left of the store's price level ignores "
    "demand, and what sells within the category does not matter"
)


def volume_on_index(panel: SalesPanel, volume: np.ndarray) -> list[Row]:
    """Log volume of a choice set on its log price index, without and with the index of the last weeks.

    Args:
        volume: [S] volume of a pack, such as ounces.
    """
    sets = distinct_sets(panel.series["choice_set"].to_numpy())
    product = pd.factorize(panel.series["product"])[0]
    revenue = np.bincount(product, np.where(panel.observed, panel.units * panel.price, 0).sum(1))[product]
    share = revenue / np.bincount(sets, revenue)[sets]
    sold = np.where(panel.observed, panel.units, 0.0) * volume[:, None]
    count = sets.max() + 1

    def total(values: np.ndarray) -> np.ndarray:
        found = np.zeros((count, *values.shape[1:]))
        np.add.at(found, sets, values)
        return found

    columns = columns_of(panel)
    index = total(share[:, None] * columns.log_price)
    promotions = total(share[:, None, None] * columns.promotions)
    units = total(sold)
    whole = total(panel.observed.astype(int)) == np.bincount(sets)[:, None]  # nothing missing from the volume
    pool = Pool(np.zeros(1, int), np.zeros(count, int))
    calendar = np.broadcast_to(columns.calendar, (*index.shape, columns.calendar.shape[-1]))
    found = []
    for lags in (0, LAGS):
        prices = [np.roll(index, lag, 1) for lag in range(lags + 1)]
        rows = whole & (units > 0) & (np.arange(index.shape[1]) >= lags)
        values = np.stack([np.log(np.where(units > 0, units, 1.0)), *prices], -1)
        left = without_series(np.concatenate([values, promotions, calendar], -1), rows)
        left = partial_out(left[..., : lags + 2], left[..., lags + 2 :], rows, pool)
        fitted = regress(left[..., 0], left[..., 1:], rows, count + promotions.shape[-1] + calendar.shape[-1])
        value, error = fitted.sum(np.ones(lags + 1))
        name = f"{INDEX}, {lags} weeks of lags, long run" if lags else f"{INDEX}, same week"
        row = {"specification": name, "assumes": ASSUMES, "category": value, "category_error": error}
        found.append(row | {"rows": fitted.rows, "periods": fitted.periods})
    return found


def of_anchor(anchor: Anchor, panel: SalesPanel, kept: np.ndarray) -> Row:
    """Posterior mean and sd of the own elasticity, mean over the series kept [S] (bool), and of the category's volume
    in packs, by an arc of ±10 % of all prices; at each series' median regular price, without promotions, in the
    period after the last."""
    regular = np.where(panel.observed & ~(panel.promotions != 0).any(-1), panel.price, np.nan)
    usual = np.where(np.isfinite(regular).any(1, keepdims=True), regular, panel.price)
    prices = np.log(np.nanmedian(usual, 1))
    context = anchor.context(panel.periods[-1] + (panel.periods[-1] - panel.periods[-2]))
    own, weight = anchor.own_elasticities(prices, context)
    low, high = np.log1p(-STEP), np.log1p(STEP)
    asked = prices + np.array([low, 0.0, high])[:, None]
    units = np.concatenate(
        [np.exp(np.asarray(anchor.log_units(head, asked, context), np.float64)) for head in anchor.heads]
    )[..., kept].sum(-1)  # [N, 3]
    arc = np.log(units[:, 2] / units[:, 0]) / (high - low)
    heard = ", ".join(f"{head.name} {head.weight:.2f}" for head in anchor.heads if head.weight >= LEAST_HEARD)
    row = {
        "specification": "the engine's anchor",
        "assumes": f"structural forms ({len(anchor.heads)}) with priors, weighted by weeks that did not fit them; "
        "costs as a control where they move prices; shocks that last some weeks are independent of prices. "
        f"Heard: {heard}. Errors are posterior sds",
    }
    for name, draws in (("own", own[:, kept].mean(1)), ("category", arc)):
        mean = weight @ draws
        row |= {name: float(mean), f"{name}_error": float(np.sqrt(weight @ (draws - mean) ** 2))}
    change = weight @ (units / units[:, [1]] - 1)
    return row | {"volume_at_-10%": float(change[0]), "volume_at_+10%": float(change[2])}
