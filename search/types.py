"""The contract of the search: a PricingProblem goes in, a Solution comes out, whatever the optimiser.

Axes: K members, P candidates, S series (offers), D decisions, L rungs. Money in the data's currency.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from search.money import Money

if TYPE_CHECKING:
    from search.rules.base import Rule
    from search.stock import Shelf


class Demand(Protocol):
    """Prices [P, S] -> expected units [K, P, S] per period. The only seam between models and search.

    Written with jax.numpy, free of side effects. A pytree (``jax.tree_util.Partial``) keeps its arrays out of
    the compiled code; a plain function works too.
    """

    def __call__(self, prices: Any) -> Any: ...


@runtime_checkable
class IndexedDemand(Protocol):
    """A Demand that meets rivals' prices only through price indices of choice sets, so that it can be tabulated:
    ``demand(prices)`` is ``respond(prices, index)`` at the sums of the terms over each choice set.

    Attributes:
        choice_set: [S] integers, the choice set of each offer.
    """

    choice_set: Any

    def __call__(self, prices: Any) -> Any: ...

    def terms(self, prices: Any) -> Any:
        """Prices [P, S] -> what each offer adds to its set's index [J, P, S]; J = 1, or K where members differ."""

    def respond(self, prices: Any, index: Any) -> Any:
        """Own prices [P, S] and indices [J, P, S] of the offers' sets -> units [K, P, S], each offer by itself."""


@dataclass(frozen=True)
class Objective:
    """What to maximise: the paired difference from holding prices, mean over members - risk × their sd.

    Attributes:
        name: ``profit`` (price / (1 + tax_rate) × (1 - fee_rate) - cost per unit sold), ``revenue``
            (price / (1 + tax_rate) per unit sold) or ``units``.
        tax_rate: tax contained in prices, 0.2 = 20 %.
        fee_rate: share of the net price that a marketplace keeps.
        risk: k in mean - k sd.
        groups: [K] the members' groups; where given, the value is the least of the groups' mean gains.
        tail: where given, the value is the mean gain of that share of the members that gain least.
    """

    name: str = "profit"
    tax_rate: float = 0.0
    fee_rate: float = 0.0
    risk: float = 0.25
    groups: tuple[int, ...] | None = None
    tail: float | None = None


