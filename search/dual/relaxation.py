"""A tabulated problem as a sum over choice sets, and shared rules as rows with multipliers. Not for solving it.

Items are the decisions and, with one rung each, the held offers. Axes: I items, L rungs, M values of the index, C sets,
R rows. An objective that is concave in the members' gains and homogeneous (mean - risk × sd, cvar, worst group) is at
most its gradient times them, so that weights of the members make it a sum too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np

from search.compiled import Compiled
from search.objective import net_price, unit_value
from search.rules.base import TIGHTENING
from search.rules.view import View
from search.types import PricingProblem


@dataclass(frozen=True)
class Row:
    """One shared rule of one group: the sum of the items' amounts [I, L, M or 1] is at most `limit`, to the search at
    most `inside` (see search.rules.base.TIGHTENING)."""

    name: str
    amounts: np.ndarray
    limit: float
    inside: float


@dataclass(frozen=True)
class Relaxation:
    """What the bound is of.

    Attributes:
        items: [S] the item of each offer. choice_set: [I]. decisions: D, the first items.
        terms: [I, L] what an item adds to its set's index; grid: [C, M].
        rows: the rules that are linear; `dropped` names the others, which only widens the bound.
        sold: [S, L, M, K] float32 units. worth: [S, L] of a unit. hold: [K] what holding prices is worth.
    """

    items: np.ndarray
    choice_set: np.ndarray
    decisions: int
    terms: np.ndarray
    grid: np.ndarray
    rows: tuple[Row, ...]
    dropped: tuple[str, ...]
    sold: np.ndarray
    worth: np.ndarray
    hold: np.ndarray

    def of_items(self, by_offer: np.ndarray) -> np.ndarray:
        """Sums over each item's offers: [S, ...] -> [I, ...]."""
        return summed(by_offer, self.items, len(self.choice_set))

    def profits(self, weights: np.ndarray) -> np.ndarray:
        """[I, L, M] float64: what the members weighted so [K] let an item earn."""
        parts = [part @ weights for part in np.array_split(self.sold, max(len(self.sold) // 500, 1))]
        return self.of_items(np.concatenate(parts) * self.worth[..., None])

    def held(self, weights: np.ndarray) -> float:
        """What holding prices earns under these weights [K]."""
        return float(self.hold @ weights)


def summed(values: np.ndarray, place: np.ndarray, size: int) -> np.ndarray:
    """Sums [size, ...] of the values [N, ...] that share a place [N], float64."""
    if np.array_equal(place, np.arange(size)):
        return np.asarray(values, np.float64)
    total = np.zeros((size, *values.shape[1:]))
    np.add.at(total, place, values)
    return total


def relax(problem: PricingProblem, compiled: Compiled) -> Relaxation | None:
    """None where no bound is known: without a table, where members have indices of their own, and where a decision is
    in several choice sets."""
    table = compiled.table
    if table is None or table.terms.shape[-1] != 1:
        return None
    decision, sets = problem.decision, np.asarray(table.choice_set)
    held = np.flatnonzero(decision < 0)
    items = np.where(decision >= 0, decision, 0)
    items[held] = len(problem.rungs) + np.arange(len(held))
    number = len(problem.rungs) + len(held)
    choice_set = np.zeros(number, np.int64)
    choice_set[items] = sets
    if (choice_set[items] != sets).any():
        return None
    prices, objective, cost = problem.rung_prices, problem.objective, problem.sale_cost
    rates = {"tax_rate": objective.tax_rate, "fee_rate": objective.fee_rate}
    hold = np.asarray(compiled.sold_hold, np.float64)
    start, step = (np.asarray(part, np.float64)[:, 0] for part in (table.start, table.step))
    sold = np.asarray(table.units)
    rows, dropped = _rows(problem, compiled, sold, prices, items, number)
    return Relaxation(
        items=items,
        choice_set=choice_set,
        decisions=len(problem.rungs),
        terms=summed(np.asarray(table.terms, np.float64)[..., 0], items, number),
        grid=start[:, None] + step[:, None] * np.arange(sold.shape[2]),
        rows=rows,
        dropped=dropped,
        sold=sold,
        worth=unit_value(objective.name, prices, cost[:, None], **rates),
        hold=hold @ unit_value(objective.name, problem.current, cost, **rates),
    )


def _rows(
    problem: PricingProblem, compiled: Compiled, sold: np.ndarray, prices: np.ndarray, items: np.ndarray, number: int
) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    units = sold.mean(axis=-1, dtype=np.float64)  # [S, L, M]
    view = View(
        prices=prices.T[None],  # [1, L, S]
        units=np.moveaxis(units, 0, -1).swapaxes(0, 1),  # [M, L, S]
        net=net_price(prices.T[None], problem.objective.tax_rate, problem.objective.fee_rate),
        current=problem.current,
        units_current=np.asarray(compiled.sold_hold, np.float64).mean(axis=0),
        cost=np.nan_to_num(problem.offers["cost"].to_numpy(np.float64)),
        stock=problem.offers["stock"].to_numpy(np.float64),
        group=problem.decision,
        size=0,
        tax_rate=problem.objective.tax_rate,
    )
    rows, dropped = [], []
    every = zip(compiled.rules, compiled.groups, compiled.aids, compiled.sizes, compiled.room, strict=True)
    for rule, groups, aids, size, room in every:
        if not rule.hard or room > 0:
            dropped.append(rule.name)
            continue
        groups = np.asarray(groups)
        arrays = {name: np.asarray(aid, np.float64) for name, aid in aids.items()}
        known = rule.linear(replace(view, aids=arrays, group=groups, size=size))
        if not known:
            dropped.append(rule.name)
        for amounts, limits, whole in known:
            by_offer = np.moveaxis(amounts, -1, 0).swapaxes(1, 2)  # [S, L, M or 1]
            for group, (limit, tight) in enumerate(zip(limits, limits - 1.5 * TIGHTENING * whole, strict=True)):
                mine = np.where((groups == group)[:, None, None], by_offer, 0.0)
                rows.append(Row(rule.name, summed(mine, items, number), float(limit), float(tight)))
    return tuple(rows), tuple(dropped)


def weights_at(compiled: Compiled, gains: np.ndarray) -> np.ndarray:
    """[K] float64: the objective's gradient at the members' gains [K], so that it is at most weights @ gains."""
    found = jax.grad(lambda gain: compiled.value(gain[:, None])[0])(jnp.asarray(gains, jnp.float32))
    return np.asarray(found, np.float64)
