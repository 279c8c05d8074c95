"""A problem as arrays of one compiled program: sales, values and the rules' excess of candidates. Not for searching.

The arrays are arguments of the compiled functions, not constants in them: the second problem of the same shapes
compiles nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from search.objective import net_price, paired_gain, risk_adjusted, unit_value
from search.rules.base import TIGHTENING, JointRule
from search.rules.view import View, ratio
from search.stock import Shelf
from search.table import Table
from search.types import PricingProblem

EVERYTHING = 1e9  # room for any excess that is a number


@partial(
    jax.tree_util.register_dataclass,
    data_fields=[
        "demand", "ladder", "decision", "current", "cost", "sale_cost", "stock", "shelf", "tax_rate", "fee_rate",
        "risk", "sold_hold", "groups", "aids", "room", "table",
    ],
    meta_fields=["objective", "members", "tail", "rules", "sizes"],
)  # fmt: skip
@dataclass(frozen=True)
class Compiled:
    """A problem as device arrays (leaves) and what shapes the compiled code (metadata).

    ladder [D, L], decision [S], current, cost, sale_cost (see PricingProblem), stock [S], shelf: what sales stop at,
    sold_hold [K, S] sales when prices are held, per joint rule groups: [S] int32, aids: its own arrays, room: what it
    may be broken by, sizes: its number of groups.
    """

    demand: Any
    ladder: Any
    decision: Any
    current: Any
    cost: Any
    sale_cost: Any
    stock: Any
    shelf: Shelf
    tax_rate: Any
    fee_rate: Any
    risk: Any
    sold_hold: Any
    groups: tuple
    aids: tuple
    room: tuple
    objective: str
    members: tuple[int, ...] | None
    tail: float | None
    rules: tuple[JointRule, ...]
    sizes: tuple[int, ...]
    table: Table | None = None

    def spread(self, chosen: jax.Array) -> jax.Array:
        """Prices of decisions [P, D] -> prices of offers [P, S]; held ones keep their current price."""
        return jnp.where(self.decision >= 0, chosen[:, jnp.maximum(self.decision, 0)], self.current)

    def sold(self, prices: jax.Array) -> jax.Array:
        """Prices [P, S] -> expected sales [K, P, S], of the stock where a rule caps them."""
        return self.shelf.sales(self.demand(prices), prices, self.demand)

    def score(self, prices: jax.Array, sold: jax.Array | None = None) -> tuple[jax.Array, jax.Array]:
        """Prices [P, S] -> value [P] (gain over holding) and the rules' signed excess [P, G], see limits. Sales
        [K, P, S] are the demand's unless they are given."""
        sold = self.sold(prices) if sold is None else sold
        return self.value(self.gains(prices, sold)), self.limits(prices, sold)

    @property
    def rates(self) -> dict[str, Any]:
        """What unit_value takes beside prices."""
        return {"cost": self.sale_cost, "tax_rate": self.tax_rate, "fee_rate": self.fee_rate}

    def gains(self, prices: jax.Array, sold: jax.Array) -> jax.Array:
        """Prices [P, S] and sales [K, P, S] -> the members' gains over holding [K, P]."""
        worth = partial(unit_value, self.objective, **self.rates)
        return paired_gain(sold, worth(prices), self.sold_hold, worth(self.current))

    def measure(self, name: str, prices: jax.Array, sold: jax.Array) -> jax.Array:
        """Prices [P, S] and sales [K, P, S] -> what else candidates can be judged by [P], more is better: `units`,
        `revenue` or `profit` (mean gain over holding), `margin` (of all offers, a share) or `changes` (prices left as
        they are, less all)."""
        if name == "changes":
            return -jnp.sum(jnp.abs(prices - self.current) > 1e-6 * self.current, axis=-1).astype(jnp.float32)
        if name == "margin":
            units, net = sold.mean(axis=0), net_price(prices, self.tax_rate, self.fee_rate)
            known = ~jnp.isnan(self.cost)
            return ratio(jnp.sum(units * (net - self.cost), -1, where=known), jnp.sum(units * net, -1, where=known))
        worth = partial(unit_value, name, **self.rates)
        return paired_gain(sold, worth(prices), self.sold_hold, worth(self.current)).mean(axis=0)

    def limits(self, prices: jax.Array, sold: jax.Array) -> jax.Array:
        """Prices [P, S] and sales [K, P, S] -> signed excess [P, G] of hard and of priced soft rules' groups."""
        every = zip(self.excess(prices, sold), self.room, self.rules, strict=True)
        counted = [one - room for one, room, rule in every if rule.hard or rule.price_per_unit]
        return jnp.concatenate([jnp.zeros((len(prices), 0)), *counted], axis=1)

    @property
    def breach_prices(self) -> np.ndarray:
        """[G] what an excess of 1 in these groups costs, inf where the rule is hard."""
        each = [np.inf if rule.hard else rule.price_per_unit or 0.0 for rule in self.rules]
        every = np.repeat(np.array(each, np.float64), np.array(self.sizes, np.int64))
        return every[every > 0]

    def weigh(self, value: jax.Array, excess: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Value [P] and excess [P, G] of `limits` -> value less the price of soft rules' breaches [P], and the sum of
        the hard ones' breaches [P], edges tightened."""
        broken, hard = jnp.maximum(excess + TIGHTENING, 0.0), np.isinf(self.breach_prices)
        fine = jnp.sum(broken * np.where(hard, 0.0, self.breach_prices).astype(np.float32), axis=-1)
        return value - fine, jnp.sum(broken * hard, axis=-1)

    def value(self, gain: jax.Array) -> jax.Array:
        """Members' gains over holding [K, P] -> the objective [P], risk deducted."""
        return risk_adjusted(gain, self.risk, self.members, self.tail)

    def excess(self, prices: jax.Array, sold: jax.Array) -> list[jax.Array]:
        """Prices [P, S] and sales [K, P, S] -> signed excess [P, G] of each joint rule."""
        view = View(
            prices=prices,
            units=sold.mean(axis=0),
            net=net_price(prices, self.tax_rate, self.fee_rate),
            current=self.current,
            units_current=self.sold_hold.mean(axis=0),
            cost=jnp.nan_to_num(self.cost),
            stock=self.stock,
            group=self.decision,
            size=0,
            tax_rate=self.tax_rate,
        )
        return [
            rule.excess(replace(view, group=group, aids=aids, size=size))
            for rule, group, aids, size in zip(self.rules, self.groups, self.aids, self.sizes, strict=True)
        ]


def compile_problem(problem: PricingProblem) -> Compiled:
    """The problem as device arrays. Evaluates the demand once, at current prices."""
    arrays = problem_arrays(problem)
    current, ask = arrays.current[None], partial(answered, arrays.demand)
    return replace(arrays, sold_hold=arrays.shelf.sales(ask(current), current, ask)[:, 0])


def problem_arrays(problem: PricingProblem) -> Compiled:
    """The problem as device arrays without sales at current prices (sold_hold is zero). Asks the demand nothing."""
    offers, objective = problem.offers, problem.objective
    joint = [
        (rule, *_decidable(rule.groups(offers), problem.decision))
        for rule in problem.rules
        if isinstance(rule, JointRule)
    ]
    joint = [(rule, group, size) for rule, group, size in joint if size]
    return Compiled(
        demand=as_pytree(problem.demand),
        ladder=f32(problem.ladder),
        decision=jnp.asarray(problem.decision, jnp.int32),
        current=f32(problem.current),
        cost=f32(offers["cost"]),
        sale_cost=f32(problem.sale_cost),
        stock=f32(offers["stock"]),
        shelf=_on_device(problem.shelf),
        tax_rate=f32(objective.tax_rate),
        fee_rate=f32(objective.fee_rate),
        risk=f32(objective.risk),
        sold_hold=f32(np.zeros((1, len(offers)))),
        groups=tuple(jnp.asarray(group, jnp.int32) for _, group, _ in joint),
        aids=tuple(_aids(rule, problem) for rule, _, _ in joint),
        room=tuple(f32(min(problem.room.get(rule.name, 0.0), EVERYTHING)) for rule, _, _ in joint),
        objective=objective.name,
        members=objective.groups,
        tail=objective.tail,
        rules=tuple(rule for rule, _, _ in joint),
        sizes=tuple(size for _, _, size in joint),
    )


def as_pytree(demand: Any) -> Any:
    """A demand as compiled code takes it: arrays of a pytree are arguments, a plain function is part of the code."""
    return jax.tree_util.Partial(demand) if jax.tree_util.all_leaves([demand]) else demand


@jax.jit
def answered(demand: Any, prices: jax.Array) -> jax.Array:
    """The demand's units [K, P, S], compiled for all problems that ask it, whatever their rules."""
    return demand(prices)


def _decidable(group: np.ndarray, decision: np.ndarray) -> tuple[np.ndarray, int]:
    """Groups [S] (-1 = none) renumbered 0 … G - 1, and G; "none", and groups of held offers alone, become G."""
    used = np.unique(group[(group >= 0) & (decision >= 0)])
    place = np.searchsorted(used, group)
    inside = np.isin(group, used)
    return np.where(inside, place, len(used)), len(used)


def _aids(rule: JointRule, problem: PricingProblem) -> dict[str, jax.Array]:
    aids = rule.aids(problem.offers, problem.decision, problem.decimals)
    return {
        name: jnp.asarray(aid, jnp.int32 if np.issubdtype(aid.dtype, np.integer) else jnp.float32)
        for name, aid in aids.items()
    }


def _on_device(shelf: Shelf) -> Shelf:
    return jax.tree.map(lambda part: part if np.issubdtype(part.dtype, np.integer) else f32(part), shelf)


def f32(values: Any) -> jax.Array:
    return jnp.asarray(np.asarray(values, np.float64), jnp.float32)
