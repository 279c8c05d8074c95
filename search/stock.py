"""What a stock lets through: expected sales of uncertain counts, not the lesser of expected demand and stock.

Not for rules on stock: see search.rules.inventory, which says whose sales stop at it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import numpy as np
import pandas as pd
from scipy.special import betainc

from search.rules.base import Rule
from search.rules.inventory import sales_cap

CELLS = 256  # of demand / (demand + stock), in which the share is interpolated; its kink at 1/2 lies on an edge
LEAST_DISPERSION = 1e-6  # below it counts are as good as Poisson's


@partial(jax.tree_util.register_dataclass, data_fields=["stock", "share"], meta_fields=[])
@dataclass(frozen=True)
class Shelf:
    """The stock that sales stop at.

    stock [S], inf where they do not; share [S, CELLS + 1]: expected sales over the lesser of expected demand and stock,
    at demand / (demand + stock) from 0 to 1, or None where all are 1 because no offer's counts are known to vary.
    """

    stock: Any
    share: Any | None

    def sales(self, demand: Any) -> Any:
        """Expected demand [..., S] -> expected sales [..., S], numpy's or JAX's."""
        array = demand.__array_namespace__()
        most = array.minimum(demand, self.stock)
        if self.share is None:
            return most
        place = CELLS * demand / array.maximum(demand + self.stock, 1e-30)
        cell = array.clip(place, 0, CELLS - 1).astype(np.int32)
        offer = np.arange(demand.shape[-1])
        below, above = self.share[offer, cell], self.share[offer, cell + 1]
        return most * (below + (place - cell) * (above - below))


def shelf_of(rules: Iterable[Rule], offers: pd.DataFrame) -> Shelf:
    """The shelf, in float64, of offers [S] whose column ``dispersion`` is φ of Var = μ + φ μ²; where it is missing,
    demand is taken for certain."""
    stock = sales_cap(rules, offers)
    if "dispersion" not in offers.columns:
        return Shelf(stock, None)
    dispersion = offers["dispersion"].to_numpy(np.float64)
    uncertain = np.isfinite(stock) & np.isfinite(dispersion)
    if not uncertain.any():
        return Shelf(stock, None)
    share = np.ones((len(offers), CELLS + 1))
    share[uncertain, 1:-1] = _share(stock[uncertain], dispersion[uncertain])
    return Shelf(stock, share)


def expected_sales(demand: np.ndarray, stock: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """E min(Y, stock) of a negative binomial Y with mean `demand` and Var = μ + φ μ²; arrays that broadcast.

    Σ y p(y) up to a count is the mean times the distribution function of the same law with one more success
    (Johnson, Kemp & Kotz 2005, 5.2), so both parts are incomplete beta functions.
    """
    shape = 1 / np.maximum(dispersion, LEAST_DISPERSION)
    chance, whole = shape / (shape + demand), np.floor(stock)
    below = np.where(whole > 0, betainc(shape + 1, np.maximum(whole, 1), chance), 0.0)
    return demand * below + stock * (1 - betainc(shape, whole + 1, chance))


def _share(stock: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """[N, CELLS - 1], Shelf's share between its ends, where all of no demand is sold and all of the stock to endless
    demand."""
    inner = np.arange(1, CELLS) / CELLS
    stock = np.maximum(stock, 1e-9)[:, None]
    demand = stock * inner / (1 - inner)
    return np.minimum(expected_sales(demand, stock, dispersion[:, None]) / np.minimum(demand, stock), 1.0)
