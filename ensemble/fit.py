"""From a panel to a trained ensemble: figures on periods that did not train it, then a refit on everything.

Axes: K members, S series, T periods.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

import jax
import numpy as np

from data_io.features import SERIES_TIME_FIELDS, TIME_FIELDS, FeatureSpec, Inputs, build_inputs, fit_features
from data_io.history import History
from data_io.panel import extend, hide
from data_io.split import time_split
from data_io.types import SalesPanel
from ensemble.bodies import WINDOWS
from ensemble.measure import measure
from ensemble.response.verdicts import verdicts
from ensemble.settings import AggregationSettings, EnsembleSettings, GroupSettings, TrainingSettings
from ensemble.train import Fit, bootstrap_weights, fit_group
from ensemble.types import Ensemble, Group, Sizes, may_price, shares

GROUPS_AT_ONCE = 2


class Trained(NamedTuple):
    """ensemble, metrics in the contract's words, one dict per epoch and group, and unseen [S, T], the units that the
    networks expect in periods that did not train them, NaN in the others."""

    ensemble: Ensemble
    metrics: dict
    log: list[dict]
    unseen: np.ndarray


class _Plan(NamedTuple):
    """Members to train together: group settings and, per member, the half of the time blocks (None = all).

    Those of all periods come first; the halves are for the promise. All train in both phases, so that one compiled
    program serves both.
    """

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
    known: int | None = None,
    progress: Callable[[dict], None] | None = None,
) -> Trained:
    """Train, measure and (by training.refit) train again on all periods for each member's best number of epochs.

    Args:
        known: number of periods whose sales may be used; of later ones only prices and promotions are known. None =
            all of them. Panels of one length share compiled programs, whatever is known.
    """
    known = len(panel.periods) if known is None else known
    train, validation, test = time_split(known, training.validation, training.test)
    panel, extended = _as_known(panel, known, training.leads)
    spec = fit_features(panel, train)
    inputs = build_inputs(extended, spec)
    sizes = member_sizes(spec, inputs, ensemble)
    plans = _plans(ensemble, training)

    validates = _marks(len(extended.periods), validation)
    before_test = inputs._replace(mask=inputs.mask * ~_marks(len(extended.periods), test))
    fits, log = _fit(plans, sizes, before_test, training, validates, seed, None, "evaluate", progress)
    marks = tuple(_marks(len(extended.periods), split) for split in (train, validation, test))
    unseen = ~marks[0] | (_weights(plans, fits) == 0)
    measured = measure(_members(plans, fits, None), sizes, inputs, spec, marks, unseen, aggregation)

    first_scale = spec.units_scale
    if training.refit:
        spec = fit_features(panel, slice(0, known))
        inputs = build_inputs(extended, spec)
        epochs = [fit.best_epoch for fit in fits]
        nothing = np.zeros(len(extended.periods), bool)
        fits, more = _fit(plans, sizes, inputs, training, nothing, seed, epochs, "refit", progress)
        log += more
    window = min(max(WINDOWS[group.body] for group in ensemble.groups), known)
    found = Ensemble(
        groups=_members(plans, fits, None),
        sizes=sizes,
        spec=spec,
        inputs=_between(inputs, slice(known - window, known + training.leads)),
        series=panel.series,
        periods=extended.periods[known : known + training.leads],
        frequency=panel.frequency,
        promotion_names=panel.promotion_names,
        aggregation=measured.aggregation,
        pricing=measured.pricing,
        window=window,
        dispersion=measured.dispersion,
        common_noise=measured.common_noise,
        percentage_ratio=measured.percentage_ratio,
        history=history,
        verdicts=verdicts(panel),
        halves=tuple(_members(plans, fits, half) for half in (0, 1)) if training.promise_members else (),
    )
    return Trained(found, measured.metrics, log, measured.unseen.T * first_scale)


def continue_ensemble(
    previous: Ensemble, panel: SalesPanel, training: TrainingSettings, *, seed: int, known: int
) -> Ensemble:
    """The same members, trained on from where they stand for training.epochs on all known periods.

    Their figures, weights and demand noise stay those of `previous`; there are no halves.
    """
    panel, extended = _as_known(panel, known, training.leads)
    spec = fit_features(panel, slice(0, known))
    inputs = build_inputs(extended, spec)
    plans = [
        _Plan(GroupSettings(group.body, group.head, group.members, group.loss, group.prices), (None,) * group.members)
        for group in previous.groups
    ]
    nothing = np.zeros(len(extended.periods), bool)
    start = [group.parameters for group in previous.groups]
    fits, _ = _fit(plans, previous.sizes, inputs, training, nothing, seed, None, "continue", None, start)
    return replace(
        previous,
        groups=_members(plans, fits, None),
        spec=spec,
        inputs=_between(inputs, slice(known - previous.window, known + training.leads)),
        periods=extended.periods[known : known + training.leads],
        verdicts=verdicts(panel),
        halves=(),
    )


def _as_known(panel: SalesPanel, known: int, leads: int) -> tuple[SalesPanel, SalesPanel]:
    """The panel as it stood after `known` periods, and the same with all periods up to `leads` after them."""
    panel = hide(panel, known)
    return panel, extend(panel, max(known + leads - len(panel.periods), 0))


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
    """`ensemble.members` divided in proportion to the groups' own numbers; with fewer members than groups the later
    groups have none."""
    asked = [group.members * (number < ensemble.members) for number, group in enumerate(ensemble.groups)]
    return shares(np.array(asked, float), ensemble.members).tolist()


def _fit(plans, sizes, inputs, training, validates, seed, limits, phase, progress, start=None):
    """Train every plan; member number and role alone decide its key. start: per plan parameters to go on from.

    Groups do not touch each other: two train (and compile) at a time, their members in the one pool of ensemble.forms,
    so that a core is busy while the other group's last member ends its epoch.
    """

    def fit(index: int) -> Fit:
        group, halves = plans[index]
        root = jax.random.fold_in(jax.random.key(seed), 1000 * index)
        keys = jax.vmap(lambda member: jax.random.split(jax.random.fold_in(root, member)))(np.arange(len(halves)))
        drawn = list(zip(keys[:, 1], halves, strict=True))
        return fit_group(
            group.body,
            group.head,
            sizes,
            inputs,
            replace(training, loss=group.loss),
            keys=keys[:, 0],
            weights=np.stack([bootstrap_weights(key, len(validates), training.block, half) for key, half in drawn]),
            validation=validates,
            limits=None if limits is None else limits[index],
            start=None if start is None else start[index],
            progress=None if progress is None else lambda row: progress({"phase": phase, "group": index, **row}),
        )

    with ThreadPoolExecutor(GROUPS_AT_ONCE) as pool:
        fits = list(pool.map(fit, range(len(plans))))
    return fits, [{"phase": phase, "group": i, **row} for i, one in enumerate(fits) for row in one.log]


def _plans(ensemble: EnsembleSettings, training: TrainingSettings) -> list[_Plan]:
    """The groups that have members, their losses settled; those that may price have members of each half beside."""
    groups = [
        replace(group, loss=group.loss or training.loss, members=count)
        for group, count in zip(ensemble.groups, members_per_group(ensemble), strict=True)
        if count
    ]
    priced = [may_price(group.prices, group.loss) for group in groups]
    extra = -(-training.promise_members // max(sum(priced), 1))
    return [
        _Plan(group, (None,) * group.members + ((0,) * extra + (1,) * extra) * prices)
        for group, prices in zip(groups, priced, strict=True)
    ]


def _members(plans: list[_Plan], fits: list[Fit], half: int | None) -> tuple[Group, ...]:
    """The groups' members of one half of the time blocks, or of all periods; groups without any are left out."""
    chosen = [np.array([one == half for one in halves]) for _, halves in plans]
    return tuple(
        Group(
            plan.group.body,
            plan.group.head,
            plan.group.loss,
            plan.group.prices,
            jax.tree.map(lambda leaf, which=which: leaf[which], fit.parameters),
        )
        for plan, fit, which in zip(plans, fits, chosen, strict=True)
        if which.any()
    )


def _weights(plans: list[_Plan], fits: list[Fit]) -> np.ndarray:
    """[K, T] the weights that periods had for the members of all periods."""
    return np.concatenate([fit.weights[: plan.group.members] for plan, fit in zip(plans, fits, strict=True)])


def _between(inputs: Inputs, periods: slice) -> Inputs:
    return inputs._replace(
        **{name: getattr(inputs, name)[periods] for name in TIME_FIELDS},
        **{name: getattr(inputs, name)[:, periods] for name in SERIES_TIME_FIELDS},
    )


def _marks(periods: int, split: slice) -> np.ndarray:
    marks = np.zeros(periods, bool)
    marks[split] = True
    return marks
