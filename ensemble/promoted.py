"""What deals in the next period do to it and to the periods after it, by the anchor: units and money over a horizon.

The deal's period has its price, its mechanic's effect and its depth. The periods after it are at the regular price and
feel what households have at home (all that the group sold, and own past deals) and the price that they remember. Not
for choosing deals.

Axes: K members, P candidates, H periods, O offers, S series, L options, Q promotions. Option 0 is no deal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from data_io.frequency import next_period
from ensemble.aggregate import recentre
from ensemble.anchor import evaluate
from ensemble.anchor.anchor import Anchor
from ensemble.anchor.treatments import KEPT, MEMORY, stored
from ensemble.anchored import AnchoredDemand
from ensemble.demand import at_current, offer_demand, series_of
from ensemble.types import Ensemble


@partial(
    jax.tree_util.register_dataclass,
    data_fields=[
        *("base", "later", "price", "flags", "worth", "cost", "discount", "dearness"),
        *("regular", "held"),
    ],
    meta_fields=[],
)
@dataclass(frozen=True)
class PromotedDemand:
    """Arrays behind one Demand.

    base: members and levels; later: the H periods without a deal (leading axis H). price [O, L] log effective prices,
    flags [L, Q] promotion columns, worth [O, L] money a unit leaves, cost [L] money of a deal of one offer, discount
    [O, L] money that a unit gives away, of which one more costs `dearness` [] beside. regular [S] log regular prices.
    held [K, O] log units of the draws in the first period without a deal.
    """

    base: AnchoredDemand
    later: evaluate.Context
    price: Any
    flags: Any
    worth: Any
    cost: Any
    discount: Any
    dearness: Any
    regular: Any
    held: Any


def promoted_demand(
    ensemble: Ensemble,
    offers: pd.DataFrame,
    *,
    price: np.ndarray,
    flags: np.ndarray,
    worth: np.ndarray,
    cost: np.ndarray,
    horizon: int,
    anchor: Anchor | None = None,
) -> PromotedDemand:
    """Of offers without a deal now, at their current prices; see PromotedDemand for the arrays.

    Args:
        price: [O, L] effective prices. flags: [L, Q] in the panel's units. worth: [O, L]. cost: [L]. horizon: H.
        anchor: another one than the ensemble's own (the halves of the promise).
    """
    anchor = anchor or ensemble.anchor
    quiet = offers.assign(**dict.fromkeys(ensemble.promotion_names, 0.0))
    base = offer_demand(ensemble, quiet, anchor=anchor).args[0]
    regular = at_current(np.asarray(base.fixed, np.float64), offers, series_of(ensemble, offers))
    later = _without_deals(ensemble, anchor, regular, horizon)
    demand = PromotedDemand(
        base=base,
        later=jax.tree.map(jnp.asarray, later),
        price=jnp.asarray(np.log(price), jnp.float32),
        flags=jnp.asarray(flags, jnp.float32),
        worth=jnp.asarray(np.nan_to_num(worth), jnp.float32),
        cost=jnp.asarray(cost, jnp.float32),
        discount=jnp.asarray(price[:, :1] - price, jnp.float32),
        dearness=jnp.zeros(()),
        regular=jnp.asarray(regular, jnp.float32),
        held=jnp.zeros(()),
    )
    held = _log_units(demand, jnp.zeros((1, len(offers)), jnp.int32))[:, 0, 0]
    return replace(demand, held=held)


def money_demand(demand: PromotedDemand) -> jax.tree_util.Partial:
    """The Demand of a search over options: their numbers + 1 [P, O] -> money over the horizon [K, P, O]."""
    return jax.tree_util.Partial(_money, demand)


def horizon_units(demand: PromotedDemand, options: np.ndarray) -> np.ndarray:
    """Options [P, O] -> expected units [K, P, H, O], float64."""
    return np.asarray(_units(demand, jnp.asarray(options, jnp.int32)), np.float64)


def _money(demand: PromotedDemand, numbers: jax.Array) -> jax.Array:
    options = jnp.round(numbers).astype(jnp.int32) - 1
    units = _units(demand, options)
    deal = _of(demand.worth - demand.dearness * demand.discount, options) * units[:, :, 0]
    later = demand.worth[:, 0] * units[:, :, 1:].sum(2)
    return deal + later - demand.cost[options]


@jax.jit
def _units(demand: PromotedDemand, options: jax.Array) -> jax.Array:
    """[K, P, H, O]."""
    base, moved = demand.base, _log_units(demand, options) - demand.held[:, None, None]
    units = (base.level[:, None, None] * jnp.exp(moved)).reshape(len(base.level), -1, base.level.shape[-1])
    return base.scale * recentre(units, base.aggregation, base.classes).reshape(moved.shape)


def _of(table: jax.Array, options: jax.Array) -> jax.Array:
    """[O, L] at options [P, O] -> [P, O]."""
    return table[jnp.arange(len(table)), options]


@jax.jit
def _log_units(demand: PromotedDemand, options: jax.Array) -> jax.Array:
    """[K, P, H, O] log units of the draws."""
    base, later = demand.base, demand.later
    horizon = len(later.season)
    shape = (len(options), horizon, len(demand.regular))

    def of_series(values: jax.Array, otherwise: jax.Array) -> jax.Array:
        """[P, S, ...] the offers' values [P, O, ...] in their series' places."""
        full = jnp.broadcast_to(otherwise, (len(options), *otherwise.shape))
        return full.at[:, base.rows].set(values, mode="drop")

    point = of_series(_of(demand.price, options), demand.regular)  # [P, S]
    promotions = of_series(demand.flags[options], jnp.zeros((len(demand.regular), demand.flags.shape[-1])))
    promoted = (promotions > 0).any(-1)
    depth = jnp.where(promoted, jnp.maximum(demand.regular - point, 0), 0.0)
    since = jnp.arange(horizon)[:, None]
    felt = jnp.where(since > 0, KEPT ** (since - 1.0), 0.0)
    remembered = jnp.where(since > 0, (1 - MEMORY) * MEMORY ** (since - 1.0), 0.0)
    left = stored(depth, promoted)[..., None]  # [P, S, 1]

    def first(values: jax.Array, rest: float | jax.Array) -> jax.Array:
        """[P, S, ...] in the first period, the rest in the others: [P, H, S, ...]."""
        now = (since == 0).reshape(horizon, *(1,) * (values.ndim - 1))
        return jnp.where(now, values[:, None], rest)

    context = later._replace(
        promotions=first(promotions, 0.0),
        regular=first(jnp.where(promoted, demand.regular, -jnp.inf), -jnp.inf),
        past=later.past + felt[..., None] * left[:, None],
        usual=later.usual + remembered * (point - demand.regular)[:, None],
    )
    prices = jnp.broadcast_to(first(point, demand.regular), shape)
    offered = jnp.minimum(base.rows, len(demand.regular) - 1)
    parts = [
        jax.lax.map(
            lambda draw, head=head: evaluate.log_units(head, draw, base.sets, prices, context)[..., offered], draws
        )
        for head, draws in zip(base.heads, base.draws, strict=True)
    ]
    return jnp.concatenate(parts)


def _without_deals(ensemble: Ensemble, anchor: Anchor, regular: np.ndarray, horizon: int) -> evaluate.Context:
    """The periods after the history at regular prices, as the history's deals and prices leave them."""
    periods = [ensemble.periods[0]]
    while len(periods) < horizon:
        periods.append(next_period(periods[-1], ensemble.frequency))
    history = np.asarray(ensemble.inputs.log_price, np.float64)[:, : ensemble.window]
    history = history + np.log(ensemble.spec.reference_price)[:, None]
    prices = np.concatenate([history, np.repeat(regular[:, None], horizon, 1)], 1)
    known = np.asarray(ensemble.inputs.promotions)[:, : ensemble.window]
    promotions = np.concatenate([known, np.zeros((len(regular), horizon, known.shape[-1]), known.dtype)], 1)
    return anchor.following(pd.DatetimeIndex(periods), prices, promotions)