@dataclass(frozen=True)
class PricingProblem:
    """One joint pricing decision. Rules on single prices are already in the ladder; joint rules are evaluated.

    Attributes:
        demand: see Demand; S follows the rows of `offers`.
        offers: [S] rows in the order of prices.csv (store, product), with the columns of Tables.offers.
        decision: [S] int32, the decision that prices the offer; -1 = held at its current price.
        ladder: [D, L] float64, allowed prices ascending, each row padded by repeating its last.
        rungs: [D] int32, how many of a row's prices are real (>= 1).
        start: [D] int32, the rung nearest to the current price (exactly it where allowed).
        objective: what to maximise.
        rules: every active rule, those compiled into the ladder too (for texts and checks).
        decimals: decimals of a price.
        room: of rules by name, what they may be broken by: inf = as if the rule was not there; a finite room is for
            joint rules, in the measure of their excess. What has to be compiled stays the same.
    """

    demand: Demand
    offers: pd.DataFrame
    decision: np.ndarray
    ladder: np.ndarray
    rungs: np.ndarray
    start: np.ndarray
    objective: Objective
    rules: tuple[Rule, ...] = ()
    decimals: int = 2
    room: Mapping[str, float] = field(default_factory=dict)

    @property
    def kept(self) -> tuple[Rule, ...]:
        """The rules that are not waived."""
        return tuple(rule for rule in self.rules if self.room.get(rule.name, 0.0) < np.inf)

    @cached_property
    def shelf(self) -> Shelf:
        """What sales stop at, by the rules that are not waived."""
        from search.stock import shelf_of

        return shelf_of(self.kept, self.offers)

    @cached_property
    def sale_cost(self) -> np.ndarray:
        """[S] float64, what a sale costs: the unit's cost, or what the unit is worth when it stays on the shelf where a
        rule says that this is less: that is so whether the rule is waived or not."""
        from search.stock import sale_costs

        return sale_costs(self.rules, self.offers)

    @property
    def current(self) -> np.ndarray:
        """[S] float64, prices that holding keeps."""
        return self.offers["current_price"].to_numpy(np.float64)

    @property
    def money(self) -> Money:
        """How prices are written and what remains of them."""
        return Money(self.decimals, self.objective.tax_rate, self.objective.fee_rate)

    @property
    def first(self) -> np.ndarray:
        """[D] int64, the row of each decision's first offer."""
        return np.unique(self.decision, return_index=True)[1][-len(self.rungs) :] if len(self.rungs) else self.rungs

    @property
    def rung_prices(self) -> np.ndarray:
        """[S, L] float64, what each offer costs at its decision's rungs; of held ones all are the current price."""
        priced = self.decision[:, None] >= 0
        return np.where(priced, self.ladder[np.maximum(self.decision, 0)], self.current[:, None])

    def nearest(self, prices: np.ndarray) -> np.ndarray:
        """Prices [S] -> [D] int32, the rungs nearest to those of each decision's first offer."""
        return np.abs(self.ladder - prices[self.first, None]).argmin(axis=1).astype(np.int32)

    def prices(self, rungs: np.ndarray) -> np.ndarray:
        """Rungs [..., D] -> prices [..., S] float64; held offers keep their current price."""
        chosen = np.take_along_axis(
            np.broadcast_to(self.ladder, (*rungs.shape[:-1], *self.ladder.shape)), rungs[..., None], axis=-1
        )[..., 0]
        if chosen.shape[-1] == 0:
            return np.broadcast_to(self.current, (*rungs.shape[:-1], len(self.offers))).copy()
        return np.where(self.decision >= 0, chosen[..., np.maximum(self.decision, 0)], self.current)


@dataclass(frozen=True)
class Front:
    """Feasible candidates of which none is better than another in both measures, the most objective first.

    Attributes:
        rungs: [N, D] int32.
        measures: [N, 2] the objective (gain over holding prices, risk deducted) and the second measure, by the demand.
        names: of the two measures.
    """

    rungs: np.ndarray
    measures: np.ndarray
    names: tuple[str, str]


@dataclass(frozen=True)
class Solution:
    """What an optimiser found.

    Attributes:
        rungs: [D] int32.
        prices: [S] float64, rounded to the problem's decimals.
        value: objective in the model (gain over holding prices, risk deducted).
        violation: total violation of hard joint rules, 0 = feasible.
        evaluations: candidates evaluated.
        seconds: wall time.
        optimiser: name in the registry.
        status: ``done`` (feasible) or ``not_found``.
        bound: proven upper bound of the value of the tabulated problem, or None where none is valid.
        gap: (bound - the answer's value by the table) / |bound|, or None.
        table_error: relative difference of the answer's value by the table and by the demand; None without a table.
        history: one dict per generation: generation, evaluations, best, mean, violation, seconds.
        runners_up: [N, D] int32, further good feasible candidates, best first.
        front: what else there is between two measures, where it was searched for.
        why: why this optimiser was picked, where search=auto did.
    """

    rungs: np.ndarray
    prices: np.ndarray
    value: float
    violation: float
    evaluations: int
    seconds: float
    optimiser: str
    status: str
    bound: float | None = None
    gap: float | None = None
    table_error: float | None = None
    history: tuple[dict, ...] = ()
    runners_up: np.ndarray = field(default_factory=lambda: np.zeros((0, 0), np.int32))
    front: Front | None = None
    why: str | None = None


class Optimiser(Protocol):
    """The one signature of every optimiser; its settings are bound beforehand (functools.partial)."""

    def __call__(
        self, problem: PricingProblem, *, seed: int, progress: Callable[[dict], None] | None = None
    ) -> Solution: ...
