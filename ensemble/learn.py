"""From a panel to all that prices need: networks for the level, and the anchor for the price response.

Not for either's own training: see fit and anchor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from data_io.history import History
from data_io.panel import hide
from data_io.split import time_split
from data_io.types import SalesPanel
from ensemble.anchor.anchor import Anchor, fit_anchor
from ensemble.anchor.settings import AnchorSettings
from ensemble.anchor.weigh import fold_of_periods
from ensemble.calibration import calibration
from ensemble.fit import Trained, continue_ensemble, fit_ensemble
from ensemble.measure import stacked
from ensemble.noise import demand_noise
from ensemble.response.verdicts import verdicts
from ensemble.settings import AggregationSettings, EnsembleSettings, TrainingSettings
from ensemble.types import Ensemble


def learn(
    panel: SalesPanel,
    history: History,
    ensemble: EnsembleSettings,
    training: TrainingSettings,
    aggregation: AggregationSettings,
    response: AnchorSettings,
    *,
    seed: int,
    known: int | None = None,
    progress: Callable[[dict], None] | None = None,
) -> Trained:
    """The ensemble with the configured price response; training.promise_members = 0 leaves out the promise's halves.

    Args:
        known: see fit_ensemble.
    """
    settings = (ensemble, training, aggregation, response)
    trained = train_networks(panel, history, *settings, seed=seed, known=known, progress=progress)
    if response.name == "networks":
        return trained
    return with_response(trained, panel, training, response, seed=seed, known=known)


def train_networks(
    panel: SalesPanel,
    history: History,
    ensemble: EnsembleSettings,
    training: TrainingSettings,
    aggregation: AggregationSettings,
    response: AnchorSettings,
    *,
    seed: int,
    known: int | None = None,
    progress: Callable[[dict], None] | None = None,
) -> Trained:
    """The first part of `learn`; where an anchor will follow, the promise needs no halves of the networks."""
    if response.name != "networks":
        training = replace(training, promise_members=0)
    return fit_ensemble(panel, history, ensemble, training, aggregation, seed=seed, known=known, progress=progress)


def with_response(
    trained: Trained,
    panel: SalesPanel,
    training: TrainingSettings,
    response: AnchorSettings,
    *,
    seed: int,
    known: int | None = None,
) -> Trained:
    """Networks trained on the panel, joined by an anchor fitted to it; arguments as learn's."""
    known = known or len(panel.periods)
    weights = (np.arange(len(panel.periods)) < known).astype(float)
    anchor = fit_anchor(panel, response, seed=seed, weights=weights)
    share = response.share
    if share is None:
        trains, _, _ = time_split(known, training.validation, training.test)
        share = anchor_share(panel, trained.unseen[:, : len(weights)], anchor.unseen, weights > 0, trains.stop)
    found = replace(
        trained.ensemble,
        anchor=replace(anchor, unseen=None),
        anchor_halves=_halves(panel, anchor, response, training.block, seed) if training.promise_members else (),
        search_draws=response.search_draws,
        anchor_share=share,
        verdicts=verdicts(hide(panel, int(weights.sum())), corrected=response.control),
    )
    told = {"response": {head.name: head.weight for head in anchor.heads}, "anchor_share": share}
    if share:
        found, judged = _with_noise(found, panel, trained.unseen[:, : len(weights)], anchor.unseen, weights > 0)
        told |= judged
    return trained._replace(ensemble=found, metrics=trained.metrics | told)


def _with_noise(
    ensemble: Ensemble, panel: SalesPanel, networks: np.ndarray, anchor: np.ndarray, known: np.ndarray
) -> tuple[Ensemble, dict]:
    """The noise around what both together foretell, and the metrics of it; arguments as anchor_share's.

    The networks' own noise stays where it is larger: the anchor's folds know the weeks on both sides of those that they
    foretell, a forecast only those before.
    """
    share = ensemble.anchor_share
    foretold = (1 - share) * networks + share * anchor
    judged = panel.observed & known & ~panel.censored & np.isfinite(foretold)
    if not judged.any():
        return ensemble, {}
    cells = (values.T for values in (panel.units, np.where(judged, foretold, 0.0), judged))
    phi, common = demand_noise(*cells, np.asarray(ensemble.inputs.product))
    phi = np.maximum(phi, ensemble.dispersion)
    rows = np.broadcast_to(phi[:, None], judged.shape)[judged]
    told = {"calibration": calibration(panel.units[judged].astype(np.float64), foretold[judged], rows)}
    return replace(ensemble, dispersion=phi, common_noise=common), told


def anchor_share(
    panel: SalesPanel, networks: np.ndarray, anchor: np.ndarray | None, known: np.ndarray, trains: int
) -> float:
    """The share of the anchor in forecasts; 0 without periods that trained neither.

    The mean of the shares of least squared error (rows scaled by size) in all such periods and in those after the first
    `trains`, which trained no network: most of the others lie between weeks that both know, where the anchor does
    better than ahead of them, and of the last ones there are few. Rows that sold out count as what both together
    foretell, if it is more.

    Args: networks, anchor [S, T] units foretold, NaN where none; known [T] bool.
    """
    if anchor is None:
        return 0.0
    rows = panel.observed & known & np.isfinite(networks)
    parts = [part for part in (rows, rows & (np.arange(len(known)) >= trains)) if part.any()]
    return float(np.mean([_share(panel, networks, anchor, part) for part in parts])) if parts else 0.0


def _share(panel: SalesPanel, networks: np.ndarray, anchor: np.ndarray, rows: np.ndarray) -> float:
    """anchor_share of these rows [S, T] alone."""
    foretold = np.stack([networks[rows], anchor[rows]])
    # Left out, sold-out rows would leave those of little demand, and the share to whoever foretells less.
    demand = np.where(panel.censored[rows], np.maximum(panel.units[rows], foretold.mean(0)), panel.units[rows])
    return float(stacked(demand, foretold)[1])


def learn_on(
    previous: Ensemble,
    panel: SalesPanel,
    training: TrainingSettings,
    response: AnchorSettings,
    *,
    seed: int,
    known: int,
) -> Ensemble:
    """The same ensemble some periods later: its networks trained on, its anchor fitted anew, all weights as before."""
    found = continue_ensemble(previous, panel, training, seed=seed, known=known)
    if previous.anchor is None:
        return found
    weights = np.arange(len(panel.periods)) < known
    return replace(found, anchor=_refit(panel, previous.anchor, response, weights, seed), anchor_halves=())


def _halves(panel: SalesPanel, anchor: Anchor, response: AnchorSettings, block: int, seed: int) -> tuple[Anchor, ...]:
    """The anchor fitted to every other block of periods alone; none where the history is too short to have sales in
    both halves."""
    half = fold_of_periods(len(panel.periods), 2, block)
    if not all(panel.observed[:, half == one].any() for one in (0, 1)):
        return ()
    return tuple(_refit(panel, anchor, response, half == one, seed) for one in (0, 1))


def _refit(panel: SalesPanel, anchor: Anchor, response: AnchorSettings, weights: np.ndarray, seed: int) -> Anchor:
    """The anchor fitted to periods with these weights [T], its heads weighted as `anchor`'s."""
    found = fit_anchor(panel, replace(response, folds=0), seed=seed, weights=weights)
    heads = zip(found.heads, anchor.heads, strict=True)
    return replace(
        found,
        heads=tuple(replace(head, weight=whole.weight, block_weight=whole.block_weight) for head, whole in heads),
    )
