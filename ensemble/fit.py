"""From a panel to a trained ensemble: figures on periods that did not train it, then a refit on everything.

Axes: K members, S series, T periods.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import jax
import numpy as np

from data_io.features import TIME_FIELDS, FeatureSpec, Inputs, build_inputs, extend, fit_features
from data_io.history import History
from data_io.split import time_split
from data_io.types import SalesPanel
from ensemble.aggregate import AGGREGATIONS
from ensemble.metrics import forecast_metrics
from ensemble.noise import dispersion, interval
from ensemble.predict import predict
from ensemble.response.verdicts import verdicts
from ensemble.settings import AggregationSettings, EnsembleSettings, GroupSettings, TrainingSettings
from ensemble.train import bootstrap_weights, fit_group
from ensemble.types import Ensemble, Group, Sizes


class Trained(NamedTuple):
    """ensemble, metrics in the contract's words, and one dict per epoch and group."""

    ensemble: Ensemble
    metrics: dict
    log: list[dict]


class _Plan(NamedTuple):
    """Members to train together: group settings and, per member, the half of the time blocks (None = all)."""

    group: GroupSettings
    halves: tuple[int | None, ...]


def fit_ensemble(
    panel: SalesPanel,
    history: History,
    ensemble: EnsembleSettings,
    training: TrainingSettings,
    aggregation: AggregationSettings,
    *,
    seed: int,
    progress: Callable[[dict], None] | None = None,
) -> Trained:
    """Train, measure and (by training.refit) train again on all periods for each member's best number of epochs."""
    train, validation, test = time_split(len(panel.periods), training.validation, training.test)
    horizon = max(training.leads, 1)
    extended = extend(panel, horizon)
    spec = fit_features(panel, train)
    inputs = build_inputs(extended, spec)
    sizes = member_sizes(spec, inputs, ensemble)
    counts = members_per_group(ensemble)
    plans = [_Plan(group, (None,) * count) for group, count in zip(ensemble.groups, counts, strict=True)]

    validates = _marks(len(extended.periods), validation)
    before_test = inputs._replace(mask=inputs.mask * ~_marks(len(extended.periods), test))
    first, log = _fit(plans, sizes, before_test, training, validates, seed, None, "evaluate", progress)
    groups = tuple(fit.group for fit in first)
    metrics, phi = _measure(groups, sizes, inputs, spec, (train, validation, test), AGGREGATIONS[aggregation.name])

    halves: tuple[tuple[Group, ...], ...] = ()
    if training.refit:
        spec = fit_features(panel, slice(0, len(panel.periods)))
        inputs = build_inputs(extended, spec)
        epochs = [fit.best_epoch for fit in first]
        groups, halves, more = _refit(plans, sizes, inputs, training, epochs, seed, progress)
        log += more
    found = Ensemble(
        groups=groups,
        sizes=sizes,
        spec=spec,
        inputs=jax.tree.map(np.asarray, _horizon(inputs, len(panel.periods))),
        series=panel.series,
        periods=extended.periods[len(panel.periods) :],
        frequency=panel.frequency,
        promotion_names=panel.promotion_names,
        aggregation=aggregation.name,
        dispersion=phi,
        history=history,
        verdicts=verdicts(panel),
        halves=halves,
    )
    return Trained(found, metrics, log)


def member_sizes(spec: FeatureSpec, inputs: Inputs, ensemble: EnsembleSettings) -> Sizes:
    """What members are built with."""
    return Sizes(
        attributes=inputs.attributes.shape[-1],
        categories=tuple(len(words) for words in spec.vocabularies.values()),
        calendar=inputs.calendar.shape[-1],
        summaries=inputs.summaries.shape[-1],
        dynamic=inputs.dynamic.shape[-1],
        promotions=inputs.promotions.shape[-1],
        products=len(spec.vocabularies["product"]),
        groups=len(spec.vocabularies.get("category", ("all",))),
        width=ensemble.width,
        depth=ensemble.depth,
        embedding=ensemble.embedding,
    )


def members_per_group(ensemble: EnsembleSettings) -> list[int]:
    """`ensemble.members` divided in proportion to the groups' own numbers, at least one each."""
    shares = np.array([group.members for group in ensemble.groups], float)
    exact = ensemble.members * shares / shares.sum()
    counts = np.maximum(np.floor(exact).astype(int), 1)
    for group in np.argsort(np.floor(exact) - exact, kind="stable")[: max(ensemble.members - counts.sum(), 0)]:
        counts[group] += 1
    return counts.tolist()


