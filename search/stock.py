"""What a stock lets through: expected sales of uncertain counts, not the lesser of expected demand and stock.

Not for rules on stock: see search.rules.inventory, which says whose sales stop at it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import numpy as np
import pandas as pd
from scipy.special import betainc

from data_io.errors import ConfigError
from search.rules.base import Rule
from search.rules.inventory import Inventory

CELLS = 256  # of demand / (demand + stock), in which the share is interpolated; its kink at 1/2 lies on an edge
DEAREST = 2.0  # times its price, that an offer is taken to cost for those who find it sold out
ELASTICITIES = (-8.0, -1.0)  # own elasticities that virtual prices are formed from
LEAST_UNITS = 1e-9
LEAST_DISPERSION = 1e-6  # below it counts are as good as Poisson's


@partial(jax.tree_util.register_dataclass, data_fields=["stock", "share", "pools", "elasticity"], meta_fields=[])
@dataclass(frozen=True)
class Shelf:
    """The stock that sales stop at.

    stock [S], inf where they do not; share [S, CELLS + 1]: expected sales over the lesser of expected demand and stock,
    at demand / (demand + stock) from 0 to 1, or None where all are 1 because no offer's counts are known to vary.
    pools: stocks that offers share, or None. elasticity [S]: own-price elasticities (negative), where those who find an
    offer sold out may take another, else None.
    """

    stock: Any
    share: Any | None
    pools: Pools | None = None
    elasticity: Any | None = None

    def sales(self, demanded: Any, prices: Any, ask: Callable[[Any], Any]) -> Any:
        """Expected sales [K, P, S] of expected demand [K, P, S] at prices [P, S]; `ask` is the Demand.

        To the others, an offer of which a part is not served is like one that is so much dearer that no more is asked
        of it: demand at these virtual prices (Neary & Roberts 1980) is what the others meet. No price is taken for more
        than DEAREST times what it is, so that the demand is not asked far from what it knows.
        """
        sold = self.served(demanded)
        if self.elasticity is None:
            return sold
        array = demanded.__array_namespace__()
        unserved = array.maximum(demanded, LEAST_UNITS) / array.maximum(sold, LEAST_UNITS)
        dearer = array.minimum(unserved.mean(0) ** (-1 / self.elasticity), DEAREST)
        others = ask(prices * dearer) * dearer**-self.elasticity  # its own price is no dearer
        return self.served(array.maximum(demanded, others))

    def served(self, demand: Any) -> Any:
        """Expected sales [..., S] of the demand [..., S] that an offer meets; numpy's or JAX's."""
        sold = _through(demand, self.stock, self.share)
        return sold if self.pools is None else self.pools.ration(sold)


@partial(jax.tree_util.register_dataclass, data_fields=["members", "place", "stock", "share"], meta_fields=[])
@dataclass(frozen=True)
class Pools:
    """Stocks that offers share, every offer in at most one of Q. members [Q, N] offers of a pool, S where it has fewer;
    place [S] the offer's pool, Q = none; stock [Q] and share [Q, CELLS + 1] as a Shelf's, of the pool's sums."""

    members: Any
    place: Any
    stock: Any
    share: Any

    def ration(self, demand: Any) -> Any:
        """Demand [..., S] -> sales [..., S]: a pool serves the same part of each of its offers' demand."""
        array = demand.__array_namespace__()
        none = array.zeros_like(demand[..., :1])
        whole = array.concatenate([demand, none], axis=-1)[..., self.members].sum(-1)
        part = _through(whole, self.stock, self.share) / array.maximum(whole, 1e-30)
        return demand * array.concatenate([part, array.ones_like(none)], axis=-1)[..., self.place]


def _through(demand: Any, stock: Any, share: Any | None) -> Any:
    """Expected sales [..., N] of expected demand [..., N] from stock [N], see Shelf."""
    array = demand.__array_namespace__()
    most = array.minimum(demand, stock)
    if share is None:
        return most
    place = CELLS * demand / array.maximum(demand + stock, 1e-30)
    cell = array.clip(place, 0, CELLS - 1).astype(np.int32)
    number = np.arange(demand.shape[-1])
    below, above = share[number, cell], share[number, cell + 1]
    return most * (below + (place - cell) * (above - below))


