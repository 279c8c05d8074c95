"""From an ensemble to the Demand that the search asks: prices [P, S] of the offers -> units [K, P, S].

Contexts are computed once; a candidate costs only the heads and the aggregation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd

from data_io.features import distinct_sets
from data_io.traffic import of_rows
from ensemble.aggregate import Aggregation, DemandClasses, recentre
from ensemble.anchor.anchor import Anchor
from ensemble.anchored import anchored_demand
from ensemble.heads.base import Prices
from ensemble.heads.registry import HEADS
from ensemble.predict import respond
from ensemble.types import Ensemble, Group, group_numbers, pricing, unit_forecasters


@partial(
    jax.tree_util.register_dataclass,
    data_fields=["responses", "prices", "reference", "known", "classes", "scale"],
    meta_fields=["heads", "aggregation"],
)
@dataclass(frozen=True)
class OfferDemand:
    """Arrays behind one Demand, over the offers and, after them, the series that only share their choice sets.

    responses: per group, leaves with the axis K; prices: with log_price of the series that are not offered;
    reference [S] log reference prices of the offers; known [S] 0 for offers without history, else
    their traffic over the usual one; scale [].
    """

    responses: tuple
    prices: Prices
    reference: Any
    known: Any
    classes: DemandClasses
    scale: Any
    heads: tuple[str, ...]
    aggregation: Aggregation


def series_of(ensemble: Ensemble, offers: pd.DataFrame) -> np.ndarray:
    """[offers] the row of `ensemble.series` with the same product and store, -1 where there is none."""
    keys = pd.MultiIndex.from_frame(ensemble.series[["product", "store"]])
    return keys.get_indexer(pd.MultiIndex.from_frame(offers[["product", "store"]]))


def offer_sets(ensemble: Ensemble, offers: pd.DataFrame) -> np.ndarray:
    """[O] numbers 0, 1, … of the sets in which offers' prices touch each other; those without history stand alone."""
    rows = series_of(ensemble, offers)
    sets = np.where(rows >= 0, meeting(ensemble)[np.maximum(rows, 0)], -1)
    return distinct_sets(sets.astype(np.int64))


def offer_demand(
    ensemble: Ensemble,
    offers: pd.DataFrame,
    *,
    step: int = 0,
    groups: tuple[Group, ...] | None = None,
    anchor: Anchor | None = None,
) -> jax.tree_util.Partial:
    """The Demand of `offers` in the period `step` after the first that follows the history.

    Series that are not offered stay at their last price. Offers without history sell nothing.

    Args:
        offers: rows with product, store, current_price, the promotion columns and perhaps competitor_price.
        groups, anchor: other members than the ensemble's own that price (the halves of the promise).
    """
    anchor = anchor or (ensemble.anchor if groups is None else None)
    if anchor is None and groups is None:
        return _network_demand(ensemble, offers, step, pricing(ensemble.groups), ensemble.pricing)
    if anchor is None:
        return _network_demand(ensemble, offers, step, groups, _aggregation_for(ensemble.pricing, groups))
    networks = _network_demand(ensemble, offers, step, unit_forecasters(ensemble.groups), ensemble.aggregation)
    current = offers["current_price"].to_numpy(np.float64)
    offered, period = series_of(ensemble, offers), ensemble.window + step
    promotions = _with_promotions(ensemble, offers, offered, period).promotions[:, period]
    spec = ensemble.spec
    fixed = ensemble.inputs.log_price[:, period] + np.log(spec.reference_price)
    held = at_current(fixed, offers, offered)
    level = np.asarray(networks(current[None]))[:, 0] / spec.units_scale
    if ensemble.anchor_share:
        traffic = _in_series(traffic_of(ensemble, offers, offered, period), offered, np.zeros(len(fixed)))
        lasting = ensemble.anchor.context(ensemble.periods[step], promotions)
        units = ensemble.anchor.units(held, lasting, traffic)[offered]
        mean = np.maximum(level.mean(0), 1e-9)
        level = level * (1 - ensemble.anchor_share + ensemble.anchor_share * units / spec.units_scale / mean)
    theirs = np.full(len(fixed), np.nan)
    if "competitor_price" in offers:
        theirs = _in_series(offers["competitor_price"].to_numpy(np.float64), offered, theirs)
    return anchored_demand(
        anchor,
        level,
        current,
        members=ensemble.search_draws,
        expected=anchor.context(ensemble.periods[step], promotions),
        context=anchor.context(ensemble.periods[step], promotions, theirs, held),
        fixed=fixed,
        rows=offered,
        classes=networks.args[0].classes,
        scale=spec.units_scale,
        aggregation=ensemble.pricing,
    )


def at_current(fixed: np.ndarray, offers: pd.DataFrame, offered: np.ndarray) -> np.ndarray:
    """[S] log prices `fixed` [S], those of the offers' series `offered` [O] (see series_of) at their current prices."""
    return _in_series(np.log(offers["current_price"].to_numpy(np.float64)), offered, fixed)


