"""What the prices will bring: gains in the model, split into mix and level, and the promise that is not its own judge.

A search picks prices where the model errs in their favour, so the model's own gain is too good. How much is measured on
models of alternate time blocks: what the prices chosen by one half gain in its own eyes, less what they gain in the
other's. Half of the difference would be right for a model that takes data at their word: errors of a half have twice
the variance of the whole's. Nothing would be right for one that shrinks by as much as it errs: its own gain is what to
expect, and the other half, shrunk too, sees too little. Ours is nearer to the second; a quarter is taken off. It does
not cure prices that followed demand (endogeneity) nor a wrong form of demand: no splitting of the same history does.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ensemble.anchor.anchor import Anchor
from ensemble.demand import offer_demand
from ensemble.types import Ensemble, Group, group_numbers
from search.evaluate import sold_units
from search.gradient import optimise as gradient
from search.objective import net_price
from search.soft import settle_all
from search.types import PricingProblem

DEDUCTED = 0.25  # of the difference
QUANTILE = 1.2816  # of the normal distribution, 10 % and 90 %


def totals(problem: PricingProblem, prices: np.ndarray) -> np.ndarray:
    """[K, P] the objective's total over all offers per member at prices [P, S], in float64, risk not deducted."""
    return (sold_units(problem, prices) * unit_values(problem, prices)).sum(-1)


def unit_values(problem: PricingProblem, prices: np.ndarray) -> np.ndarray:
    """What one unit adds to the objective [..., S] at prices [..., S]; offers without cost add no profit."""
    objective = problem.objective
    if objective.name == "units":
        return np.ones_like(prices)
    if objective.name == "revenue":
        return prices / (1 + objective.tax_rate)
    return np.nan_to_num(net_price(prices, objective.tax_rate, objective.fee_rate) - problem.sale_cost)


def gains(problem: PricingProblem, prices: np.ndarray, sold: np.ndarray | None = None) -> np.ndarray:
    """[K] each member's gain of prices [S] over holding prices; sold [K, 2, S] at both, where it is known already."""
    both = np.stack([prices, problem.current])
    sold = sold_units(problem, both) if sold is None else sold
    total = (sold * unit_values(problem, both)).sum(-1)
    return total[:, 0] - total[:, 1]


def mix_and_level(problem: PricingProblem, prices: np.ndarray) -> tuple[float, float]:
    """In-model gain at an unchanged price index per category (mix), and the rest (level).

    The index weighs prices by units sold at current prices (Laspeyres); held offers do not move.
    """
    moves = problem.decision >= 0
    weight = sold_units(problem, problem.current[None]).mean(0)[0]
    category = problem.offers["category"].astype("category").cat.codes.to_numpy()
    count = int(category.max(initial=0)) + 1
    spent, before = (np.bincount(category, weight * value * moves, count) for value in (prices, problem.current))
    index = np.where(before > 0, spent / np.where(before > 0, before, 1), 1.0)
    neutral = np.where(moves, prices / np.where(index > 0, index, 1)[category], problem.current)
    mix = float(gains(problem, neutral).mean())
    return mix, float(gains(problem, prices).mean()) - mix


class Promise(NamedTuple):
    """The gain promised, its 10 % and 90 % quantiles, and optimism: by how much a half of the history overrates the
    prices that it chose. Money (or units) per period."""

    mean: float
    p10: float
    p90: float
    optimism: float


def _of_half(ensemble: Ensemble, problem: PricingProblem, half: tuple[Group, ...] | Anchor) -> PricingProblem:
    """The problem as one half of the time blocks sees it."""
    objective = problem.objective
    if isinstance(half, Anchor):
        return replace(problem, demand=offer_demand(ensemble, problem.offers, anchor=half))
    if objective.groups is not None:
        objective = replace(objective, groups=group_numbers(half))
    return replace(problem, demand=offer_demand(ensemble, problem.offers, groups=half), objective=objective)


def promise(ensemble: Ensemble, problem: PricingProblem, prices: np.ndarray, *, seed: int) -> Promise | None:
    """What the prices [S] are promised to gain over holding; None where no halves were trained."""
    halves = ensemble.anchor_halves or ensemble.halves
    if not halves:
        return None
    own = gains(problem, prices)
    if not len(problem.ladder):
        return Promise(0.0, 0.0, 0.0, 0.0)
    settled = settle_all(problem, prices)  # a half keeps soft rules as well as the answer does, and begins there
    begin = None if settled is problem else problem.nearest(prices)
    problems = [_of_half(ensemble, settled, half) for half in halves]
    chosen = [gradient(half, seed=seed, begin=begin).prices for half in problems]
    return promised(own, np.array([[gains(half, other).mean() for other in (*chosen, prices)] for half in problems]))


def promised(own: np.ndarray, judged: np.ndarray) -> Promise:
    """From each member's gain [K], and the gains [2, 3] that either half of the history (rows) sees in the choices of
    the first half, of the second and of all."""
    optimism = float(np.trace(judged[:, :2]) - np.trace(judged[:, 1::-1])) / 2
    mean = float(own.mean()) - DEDUCTED * max(optimism, 0.0)
    spread = float(np.hypot(own.std(), (judged[0, 2] - judged[1, 2]) / 2))
    return Promise(mean, mean - QUANTILE * spread, mean + QUANTILE * spread, optimism)
