"""Rolling-origin backtest: what the ensemble would have forecast, round after round, knowing only what was known.

Round r of R forecasts `horizon` periods; its last training period lies `gap` periods before the first of them, the
last round ends at the last period, and rounds step by `horizon`. Prices and promotions of the forecast periods are
known, their sales are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from data_io.errors import ConfigError
from data_io.history import History
from data_io.types import SalesPanel
from ensemble.anchor.settings import AnchorSettings
from ensemble.calibration import by_forecast
from ensemble.forecast import Forecast, forecast
from ensemble.learn import learn, learn_on
from ensemble.metrics import forecast_metrics
from ensemble.settings import AggregationSettings, BacktestSettings, EnsembleSettings, TrainingSettings
from ensemble.types import Ensemble, member_names, of_one_kind

LEAST_TRAINING = 8  # periods before the first round


class Round(NamedTuple):
    """number: 0-based. ensemble: as trained for it. forecast: with the units that came. naive: [N] last known units."""

    number: int
    ensemble: Ensemble
    forecast: Forecast
    naive: np.ndarray


def origins(periods: int, settings: BacktestSettings) -> list[int]:
    """Number of known periods per round. ConfigError where the history is too short."""
    first = periods - settings.horizon * np.arange(settings.rounds, 0, -1)  # first forecast period of each round
    known = first - settings.gap + 1
    if known[0] < LEAST_TRAINING:
        raise ConfigError(
            f"{settings.rounds} rounds of {settings.horizon} periods with a gap of {settings.gap} leave "
            f"{max(int(known[0]), 0)} of {periods} periods to train on, and {LEAST_TRAINING} are needed. Lower "
            "backtest.rounds, backtest.horizon or backtest.gap."
        )
    return [int(number) for number in known]


def backtest(
    panel: SalesPanel,
    history: History,
    ensemble: EnsembleSettings,
    training: TrainingSettings,
    aggregation: AggregationSettings,
    response: AnchorSettings,
    settings: BacktestSettings,
    *,
    seed: int,
    progress: Callable[[dict], None] | None = None,
) -> Iterator[Round]:
    """The rounds, first to last; every one trains anew (refit ``full``) or goes on from the one before (``warm``)."""
    training = replace(training, leads=settings.gap + settings.horizon - 1, test=0.0, promise_members=0)
    found = None
    for number, known in enumerate(origins(len(panel.periods), settings)):
        if found is None or settings.refit == "full":
            found = learn(
                panel, history, ensemble, training, aggregation, response, seed=seed, known=known, progress=progress
            ).ensemble
        else:
            warm = replace(training, epochs=settings.warm_epochs)
            found = learn_on(found, panel, warm, response, seed=seed, known=known)
        future = future_rows(panel, slice(known + settings.gap - 1, known + settings.gap - 1 + settings.horizon))
        yield Round(number, found, forecast(found, future, round_number=number), last_units(panel, known, future))


def future_rows(panel: SalesPanel, periods: slice) -> pd.DataFrame:
    """Observed rows of these periods as a future table with the units that came, by store, product, date."""
    row, period = np.nonzero(panel.observed[:, periods])
    period = period + periods.start
    promotions = {name: panel.promotions[row, period, i] for i, name in enumerate(panel.promotion_names)}
    table = pd.DataFrame(
        {
            "date": panel.periods[period],
            "product": panel.series["product"].to_numpy()[row],
            "store": panel.series["store"].to_numpy()[row],
            "price": panel.price[row, period],
            "units": panel.units[row, period],
            "row": row,
            **promotions,
        }
    )
    return table.sort_values(["store", "product", "date"], ignore_index=True)


def last_units(panel: SalesPanel, known: int, future: pd.DataFrame) -> np.ndarray:
    """[N] units of each row's series in its last observed period before `known`, 0 where there is none."""
    seen = panel.observed[:, :known]
    last = known - 1 - np.argmax(seen[:, ::-1], axis=1)
    units = np.where(seen.any(1), panel.units[np.arange(len(last)), last], 0.0)
    return units[future["row"].to_numpy()]


def backtest_metrics(rounds: list[Round]) -> dict:
    """Metrics of all rounds together in the contract's words; the split is `test`, MAPE of both predictions."""
    table = pd.concat([one.forecast.table for one in rounds], ignore_index=True)
    units = table["units"].to_numpy()
    members = np.concatenate([one.forecast.members for one in rounds], axis=1)
    test = forecast_metrics(units, table["prediction"], table["p10"], table["p90"])
    test["mape_of_prediction_mape"] = forecast_metrics(units, table["prediction_mape"])["mape"]
    groups = rounds[0].ensemble.groups
    names = member_names(groups)
    return {
        "split": {"test": test},
        "members": [
            {"group": name, **forecast_metrics(units, member)} for name, member in zip(names, members, strict=True)
        ],
        "groups": [
            {"group": name, **forecast_metrics(units, members[chosen].mean(0))}
            for name, chosen in of_one_kind(groups).items()
        ],
        "calibration": {"rows": len(table), "by_forecast": by_forecast(units, table["prediction"].to_numpy())},
        "naive": forecast_metrics(units, np.concatenate([one.naive for one in rounds])),
    }