def _in_series(values: np.ndarray, offered: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    """[S] the offers' values [O] in their series' places, `otherwise` [S] in the others."""
    found = otherwise.copy()
    found[offered[offered >= 0]] = values[offered >= 0]
    return found


def meeting(ensemble: Ensemble) -> np.ndarray:
    """[S] the set of series whose units depend on each other's prices: choice sets, or the anchor's blocks by store."""
    if ensemble.anchor is None:
        return np.asarray(ensemble.inputs.choice_set)
    return ensemble.anchor.sets.place // ensemble.anchor.sets.cells.shape[-1]


def aggregation_in(demand: jax.tree_util.Partial) -> Aggregation:
    """How the members of a Demand of this module become one."""
    return demand.args[0].aggregation


def _network_demand(
    ensemble: Ensemble, offers: pd.DataFrame, step: int, asked: tuple[Group, ...], aggregation: Aggregation
) -> jax.tree_util.Partial:
    """The Demand of the networks' own heads."""
    offered = series_of(ensemble, offers)
    inputs = _with_promotions(ensemble, offers, offered, ensemble.window + step)
    rows, choice_set, sets = _neighbourhood(inputs.choice_set, offered)
    lead = leads(ensemble)
    rest = rows[len(offers) :]
    known = offered >= 0
    demand = OfferDemand(
        responses=tuple(
            _choose(respond(group, ensemble.sizes, inputs, lead), ensemble.window + step, rows) for group in asked
        ),
        prices=Prices(
            log_price=jnp.asarray(inputs.log_price[rest, ensemble.window + step]),
            weight=jnp.asarray(inputs.weight[rows]),
            choice_set=jnp.asarray(choice_set),
            marks=jnp.zeros(sets),
            class_means=jnp.asarray(inputs.class_means),
        ),
        reference=jnp.asarray(np.log(ensemble.spec.reference_price[rows[: len(offers)]]), jnp.float32),
        known=jnp.asarray(known * np.exp(traffic_of(ensemble, offers, offered, ensemble.window + step)), jnp.float32),
        classes=DemandClasses(
            edges=jnp.asarray(ensemble.spec.class_edges),
            means=jnp.asarray(ensemble.spec.class_means),
            level=jnp.asarray(inputs.level[rows[: len(offers)]]),
            dispersion=jnp.asarray(ensemble.dispersion[rows[: len(offers)]], jnp.float32),
        ),
        scale=jnp.float32(ensemble.spec.units_scale),
        heads=tuple(group.head for group in asked),
        aggregation=aggregation,
    )
    return jax.tree_util.Partial(expected_units, demand)


def leads(ensemble: Ensemble) -> np.ndarray:
    """[T] periods since the last known sale, for every period of `ensemble.inputs`."""
    return np.maximum(np.arange(ensemble.window + len(ensemble.periods)) - ensemble.window + 1, 1).astype(np.int32)


def expected_units(demand: OfferDemand, prices: Any) -> jax.Array:
    """Units [K, P, S] of prices [P, S]; a pure function of arrays."""
    offers = prices.shape[-1]
    moved = jnp.log(prices) - demand.reference
    fixed = jnp.broadcast_to(demand.prices.log_price, (*moved.shape[:-1], *demand.prices.log_price.shape))
    asked = demand.prices._replace(log_price=jnp.concatenate([moved, fixed], -1))
    parts = [
        jax.vmap(lambda response, head=head: jnp.exp(HEADS[head].log_units(response, asked)[..., :offers]))(response)
        for head, response in zip(demand.heads, demand.responses, strict=True)
    ]
    units = recentre(jnp.concatenate(parts), demand.aggregation, demand.classes)
    return demand.scale * demand.known * units


def _neighbourhood(choice_set: np.ndarray, offered: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    """Rows of the offers' series, then of their unoffered rivals; their choice sets renumbered; how many sets.

    An offer without history borrows the arrays of series 0 in a set of its own; its units are set to 0.
    """
    known = offered >= 0
    rival = np.isin(choice_set, choice_set[offered[known]])
    rival[offered[known]] = False
    rows = np.concatenate([np.where(known, offered, 0), np.flatnonzero(rival)])
    own = choice_set.max(initial=0) + 1 + np.arange(len(offered))
    keys = np.concatenate([np.where(known, choice_set[rows[: len(offered)]], own), choice_set[rival]])
    names, numbers = np.unique(keys, return_inverse=True)
    return rows, numbers.astype(np.int32), len(names)


def _choose(response: Any, period: int, rows: np.ndarray) -> Any:
    """The response [K, …] of one period and of these series."""
    at_period = {name: getattr(response, name)[:, period] for name in response.over_time}
    response = response._replace(**at_period)
    return response._replace(**{name: getattr(response, name)[..., rows] for name in response.by_series})


def _with_promotions(ensemble: Ensemble, offers: pd.DataFrame, offered: np.ndarray, period: int):
    promotions = np.array(ensemble.inputs.promotions)
    known = offered >= 0
    if ensemble.promotion_names:
        promotions[offered[known], period] = offers[list(ensemble.promotion_names)].to_numpy(np.float32)[known]
    return ensemble.inputs._replace(promotions=promotions)


def traffic_of(ensemble: Ensemble, rows: pd.DataFrame, series: np.ndarray, period: int | np.ndarray) -> np.ndarray:
    """[O] log relative traffic of the rows of offers or of a future table, of these series [O] in these periods of the
    inputs."""
    expected = np.asarray(ensemble.inputs.traffic)[series, period]
    if "usual_traffic" not in ensemble.series:
        return expected
    return of_rows(rows, ensemble.series["usual_traffic"].to_numpy(np.float64)[series], expected)


def _aggregation_for(aggregation: Aggregation, groups: tuple[Group, ...]) -> Aggregation:
    """The aggregation for other members of the same groups: a group keeps its weight."""
    members = np.array(group_numbers(groups))
    total = np.bincount(aggregation.groups, aggregation.weights, len(groups))
    share = total[members] / np.bincount(members, minlength=len(groups))[members]
    return replace(aggregation, weights=tuple(map(float, share / share.sum())), groups=tuple(members.tolist()))