def _fit(plans, sizes, inputs, training, validates, seed, limits, phase, progress):
    """Train every plan; member number and role alone decide its key."""
    fits, log = [], []
    for index, (group, halves) in enumerate(plans):
        root = jax.random.fold_in(jax.random.key(seed), 1000 * index)
        keys = jax.vmap(lambda member, root=root: jax.random.fold_in(root, member))(np.arange(len(halves)))
        both = jax.vmap(lambda key: jax.random.split(key))(keys)
        weights = np.stack(
            [
                bootstrap_weights(key, len(validates), training.block, half)
                for key, half in zip(both[:, 1], halves, strict=True)
            ]
        )
        report = (
            None if progress is None else lambda row, group=index: progress({"phase": phase, "group": group, **row})
        )
        fit = fit_group(
            group.body,
            group.head,
            sizes,
            inputs,
            training,
            keys=both[:, 0],
            weights=weights,
            validation=validates,
            limits=None if limits is None else limits[index],
            progress=report,
        )
        log += [{"phase": phase, "group": index, **row} for row in fit.log]
        fits.append(fit)
    return fits, log


def _refit(plans, sizes, inputs, training, epochs, seed, progress):
    """All periods teach; members of the halves learn for the median number of epochs."""
    extra = training.promise_members
    grown = [_Plan(group, (*halves, *([0] * extra), *([1] * extra))) for group, halves in plans]
    limits = [np.concatenate([best, np.full(2 * extra, round(float(np.median(best))))]) for best in epochs]
    nothing = np.zeros(inputs.mask.shape[1], bool)
    fits, log = _fit(grown, sizes, inputs, training, nothing, seed, limits, "refit", progress)
    counts = [len(halves) for _, halves in plans]

    def members(role: int) -> tuple[Group, ...]:
        """role 0: members of all periods; 1 and 2: of one half of the time blocks."""
        found = []
        for fit, count in zip(fits, counts, strict=True):
            part = slice(0, count) if role == 0 else slice(count + (role - 1) * extra, count + role * extra)
            found.append(
                replace(
                    fit.group,
                    parameters=jax.tree.map(lambda leaf, part=part: leaf[part], fit.group.parameters),
                )
            )
        return tuple(found)

    return members(0), (members(1), members(2)) if extra else (), log


def _measure(groups, sizes, inputs: Inputs, spec: FeatureSpec, splits, aggregate):
    """Metrics per split at one period's lead, and φ [S] from the periods that trained no member."""
    lead = np.ones(inputs.mask.shape[1], np.int32)
    units = predict(groups, sizes, inputs, lead)
    observed, mask = inputs.units.T, inputs.mask.T > 0
    train, validation, test = (_marks(len(mask), split)[:, None] & mask for split in splits)

    def noise(rows):
        return dispersion(observed, units.mean(0), rows if rows.any() else train, inputs.product)

    def judge(rows, prediction, low=None, high=None):
        bounds = () if low is None else (low[rows] * spec.units_scale, high[rows] * spec.units_scale)
        return forecast_metrics(observed[rows] * spec.units_scale, prediction[rows] * spec.units_scale, *bounds)

    together = aggregate(units)
    low, high = interval(units, noise(validation))
    last = test if test.any() else validation
    metrics = {
        "split": {
            name: judge(rows, together, low, high)
            for name, rows in (("train", train), ("validation", validation), ("test", test))
        },
        "members": [judge(last, member) for member in units],
        "naive": judge(last, _last_known(observed, mask)),
    }
    return metrics, noise(validation | test)


def _last_known(units: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """[T, S] the units of the last observed period before each; 0 where there is none."""
    last = np.zeros(units.shape[1], units.dtype)
    found = np.zeros_like(units)
    for period in range(len(units)):
        found[period] = last
        last = np.where(mask[period], units[period], last)
    return found


def _horizon(inputs: Inputs, start: int) -> Inputs:
    over_time = ("summaries", "dynamic", "promotions", "log_price", "units", "mask")
    return inputs._replace(
        **{name: getattr(inputs, name)[start:] for name in TIME_FIELDS},
        **{name: getattr(inputs, name)[:, start:] for name in over_time},
    )


def _marks(periods: int, split: slice) -> np.ndarray:
    marks = np.zeros(periods, bool)
    marks[split] = True
    return marks
