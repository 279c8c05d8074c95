"""The Demand of an ensemble with an anchor: the networks say what sells at current prices, the anchor's draws say how
that changes with prices. Each member is one forecast of the level and one draw of the response.

Not for fitting either. Axes: K members, S series, P candidates, O offers, N draws of a head.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ensemble.aggregate import Aggregation, DemandClasses, recentre
from ensemble.anchor import evaluate
from ensemble.anchor.anchor import Anchor
from ensemble.anchor.layout import Sets
from ensemble.types import shares


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["draws", "sets", "context", "fixed", "rows", "held", "level", "classes", "scale"],
    meta_fields=["heads", "aggregation"],
)
@dataclass(frozen=True)
class AnchoredDemand:
    """Arrays behind one Demand.

    draws: per head, leaves with the axis N, as evaluate takes them. fixed [S] log prices of all series, of which the
    offers' are replaced; rows [O] the offers' series, S for those without history. held [K, O] log units of the draws
    and level [K, O] (scaled) units of the networks, both at current prices.
    """

    draws: tuple
    sets: Sets
    context: evaluate.Context
    fixed: Any
    rows: Any
    held: Any
    level: Any
    classes: DemandClasses
    scale: Any
    heads: tuple[str, ...]
    aggregation: Aggregation


def anchored_demand(
    anchor: Anchor,
    level: np.ndarray,
    current: np.ndarray,
    *,
    members: int,
    expected: evaluate.Context,
    context: evaluate.Context,
    fixed: np.ndarray,
    rows: np.ndarray,
    classes: DemandClasses,
    scale: float,
    aggregation: Aggregation,
) -> jax.tree_util.Partial:
    """The Demand: prices [P, O] -> units [K, P, O].

    At current prices it says the level where the competitor's prices are the expected ones, else what the draws make of
    it.

    Args:
        level: [L, O] scaled units at the prices `current` [O]; member k takes forecast k modulo L, all of them scaled
            to keep the mean.
        members: K, divided among the anchor's heads in proportion to their weights.
        expected: the period as the level takes it; context: with the competitor's prices that are given.
        fixed: [S] log prices of all series. rows: [O] series of the offers, -1 = none.
        aggregation: its name and settings are used; members weigh alike, for weights became numbers of draws.
    """
    counts = shares(np.array([head.weight for head in anchor.heads]), members)
    chosen = [(head, int(count)) for head, count in zip(anchor.heads, counts, strict=True) if count]
    numbers = np.repeat(np.arange(len(chosen)), [count for _, count in chosen])
    name = "mean" if aggregation.name == "weighted" else aggregation.name
    taken = level[np.arange(members) % len(level)]
    taken = taken * (level.mean(0) / np.maximum(taken.mean(0), 1e-12)) * (rows >= 0)
    sets = jax.tree.map(jnp.asarray, anchor.sets)
    demand = AnchoredDemand(
        draws=tuple(
            _with_constants(head.name, {key: _first(values, count) for key, values in head.draws.items()}, sets)
            for head, count in chosen
        ),
        sets=sets,
        context=jax.tree.map(jnp.asarray, expected),
        fixed=jnp.asarray(fixed, jnp.float32),
        rows=jnp.asarray(np.where(rows < 0, len(fixed), rows), jnp.int32),
        held=jnp.zeros(()),
        level=jnp.asarray(taken, jnp.float32),
        classes=classes,
        scale=jnp.float32(scale),
        heads=tuple(head.name for head, _ in chosen),
        aggregation=replace(aggregation, name=name, weights=(1 / members,) * members, groups=tuple(numbers.tolist())),
    )
    held = _log_units(demand, jnp.log(jnp.asarray(current, jnp.float32))[None])[:, 0]
    context = jax.tree.map(jnp.asarray, context)
    return jax.tree_util.Partial(expected_units, replace(demand, held=held, context=context))


def expected_units(demand: AnchoredDemand, prices: Any) -> jax.Array:
    """Units [K, P, O] of prices [P, O]; a pure function of arrays."""
    moved = _log_units(demand, jnp.log(prices)) - demand.held[:, None]
    return demand.scale * recentre(demand.level[:, None] * jnp.exp(moved), demand.aggregation, demand.classes)


@jax.jit
def _log_units(demand: AnchoredDemand, log_prices: jax.Array) -> jax.Array:
    """[K, P, O] log units of the draws."""
    fixed = jnp.broadcast_to(demand.fixed, (*log_prices.shape[:-1], *demand.fixed.shape))
    point = fixed.at[..., demand.rows].set(log_prices, mode="drop")
    offered = jnp.minimum(demand.rows, len(demand.fixed) - 1)
    parts = [
        jax.lax.map(
            lambda draw, head=head: evaluate.log_units(head, draw, demand.sets, point, demand.context)[..., offered],
            draws,
        )
        for head, draws in zip(demand.heads, demand.draws, strict=True)
    ]
    return jnp.concatenate(parts)


@partial(jax.jit, static_argnums=0)
def _with_constants(head: str, draws: dict, sets: Sets) -> dict:
    """Draws [N, ...] with all that no price changes, found once: the search asks them many thousand times."""
    return jax.lax.map(lambda draw: evaluate.with_constants(head, draw, sets), draws)


def _first(values: np.ndarray, count: int) -> np.ndarray:
    """[count, …] the first draws, again from the first where there are fewer."""
    return values[np.arange(count) % len(values)]
