"""How the members' forecasts become one, alike in reports, forecasts and the search.

Axes: K members first, S series last. Not for weights' estimation (measure) nor for risk (the search's objective).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from data_io.summaries import SMALL_UNITS


@dataclass(frozen=True)
class Aggregation:
    """One way to combine members.

    Attributes:
        name: in AGGREGATIONS.
        weights: [K] sum to 1; equal where the way does not weigh.
        groups: [K] each member's group.
        confidence: k in mean - k sd.
        trim: share of members left out at either end.
    """

    name: str
    weights: tuple[float, ...]
    groups: tuple[int, ...]
    confidence: float = 1.0
    trim: float = 0.2


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class DemandClasses:
    """What votes are about: edges [C' - 1] of log units around level [S], means [C'] over e^level, φ [S]."""

    edges: Any
    means: Any
    level: Any
    dispersion: Any


def combine(units: Any, aggregation: Aggregation, classes: DemandClasses) -> jax.Array:
    """Members' expected (scaled) units [K, ..., S] -> one forecast [..., S]."""
    return AGGREGATIONS[aggregation.name](jnp.asarray(units), aggregation, classes)


def least_percentage(units: np.ndarray, relative: np.ndarray, together: np.ndarray) -> np.ndarray:
    """The forecast [..., S] that stands nearest to the least absolute percentage error: the mean of the members that
    learn a percentage loss (`relative` [K] bool), or the forecast of the mean, `together`, where there are none."""
    return units[relative].mean(0) if relative.any() else together


def recentre(units: jax.Array, aggregation: Aggregation, classes: DemandClasses) -> jax.Array:
    """Members [K, ..., S] scaled so that their mean is the aggregate and their relative spread stays.

    The search needs both. lower_confidence and worst_group act on the gain, in the objective, not here. Votes move in
    steps, so a search by gradient sees the members' own slopes.
    """
    if aggregation.name in ("mean", "lower_confidence", "worst_group"):
        return units
    ratio = combine(units, aggregation, classes) / jnp.maximum(units.mean(0), 1e-6)
    return units * (jax.lax.stop_gradient(ratio) if aggregation.name in ("vote", "soft_vote") else ratio)


def _weighted(units, aggregation: Aggregation, classes):
    return jnp.tensordot(jnp.asarray(aggregation.weights, units.dtype), units, 1)


def _trimmed(units, aggregation: Aggregation, classes):
    members = len(units)
    cut = min(max(int(members * aggregation.trim), members > 2), (members - 1) // 2)
    return jnp.sort(units, 0)[cut : members - cut].mean(0)


def _vote(units, aggregation: Aggregation, classes: DemandClasses):
    """Each member votes for the class its units fall in; the units are the mean of the class with most votes (of two
    that tie, the smaller)."""
    deviation = jnp.log(units + SMALL_UNITS) - classes.level
    choice = jnp.searchsorted(classes.edges, deviation, side="right")
    votes = sum(jax.nn.one_hot(one, len(classes.means)) for one in choice)
    return jnp.exp(classes.level) * classes.means[jnp.argmax(votes, -1)]


def _soft_vote(units, aggregation: Aggregation, classes: DemandClasses):
    """Each member gives every class its chance (log-normal demand noise); the units are the classes' expected mean."""

    def expected(member):
        spread = jnp.sqrt(jnp.log1p(classes.dispersion + 1 / (member + SMALL_UNITS)))
        centre = jnp.log(member + SMALL_UNITS) - 0.5 * spread**2 - classes.level
        below = jax.scipy.stats.norm.cdf((classes.edges - centre[..., None]) / spread[..., None])
        ends = jnp.zeros((*below.shape[:-1], 1))
        return jnp.diff(jnp.concatenate([ends, below, ends + 1], -1), axis=-1) @ classes.means

    return jnp.exp(classes.level) * jax.lax.map(expected, units).mean(0)


def _lower_confidence(units, aggregation: Aggregation, classes):
    return jnp.maximum(units.mean(0) - aggregation.confidence * units.std(0), 0.0)


def _worst_group(units, aggregation: Aggregation, classes):
    groups = np.asarray(aggregation.groups)
    return jnp.stack([units[groups == group].mean(0) for group in np.unique(groups)]).min(0)


AGGREGATIONS: dict[str, Callable[[jax.Array, Aggregation, DemandClasses], jax.Array]] = {
    "mean": lambda units, aggregation, classes: units.mean(0),
    "weighted": _weighted,
    "median": lambda units, aggregation, classes: jnp.median(units, 0),
    "trimmed_mean": _trimmed,
    "vote": _vote,
    "soft_vote": _soft_vote,
    "lower_confidence": _lower_confidence,
    "worst_group": _worst_group,
}
