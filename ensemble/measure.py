"""Figures of a fit on periods that did not train it: metrics, demand noise, members' weights.

Axes: K members, T periods, S series.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import nnls

from data_io.errors import ConfigError
from data_io.features import FeatureSpec, Inputs
from ensemble.aggregate import Aggregation, DemandClasses, combine
from ensemble.calibration import calibration
from ensemble.metrics import forecast_metrics
from ensemble.noise import demand_noise, interval, percentage_ratio
from ensemble.predict import predict
from ensemble.settings import AggregationSettings
from ensemble.types import (
    Group,
    Sizes,
    forecasts_percentages,
    forecasts_units,
    group_numbers,
    may_price_members,
    member_names,
)


class Measured(NamedTuple):
    """metrics in the contract's words, φ [S] of the demand noise and how much of it is common, the factor [S] that
    gives the least percentage error, the aggregations with their weights, of forecasts and of the members that price,
    and unseen [T, S], what members expect of periods that they did not see (NaN where all did)."""

    metrics: dict
    dispersion: np.ndarray
    common_noise: float
    percentage_ratio: np.ndarray
    aggregation: Aggregation
    pricing: Aggregation
    unseen: np.ndarray


def measure(
    groups: tuple[Group, ...],
    sizes: Sizes,
    inputs: Inputs,
    spec: FeatureSpec,
    splits: tuple[np.ndarray, np.ndarray, np.ndarray],
    unseen: np.ndarray,
    settings: AggregationSettings,
) -> Measured:
    """Judge forecasts one period ahead, of demand: rows that sold out do not tell it and are left out.

    Args:
        splits: periods [T] bool of training, validation and test.
        unseen: [K, T] bool, the periods that did not train the member: noise and weights come from them, so that
            every period speaks, not the last few alone. Those of the test only enter what is used after it.
    """
    units = predict(groups, sizes, inputs, np.ones(inputs.mask.shape[1], np.int32))
    observed, mask = inputs.units.T, (inputs.mask.T > 0) & (inputs.censored.T == 0)
    sold = observed * spec.units_scale
    train, validation, test = (split[:, None] & mask for split in splits)

    forecasting, relative = forecasts_units(groups), forecasts_percentages(groups)

    apart, judged = out_of_sample(units[forecasting], unseen[forecasting])

    def noise(rows):
        return demand_noise(sold, apart * spec.units_scale, judged[:, None] & rows, inputs.product)

    def judge(rows, prediction, low=None, high=None):
        bounds = () if low is None else (low[rows], high[rows])
        return forecast_metrics(sold[rows], prediction[rows] * spec.units_scale, *bounds)

    aggregation, of_pricing = (
        aggregation_of(settings, groups, chosen, observed, units, unseen, (train | validation, validation))
        for chosen in (forecasting, may_price_members(groups))
    )
    classes = DemandClasses(spec.class_edges, spec.class_means, spec.level, noise(train | validation)[0])
    together = np.asarray(combine(units[forecasting], aggregation, classes))
    low, high = interval(together[None] * spec.units_scale, classes.dispersion)
    weights = np.zeros(len(units))
    weights[forecasting] = aggregation.weights
    last = test if test.any() else validation
    metrics = {
        "split": {
            name: judge(rows, together, low, high)
            for name, rows in (("train", train), ("validation", validation), ("test", test))
        },
        "members": [
            {"group": name, "weight": weight, **judge(last, member)}
            for name, weight, member in zip(member_names(groups), weights.tolist(), units, strict=True)
        ],
        "naive": judge(last, last_known_units(observed, mask)),
    }
    told = np.where(judged[:, None], apart, np.nan)
    known, found = judged[:, None] & mask, noise(mask)
    # Members that learn the loss need no factor, and one from the few that did not see a period would be too low.
    ratio = np.ones(len(sold.T)) if relative.any() else percentage_ratio(observed, apart, known, inputs.product)
    metrics["calibration"] = calibration(
        sold[known], apart[known] * spec.units_scale, np.broadcast_to(found[0], known.shape)[known]
    )
    return Measured(metrics, *found, ratio, aggregation, of_pricing, told)


def out_of_sample(units: np.ndarray, unseen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """[T, S] the mean of the members that never saw the period (of all where every member did), and [T] bool whether
    any did not; units [K, T, S], unseen [K, T]."""
    count = unseen.sum(0)
    weight = np.where(count > 0, unseen, 1.0)
    return np.einsum("kt,kts->ts", weight / weight.sum(0), units), count > 0


def aggregation_of(
    settings: AggregationSettings,
    groups: tuple[Group, ...],
    chosen: np.ndarray,
    observed: np.ndarray,
    units: np.ndarray,
    unseen: np.ndarray,
    rows: tuple[np.ndarray, np.ndarray],
) -> Aggregation:
    """The configured aggregation of the `chosen` members [K] bool, their groups numbered anew.

    Args: observed [T, S]; units [K, T, S]; unseen [K, T]; rows: known ones [T, S] bool, and those of them that
    validate, which no member saw. Weights are equal where they have no rows to stand on.
    """
    numbers = np.unique(np.array(group_numbers(groups))[chosen], return_inverse=True)[1].tolist()
    weights = np.full(len(numbers), 1 / max(len(numbers), 1))
    if settings.weights is not None:
        weights = _given(settings.weights, chosen)
    elif settings.name == "weighted" and chosen.any():
        known, validating = rows
        if settings.by == "stacked" and validating.any():
            weights = stacked(observed[validating], units[chosen][:, validating])
        if settings.by == "validation":
            weights = inverse_error(observed, units[chosen], unseen[chosen], known)
    return Aggregation(settings.name, tuple(map(float, weights)), tuple(numbers), settings.confidence, settings.trim)


def inverse_error(observed: np.ndarray, units: np.ndarray, unseen: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """[K] weights by the members' absolute errors on rows that they did not see: 9 % more error halves the weight.

    Each error is relative to that of all members that did not see the same rows, as members saw different ones.
    Weights fall with its eighth power: members have most of their error in common, so that small differences tell
    more of what is their own. Args: observed [T, S]; units [K, T, S]; unseen [K, T]; rows [T, S] bool.
    """
    apart, judged = out_of_sample(units, unseen)
    error = np.ones(len(units))
    for number, (own, mine) in enumerate(zip(units, unseen, strict=True)):
        asked = rows & (mine & judged)[:, None]
        common = np.abs(apart - observed)[asked].sum()
        if common > 0:
            error[number] = np.abs(own - observed)[asked].sum() / common
    weight = np.maximum(error, 1e-3) ** -8.0
    return weight / weight.sum()


def stacked(observed: np.ndarray, units: np.ndarray) -> np.ndarray:
    """[K] weights on the simplex of least squared error, rows scaled by their size (Breiman 1996); observed [N],
    units [K, N]."""
    scale = 1 / np.sqrt(observed.mean() + units.mean(0))
    rows, target = (units * scale).T.astype(np.float64), (observed * scale).astype(np.float64)
    sure = 1e3 * np.abs(rows).max()  # a row that holds the weights' sum at 1
    found = nnls(np.vstack([rows, np.full(rows.shape[1], sure)]), np.append(target, sure))[0]
    return found / found.sum()


def last_known_units(units: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """[T, S] the units of the last observed period before each; 0 where there is none."""
    last = np.zeros(units.shape[1], units.dtype)
    found = np.zeros_like(units)
    for period in range(len(units)):
        found[period] = last
        last = np.where(mask[period], units[period], last)
    return found


def _given(weights: list[float], chosen: np.ndarray) -> np.ndarray:
    given = np.asarray(weights, float)
    if len(given) != len(chosen) or (given < 0).any() or (chosen.any() and given[chosen].sum() <= 0):
        raise ConfigError(
            f"aggregation.weights needs {len(chosen)} numbers that are not negative, one per member in the order of "
            f"the groups, some of them positive for members that forecast and for members that price, not "
            f"{list(weights)}."
        )
    return given[chosen] / max(given[chosen].sum(), 1e-300)