def shelf_of(rules: Iterable[Rule], offers: pd.DataFrame) -> Shelf:
    """The shelf, in float64, of offers [S] whose column ``dispersion`` is φ of Var = μ + φ μ²; where it is missing,
    demand is taken for certain.

    A pool's φ is that of its sum, in which offers count by ``usual_units`` (all alike without it); ``common_noise`` is
    the share of φ that offers of a pool have in common (0 without it). Nobody takes a substitute where the column
    ``own_elasticity`` is missing.
    """
    capping = [rule for rule in rules if isinstance(rule, Inventory) and rule.mode == "cap_sales"]
    stock = offers["stock"].to_numpy(np.float64)
    alone = np.zeros(len(offers), bool)
    for rule in capping:
        alone |= rule.selects(offers) & (not rule.by)
    own = np.where(alone, stock, np.inf)
    shared = [rule.pools(offers) for rule in capping if rule.by]
    pools = _pools(shared, offers) if any((pool >= 0).any() for pool in shared) else None
    elasticity = None
    if "own_elasticity" in offers.columns and any(rule.substitution for rule in capping) and np.isfinite(stock).any():
        elasticity = np.nan_to_num(offers["own_elasticity"].to_numpy(np.float64)).clip(*ELASTICITIES)
    return Shelf(own, _shares(own, _column(offers, "dispersion", np.nan)), pools, elasticity)


def sale_costs(rules: Iterable[Rule], offers: pd.DataFrame) -> np.ndarray:
    """[S] PricingProblem.sale_cost: of a unit that was bought already, a sale gives up what it is worth unsold. A
    column ``sale_cost`` of the offers says it itself."""
    if "sale_cost" in offers.columns:
        return offers["sale_cost"].to_numpy(np.float64)
    cost, stocked = offers["cost"].to_numpy(np.float64), np.isfinite(offers["stock"].to_numpy(np.float64))
    for rule in rules:
        if isinstance(rule, Inventory) and rule.salvage is not None:
            cost = np.where(rule.selects(offers) & stocked, cost * (rule.salvage - rule.holding_cost), cost)
    return cost


def _pools(shared: list[np.ndarray], offers: pd.DataFrame) -> Pools:
    """Of the rules' pool numbers, each [S], -1 = none."""
    place = np.full(len(offers), -1)
    for pool in shared:
        if ((place >= 0) & (pool >= 0)).any():
            both = offers.iloc[np.flatnonzero((place >= 0) & (pool >= 0))[0]]
            raise ConfigError(
                f"{both['product']} ({both['store']}) is in the pools of two inventory rules. Narrow the scope of one."
            )
        place = np.where(pool >= 0, pool + place.max(initial=-1) + 1, place)
    names, place = np.unique(place, return_inverse=True)
    place = place - (names[0] < 0)
    count = int(place.max()) + 1
    rows = [np.flatnonzero(place == number) for number in range(count)]
    members = np.full((count, max(map(len, rows))), len(offers), np.int32)
    for number, row in enumerate(rows):
        members[number, : len(row)] = row
    stock = np.array([offers["stock"].iloc[row[0]] for row in rows], np.float64)
    phi, common, usual = (
        _column(offers, name, missing)
        for name, missing in (("dispersion", np.nan), ("common_noise", 0.0), ("usual_units", 1.0))
    )
    of_sum = []
    for row in rows:
        weight = usual[row] / max(usual[row].sum(), 1e-30)
        own, together = (weight**2 * phi[row]).sum(), (weight * np.sqrt(phi[row])).sum() ** 2
        of_sum.append(own + common[row].mean() * (together - own))
    share = _shares(stock, np.array(of_sum))
    return Pools(members, np.where(place >= 0, place, count).astype(np.int32), stock, share)


def _column(offers: pd.DataFrame, name: str, missing: float) -> np.ndarray:
    """[S] float64, `missing` where the offers have no such column."""
    return offers[name].to_numpy(np.float64) if name in offers.columns else np.full(len(offers), missing)


def _shares(stock: np.ndarray, dispersion: np.ndarray) -> np.ndarray | None:
    """Shelf's share of stocks [N] and φ [N]."""
    uncertain = np.isfinite(stock) & np.isfinite(dispersion)
    if not uncertain.any():
        return None
    share = np.ones((len(stock), CELLS + 1))
    share[uncertain, 1:-1] = _share(stock[uncertain], dispersion[uncertain])
    return share


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
