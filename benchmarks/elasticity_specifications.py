"""The regressions that are asked for own-price elasticities, and what each assumes. Not for the algebra.

`own` is the change of a product's log units with its own log price, all else still. `category` is their change where
all prices of the store's category move together: own plus the coefficient of the rivals' price index; specifications
without that index cannot say it. Slopes of controls are each product's own, price slopes are one for the group asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.elasticity_regressions import Estimate, Table, regress, without
from ensemble.response.orthogonal import blocks, cross_fitted
from ensemble.response.pooled import partial_out

LEAST_COSTS = 0.5  # share of rows whose cost must be known for costs to be asked
Row = dict[str, Any]


@dataclass(frozen=True)
class Specification:
    """name, and in words what is assumed; `effects` as elasticity_regressions.without takes them; the rest says which
    columns enter. instrument: own and rivals' costs stand in for own and rivals' prices."""

    name: str
    assumes: str
    effects: str
    rivals: bool = True
    promotions: bool = False
    calendar: bool = False
    lag: bool = False
    instrument: bool = False


SPECIFICATIONS = (
    Specification(
        "pooled",
        "all products and stores would sell the same at the same price (of an ounce, where packs have a volume)",
        "none",
        rivals=False,
    ),
    Specification(
        "product × store effects",
        "over time, nothing else that sells moves with the price: no deals, season, rivals",
        "series",
        rivals=False,
    ),
    Specification("+ rivals' prices", "as above, but rivals' prices are held still", "series"),
    Specification(
        "+ promotions",
        "deal and feature shift sales by a factor per product; the rest of a deal's price cut works as any price does",
        "series",
        promotions=True,
    ),
    Specification(
        "+ season and trend",
        "what is left of prices after a smooth season and a linear trend ignores demand; purchases are not brought "
        "forward",
        "series",
        promotions=True,
        calendar=True,
    ),
    Specification(
        "+ lagged prices",
        "as above; stockpiling reaches one week back and is a factor of last week's prices",
        "series",
        promotions=True,
        calendar=True,
        lag=True,
    ),
    Specification(
        "across stores only",
        "product × week effects: stores that charge more in the same week differ in nothing else that sells",
        "times",
        promotions=True,
    ),
    Specification(
        "within weeks and stores",
        "product × week and product × store effects: what a store's price does beside the chain's ignores its demand",
        "both",
        promotions=True,
    ),
    Specification(
        "within stores, chain-wide moves",
        "only what all stores do together over the weeks, which ignores demand but for promotions, season and trend",
        "chain",
        promotions=True,
        calendar=True,
    ),
    Specification(
        "cost instrument",
        "costs move prices and otherwise no sales; here costs were built from margin × price, so they carry the "
        "price's own moves: not a clean instrument",
        "series",
        promotions=True,
        calendar=True,
        instrument=True,
    ),
)
CROSS_FITTED = (
    "cross-fitted orthogonal stage",
    "as + lagged prices, controls foretold from other blocks of weeks; this week's response with the past still",
)


def estimates(table: Table) -> Iterator[Row]:
    """Every specification on one group's table, then the cross-fitted stage."""
    costed = np.isfinite(table.log_cost) & table.rows
    for asked in SPECIFICATIONS:
        if not asked.instrument:
            yield from _estimate(asked, table)
        elif costed.sum() > LEAST_COSTS * table.rows.sum():
            yield from _estimate(asked, table._replace(rows=costed, log_cost=np.nan_to_num(table.log_cost)))
    yield _row(*CROSS_FITTED, _cross_fitted(table), [1.0, 0.0], [1.0, 1.0])


def _estimate(asked: Specification, table: Table) -> Iterator[Row]:
    """One row; with lags, one of the short run (the past still) and one of the long run."""
    there = asked.rivals and bool(np.ptp(table.rivals[table.rows]) > 0)
    prices = [table.log_price, *([table.rivals] if there else [])]
    if asked.lag:
        prices += [table.lag, *([table.rivals_lag] if there else [])]
    stand_ins = [table.log_cost, *([table.rival_cost] if there else [])] if asked.instrument else []
    controls = [*([table.promotions] if asked.promotions else []), *([table.calendar] if asked.calendar else [])]
    columns = np.concatenate([np.stack([table.log_units, *prices, *stand_ins], -1), *controls], -1)
    left, absorbed = without(asked.effects, columns, table.rows, table.pool)
    last, end = 1 + len(prices), 1 + len(prices) + len(stand_ins)
    if controls:
        absorbed += (columns.shape[-1] - end) * len(table.pool.starts)
        left = partial_out(left[..., :end], left[..., end:], table.rows, table.pool)
    found = regress(
        left[..., 0], left[..., 1:last], table.rows, absorbed, left[..., last:end] if asked.instrument else None
    )
    one = np.array([1.0, 0.0] if there else [1.0])
    both = np.ones(2) if there else None
    if not asked.lag:
        row = _row(asked.name, asked.assumes, found, one, both)
        yield row | ({"first_stage_f": _first_stage(left, last, end, table, absorbed)} if asked.instrument else {})
        return
    short = [np.concatenate([each, 0 * each]) if each is not None else None for each in (one, both)]
    long = [np.concatenate([each, each]) if each is not None else None for each in (one, both)]
    yield _row(f"{asked.name}, short run", asked.assumes, found, *short)
    yield _row(f"{asked.name}, long run", asked.assumes, found, *long)


def _row(name: str, assumes: str, found: Estimate, own, category) -> Row:
    value, error = found.sum(np.asarray(own))
    row = {"specification": name, "assumes": assumes, "own": value, "own_error": error}
    if category is not None:
        row["category"], row["category_error"] = found.sum(np.asarray(category))
    return row | {"rows": found.rows, "periods": found.periods}


def _first_stage(left: np.ndarray, last: int, end: int, table: Table, absorbed: int) -> float:
    """Effective F of the own cost for the own price, given the rivals' cost; clustered (Olea and Pflueger 2013)."""
    first = regress(left[..., 1], left[..., last:end], table.rows, absorbed)
    return float(first.coefficient[0] ** 2 / first.covariance[0, 0])


def _cross_fitted(table: Table) -> Estimate:
    """Own and rivals' prices as treatments; promotions, calendar and last week's prices as controls."""
    both = np.stack([table.log_units, table.log_price, table.rivals], -1)
    lags = np.stack([table.lag, table.rivals_lag], -1)
    controls = np.concatenate([table.promotions, table.calendar, lags], -1)
    left = cross_fitted(both, controls, table.rows, table.pool)
    products = len(table.pool.starts)
    absorbed = int(table.rows.any(1).sum()) + products * (controls.shape[-1] + len(blocks(table.rows.shape[1])))
    return regress(left[..., 0], left[..., 1:], table.rows, absorbed)
