"""From a panel to all that prices need: networks for the level, and the anchor for the price response.

Not for either's own training: see fit and anchor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from data_io.history import History
from data_io.types import SalesPanel
from ensemble.anchor.anchor import Anchor, HeadDraws, fit_anchor
from ensemble.anchor.settings import AnchorSettings
from ensemble.anchor.weigh import fold_of_periods
from ensemble.fit import Trained, fit_ensemble
from ensemble.settings import AggregationSettings, EnsembleSettings, TrainingSettings


def learn(
    panel: SalesPanel,
    history: History,
    ensemble: EnsembleSettings,
    training: TrainingSettings,
    aggregation: AggregationSettings,
    response: AnchorSettings,
    *,
    seed: int,
    progress: Callable[[dict], None] | None = None,
) -> Trained:
    """The ensemble with the configured price response; training.promise_members = 0 leaves out the promise's halves."""
    if response.name == "networks":
        return fit_ensemble(panel, history, ensemble, training, aggregation, seed=seed, progress=progress)
    alone = replace(training, promise_members=0)
    trained = fit_ensemble(panel, history, ensemble, alone, aggregation, seed=seed, progress=progress)
    anchor = fit_anchor(panel, response, seed=seed)
    found = replace(
        trained.ensemble,
        anchor=anchor,
        anchor_halves=_halves(panel, anchor, response, training.block, seed) if training.promise_members else (),
        search_draws=response.search_draws,
    )
    weights = {head.name: head.weight for head in anchor.heads}
    return trained._replace(ensemble=found, metrics=trained.metrics | {"response": weights})


def _halves(panel: SalesPanel, anchor: Anchor, response: AnchorSettings, block: int, seed: int) -> tuple[Anchor, ...]:
    """The anchor fitted to every other block of periods alone, its heads weighted as the whole's; none where the
    history is too short to have sales in both halves."""
    half = fold_of_periods(len(panel.periods), 2, block)
    if not all(panel.observed[:, half == one].any() for one in (0, 1)):
        return ()
    fits = [fit_anchor(panel, replace(response, folds=0), seed=seed, weights=half == one) for one in (0, 1)]
    return tuple(replace(fit, heads=tuple(map(_weighted_as, fit.heads, anchor.heads))) for fit in fits)


def _weighted_as(head: HeadDraws, whole: HeadDraws) -> HeadDraws:
    return replace(head, weight=whole.weight, block_weight=whole.block_weight)
