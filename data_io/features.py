"""From a panel to what the networks read: history summaries, calendar, attributes, reference prices.

Everything estimated from data (levels, reference prices, means, vocabularies) is fitted on the training periods
only. Not for anything that depends on candidate prices: that is the heads' part.

Axes: S series, T periods (history + horizon), A attributes, B categories, C calendar, G summaries, F dynamic
features, Q promotions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from data_io.competitor import carried
from data_io.summaries import SMALL_UNITS, summaries
from data_io.traffic import at_usual_traffic
from data_io.types import SalesPanel

DEMAND_CLASSES = 16
LEAST_PRICES = 5  # observed periods from which a series has a reference price of its own


class Inputs(NamedTuple):
    """Arrays of S series over T periods; the last dimension of time-varying ones is the feature.

    attributes [S, A]; categories [S, B] int32; calendar [T, C]; season [T, 4]; summaries [S, T, G] (known before
    period t begins); dynamic [S, T, F]; promotions [S, T, Q]; log_price [S, T] (log of price over reference price);
    units [S, T] (scaled units); demand_class [S, T] int32; mask [S, T]; censored [S, T] (1 = sold out); traffic [S, T]
    (log of traffic over the usual one); level [S] (mean log units at the usual traffic); weight [S] (share in its
    choice set's revenue); choice_set [S] int32 (0-based, series priced on their own have a set of their own); product
    [S], category [S] int32 (indices of the response hierarchy); class_means [C'] units of each demand class over
    e^level.
    """

    attributes: Any
    categories: Any
    calendar: Any
    season: Any
    summaries: Any
    dynamic: Any
    promotions: Any
    log_price: Any
    units: Any
    demand_class: Any
    mask: Any
    censored: Any
    traffic: Any
    level: Any
    weight: Any
    choice_set: Any
    product: Any
    category: Any
    class_means: Any


TIME_FIELDS = ("calendar", "season")
SERIES_TIME_FIELDS = (
    "summaries", "dynamic", "promotions", "log_price", "units", "demand_class", "mask", "censored", "traffic",
)  # fmt: skip
SERIES_FIELDS = tuple(name for name in Inputs._fields if name not in (*TIME_FIELDS, "class_means"))


@dataclass(frozen=True)
class FeatureSpec:
    """What was fitted: enough to build Inputs for later periods and to read a model's answers.

    Attributes:
        units_scale: units are divided by it, so that losses see counts of ordinary size.
        reference_price: [S] price at which log_price is 0.
        level: [S] mean log (scaled units + SMALL_UNITS) over the training periods.
        weight: [S] share of the choice set's training revenue.
        class_edges: [C' - 1] of log units over the level, quantiles of the training rows; class_means: [C'].
        vocabularies: per categorical column (product and store first) its values; code 0 = unknown.
        attribute_scale, dynamic_scale: (mean, sd) per column.
    """

    units_scale: float
    reference_price: np.ndarray
    level: np.ndarray
    weight: np.ndarray
    class_edges: np.ndarray
    class_means: np.ndarray
    vocabularies: dict[str, tuple[str, ...]]
    attribute_scale: tuple[np.ndarray, np.ndarray]
    dynamic_scale: tuple[np.ndarray, np.ndarray]


def fit_features(panel: SalesPanel, train: slice) -> FeatureSpec:
    """Estimate all that is estimated from the training periods of a panel."""
    units, price, seen = panel.units[:, train], panel.price[:, train], panel.observed[:, train]
    count = seen.sum(1)
    average = np.where(seen, units, 0).sum(1) / np.maximum(count, 1)
    positive = average[average > 0]
    scale = max(1.0, float(np.median(positive)) / 300) if len(positive) else 1.0
    usual = at_usual_traffic(panel).units[:, train]
    level = np.where(seen, np.log(usual / scale + SMALL_UNITS), 0).sum(1) / np.maximum(count, 1)
    level = np.where(count > 0, level, np.log(SMALL_UNITS))
    revenue = np.where(seen, units * price, 0).sum(1) + 1e-6
    sets = distinct_sets(panel.series["choice_set"].to_numpy())
    categorical = dict.fromkeys(("product", "store", "category", *panel.categorical_names))
    vocabularies = {
        name: tuple(sorted(panel.series[name].astype(str).unique()))
        for name in categorical
        if name == "product" or panel.series[name].nunique() > 1
    }
    edges, means = _demand_classes((np.log(usual / scale + SMALL_UNITS) - level[:, None])[seen])
    return FeatureSpec(
        units_scale=scale,
        reference_price=_reference_prices(panel, price, seen),
        level=level.astype(np.float32),
        weight=(revenue / np.bincount(sets, revenue)[sets]).astype(np.float32),
        class_edges=edges,
        class_means=means,
        vocabularies=vocabularies,
        attribute_scale=_scale(panel.series[list(panel.attribute_names)].to_numpy(np.float64)),
        dynamic_scale=_scale(panel.numeric[:, train].astype(np.float64)),
    )


def build_inputs(panel: SalesPanel, spec: FeatureSpec) -> Inputs:
    """Arrays for every period of the panel; periods that are not observed have mask 0."""
    series = panel.series
    log_price = np.log(panel.price / spec.reference_price[:, None])
    sets = distinct_sets(series["choice_set"].to_numpy())
    codes = {name: _codes(series[name], words) for name, words in spec.vocabularies.items()}
    scaled, usual = (each.units / spec.units_scale for each in (panel, at_usual_traffic(panel)))
    return Inputs(
        attributes=_standardise(series[list(panel.attribute_names)].to_numpy(np.float64), spec.attribute_scale),
        categories=np.stack(list(codes.values()), -1).astype(np.int32),
        calendar=weekdays(panel.periods, panel.frequency),
        season=season(panel.periods),
        summaries=summaries(panel, usual, log_price, spec.level),
        dynamic=_dynamic(panel, spec, sets),
        promotions=panel.promotions.astype(np.float32),
        log_price=log_price.astype(np.float32),
        units=scaled.astype(np.float32),
        demand_class=demand_class(usual, spec.level[:, None], spec.class_edges),
        mask=panel.observed.astype(np.float32),
        censored=panel.censored.astype(np.float32),
        traffic=panel.traffic,
        level=spec.level,
        weight=spec.weight,
        choice_set=sets,
        product=codes["product"].astype(np.int32),
        category=codes.get("category", np.ones(len(series))).astype(np.int32),
        class_means=spec.class_means,
    )


def demand_class(units: np.ndarray, level: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The class, 0 to C' - 1, of scaled units [...] of series with mean log units `level`."""
    return np.searchsorted(edges, np.log(units + SMALL_UNITS) - level, side="right").astype(np.int32)


def distinct_sets(choice_set: np.ndarray) -> np.ndarray:
    """[S] ids with -1 (priced on its own) replaced by a set for each such series; ascending, 0-based."""
    alone = choice_set < 0
    ids = np.where(alone, choice_set.max(initial=-1) + 1 + np.cumsum(alone), choice_set)
    return np.unique(ids, return_inverse=True)[1].astype(np.int32)


def weekdays(periods: pd.DatetimeIndex, frequency: str) -> np.ndarray:
    """[T, C]: weekdays for daily data. No season here: networks would learn single weeks by heart through it."""
    days = np.arange(7 if frequency == "day" else 0)
    return (periods.day_of_week.to_numpy()[:, None] == days).astype(np.float32)


def season(periods: pd.DatetimeIndex) -> np.ndarray:
    """[T, 4]: two yearly harmonics, for the heads' shrunk seasonal terms."""
    year = 2 * np.pi * periods.day_of_year.to_numpy() / 365.25
    return np.stack([np.sin(year), np.cos(year), np.sin(2 * year), np.cos(2 * year)], -1).astype(np.float32)


def _demand_classes(deviation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Edges [C' - 1] at quantiles of the deviations of log units [N], and each class's mean of units over e^level."""
    if not len(deviation):
        deviation = np.zeros(1)
    edges = np.quantile(deviation, np.arange(1, DEMAND_CLASSES) / DEMAND_CLASSES)
    number = np.searchsorted(edges, deviation, side="right")
    count = np.bincount(number, minlength=DEMAND_CLASSES)
    total = np.bincount(number, np.exp(deviation), DEMAND_CLASSES)
    middle = np.exp(np.concatenate([edges[:1], (edges[1:] + edges[:-1]) / 2, edges[-1:]]))
    means = np.where(count > 0, total / np.maximum(count, 1), middle)
    return edges.astype(np.float32), means.astype(np.float32)


def _reference_prices(panel: SalesPanel, price: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """[S] the series' median training price; with too few prices, its product's."""
    prices = np.where(seen, price, np.nan)
    frame = pd.DataFrame(prices)
    own = frame.median(axis=1)
    by_product = own.where(seen.sum(1) >= LEAST_PRICES).groupby(panel.series["product"].to_numpy()).transform("median")
    enough = pd.Series(seen.sum(1) >= LEAST_PRICES)
    return own.where(enough, by_product).fillna(own).fillna(pd.Series(panel.price[:, -1])).to_numpy(np.float64)


def _scale(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and sd of the known values per column (the last axis)."""
    axes = tuple(range(values.ndim - 1))
    known = np.isfinite(values)
    count = np.maximum(known.sum(axes), 1)
    mean = np.where(known, values, 0).sum(axes) / count
    spread = np.sqrt((np.where(known, values - mean, 0) ** 2).sum(axes) / count)
    return mean, np.where(spread > 1e-9, spread, 1.0)


def _standardise(values: np.ndarray, scale: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Standardised and bounded to ±5 sd, unknown = the mean."""
    return np.nan_to_num((values - scale[0]) / scale[1], nan=0.0).clip(-5, 5).astype(np.float32)


def _codes(values: pd.Series, words: tuple[str, ...]) -> np.ndarray:
    return pd.Index(words).get_indexer(values.astype(str)) + 1


def _dynamic(panel: SalesPanel, spec: FeatureSpec, sets: np.ndarray) -> np.ndarray:
    """[S, T, F]: numeric features, whether they are known, the rivals' promotions by revenue share and, where there are
    any, the last known competitor price (log over the reference price) and whether it is known."""
    known = np.isfinite(panel.numeric).astype(np.float32)
    weighted = panel.promotions * spec.weight[:, None, None]
    total = np.zeros((sets.max(initial=-1) + 1, *weighted.shape[1:]), np.float32)
    np.add.at(total, sets, weighted)
    rivals = total[sets] - weighted
    columns = [_standardise(panel.numeric, spec.dynamic_scale), known, rivals]
    if np.isfinite(panel.competitor).any():
        competitor = np.log(panel.competitor / spec.reference_price[:, None])
        columns += [carried(competitor)[..., None], np.isfinite(competitor)[..., None]]
    return np.concatenate(columns, -1).astype(np.float32)
