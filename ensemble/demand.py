"""From an ensemble to the Demand that the search asks: prices [P, S] of the offers -> units [K, P, S].

Contexts are computed once; a candidate costs only the heads.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from ensemble.heads.elasticity import Response, curve, log_units
from ensemble.predict import respond
from ensemble.types import Ensemble, Group

NOTHING = -30.0  # log units of an offer without history


class OfferDemand(NamedTuple):
    """Arrays behind one Demand: per group a Response with the axis K; log_reference, weight [S]; choice_set [S]
    int32; set_marks [C] (only its length counts); scale []."""

    responses: tuple[Response, ...]
    log_reference: jax.Array
    weight: jax.Array
    choice_set: jax.Array
    set_marks: jax.Array
    scale: jax.Array


def series_of(ensemble: Ensemble, offers: pd.DataFrame) -> np.ndarray:
    """[offers] the row of `ensemble.series` with the same product and store, -1 where there is none."""
    keys = pd.MultiIndex.from_frame(ensemble.series[["product", "store"]])
    return keys.get_indexer(pd.MultiIndex.from_frame(offers[["product", "store"]]))


def offer_demand(
    ensemble: Ensemble, offers: pd.DataFrame, *, step: int = 0, groups: tuple[Group, ...] | None = None
) -> jax.tree_util.Partial:
    """The Demand of `offers` in the period `step` after the first that follows the history.

    Series that are not offered stay at their last price. Offers without history sell nothing.

    Args:
        offers: rows with product, store and the promotion columns.
        groups: other members than the ensemble's own (the halves of the promise).
    """
    rows = series_of(ensemble, offers)
    known = rows >= 0
    at = np.where(known, rows, 0)
    inputs = _with_promotions(ensemble, offers, rows, step)
    fixed = np.ones(len(ensemble.series), bool)
    fixed[rows[known]] = False
    lead = np.arange(1, len(ensemble.periods) + 1, dtype=np.int32)
    marks = jnp.zeros(int(inputs.choice_set.max(initial=0)) + 1)
    parts = []
    for group in ensemble.groups if groups is None else groups:
        found = respond(group, ensemble.sizes, inputs, lead)
        base = found.base[:, step] + found.cross * _fixed_rivals(inputs, step, fixed, found.bend, len(marks))
        parts.append(
            Response(
                base=jnp.where(known, base[:, at], NOTHING)[:, None],
                own=jnp.where(known, found.own[:, at], 0.0),
                cross=jnp.where(known, found.cross[:, at], 0.0),
                bend=found.bend,
            )
        )
    arrays = OfferDemand(
        responses=tuple(parts),
        log_reference=jnp.asarray(np.log(np.where(known, ensemble.spec.reference_price[at], 1.0)), jnp.float32),
        weight=jnp.asarray(np.where(known, inputs.weight[at], 0.0), jnp.float32),
        choice_set=jnp.asarray(inputs.choice_set[at]),
        set_marks=marks,
        scale=jnp.float32(ensemble.spec.units_scale),
    )
    return jax.tree_util.Partial(expected_units, arrays)


def expected_units(demand: OfferDemand, prices: Any) -> jax.Array:
    """Units [K, P, S] of prices [P, S]; a pure function of arrays."""
    log_price = jnp.log(prices) - demand.log_reference
    sets = demand.set_marks.shape[0]

    def member(response):
        return jnp.exp(log_units(response, log_price, demand.weight, demand.choice_set, sets))

    return demand.scale * jnp.concatenate([jax.vmap(member)(response) for response in demand.responses])


def _with_promotions(ensemble: Ensemble, offers: pd.DataFrame, rows: np.ndarray, step: int):
    promotions = np.array(ensemble.inputs.promotions)
    if ensemble.promotion_names:
        known = rows >= 0
        promotions[rows[known], step] = offers[list(ensemble.promotion_names)].to_numpy(np.float32)[known]
    return ensemble.inputs._replace(promotions=promotions)


def _fixed_rivals(inputs, step: int, fixed: np.ndarray, bend: jax.Array, sets: int) -> jax.Array:
    """[K, S] the price level that series outside the offers add to their choice set."""
    effect = jax.vmap(lambda one: curve(jnp.asarray(inputs.log_price[:, step]), one))(bend)
    weighted = effect * (inputs.weight * fixed)
    total = jax.ops.segment_sum(weighted.T, jnp.asarray(inputs.choice_set), sets)
    return total[jnp.asarray(inputs.choice_set)].T
