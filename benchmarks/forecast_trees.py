"""LightGBM as a forecaster: a random search on the rounds before the backtest, then a refit for every round.

Each metric has its own best trial: WAPE and RMSE among one study of objectives for means and medians, MAPE among one
of objectives for relative errors. Needs the extra `bench`.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.forecast_features import Features, features
from benchmarks.record import finished, keep
from data_io.types import SalesPanel
from ensemble.backtest import origins
from ensemble.metrics import forecast_metrics
from ensemble.settings import BacktestSettings

MOST_TREES, PATIENCE = 600, 50
TUNED_ON = 4  # rounds before the backtest's first
LEAST_HISTORY = 4  # periods before the first row to learn from
FIXED = {
    "bagging_freq": 1,
    "seed": 0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "feature_pre_filter": False,
    "verbosity": -1,
}


class Target(NamedTuple):
    """A LightGBM objective, on log(1 + units) or on units; relative weighs rows by 1/units, which makes L1 on logs
    ask for the value of least expected absolute percentage error."""

    objective: str
    logs: bool = False
    relative: bool = False

    def of(self, units: np.ndarray) -> np.ndarray:
        return np.log1p(units) if self.logs else units

    def units(self, predicted: np.ndarray) -> np.ndarray:
        return np.maximum(np.expm1(predicted) if self.logs else predicted, 0)

    def weights(self, units: np.ndarray) -> np.ndarray | None:
        return 1 / np.maximum(units, 1) if self.relative else None


STUDIES: dict[str, tuple[tuple[str, ...], dict[str, Target]]] = {
    "level": (
        ("wape", "rmse"),
        {
            "l2": Target("regression"),
            "l1": Target("regression_l1"),
            "poisson": Target("poisson"),
            "tweedie": Target("tweedie"),
            "log_l2": Target("regression", logs=True),
            "log_l1": Target("regression_l1", logs=True),
        },
    ),
    "relative": (
        ("mape",),
        {"mape": Target("mape"), "log_l1": Target("regression_l1", logs=True, relative=True)},
    ),
}
METRICS = {metric: study for study, (metrics, _) in STUDIES.items() for metric in metrics}


class Rows(NamedTuple):
    """Features [N, F] and units [N]."""

    features: np.ndarray
    units: np.ndarray


def forecasts(
    panel: SalesPanel, settings: BacktestSettings, trials: int, kept: Path, *, seed: int = 0
) -> tuple[dict[str, list[np.ndarray]], dict[str, dict]]:
    """Per metric, the forecasts of LightGBM tuned for it, [S, horizon] a round, and the trial that won.

    Raises:
        ImportError: LightGBM is not installed.
    """
    leads = range(settings.gap, settings.gap + settings.horizon)
    built = features(panel, leads)
    best = tune(panel, built, settings, trials, kept, seed)
    found: dict[str, list[np.ndarray]] = {metric: [] for metric in METRICS}
    for known in origins(len(panel.periods), settings):
        learnt = learning_rows(panel, built, known)
        first = known + settings.gap - 1
        asked = np.stack([built.values[i, :, first + i] for i in range(settings.horizon)], 1)
        for metric, study in METRICS.items():
            target = STUDIES[study][1][best[metric]["target"]]
            model = _fit(built, learnt, target, best[metric]["parameters"], best[metric]["trees"])
            predicted = target.units(model.predict(asked.reshape(-1, asked.shape[-1]), num_threads=1))
            found[metric].append(predicted.reshape(asked.shape[:2]))
    return found, best


def learning_rows(panel: SalesPanel, built: Features, known: int) -> Rows:
    """Observed rows of the first `known` periods, each once; the leads take turns."""
    row, period = np.nonzero(panel.observed[:, :known])
    enough = period >= LEAST_HISTORY
    row, period = row[enough], period[enough]
    return Rows(built.values[(row + period) % len(built.values), row, period], panel.units[row, period])


def tune(
    panel: SalesPanel, built: Features, settings: BacktestSettings, trials: int, kept: Path, seed: int
) -> dict[str, dict]:
    """Per metric the best trial: target, parameters, trees, value. Finished trials are read from `kept`.

    Trained once, on what was known before the TUNED_ON rounds that precede the backtest; measured on these.
    """
    known = origins(len(panel.periods), settings)[0]
    validated = slice(max(known - TUNED_ON * settings.horizon, 0), known)
    learnt = learning_rows(panel, built, max(validated.start - settings.gap + 1, 0))
    row, period = np.nonzero(panel.observed[:, validated])
    period = period + validated.start
    held_out = Rows(
        np.concatenate([values[row, period] for values in built.values]),
        np.tile(panel.units[row, period], len(built.values)),
    )
    done, sales = dict(finished(kept)), sha256(panel.units.tobytes()).hexdigest()[:12]
    best: dict[str, dict] = {}
    for study, (metrics, targets) in STUDIES.items():
        for number in range(trials):
            trial = draw(study, number, seed)
            key = json.dumps([settings.rounds, settings.gap, settings.horizon, sales, trial])
            if key not in done:
                done[key] = _curves(built, learnt, held_out, targets[trial["target"]], trial["parameters"], metrics)
                keep(kept, [key, done[key]])
            for metric, found in done[key].items():
                if metric not in best or found["value"] < best[metric]["value"]:
                    best[metric] = {**trial, **found}
    return best


def draw(study: str, number: int, seed: int) -> dict[str, Any]:
    """Trial `number` of the random search: a pure function of its arguments."""
    random = np.random.default_rng([seed, list(STUDIES).index(study), number])

    def log_uniform(low: float, high: float) -> float:
        return float(np.exp(random.uniform(np.log(low), np.log(high))))

    target = str(random.choice(list(STUDIES[study][1])))
    parameters = {
        "learning_rate": log_uniform(0.03, 0.2),
        "num_leaves": round(log_uniform(15, 127)),
        "min_data_in_leaf": round(log_uniform(5, 100)),
        "feature_fraction": random.uniform(0.3, 1.0),
        "bagging_fraction": random.uniform(0.4, 1.0),
        "lambda_l2": log_uniform(1e-3, 10),
    }
    if target == "tweedie":
        parameters["tweedie_variance_power"] = random.uniform(1.1, 1.8)
    return {"target": target, "parameters": parameters}


def _fit(
    built: Features,
    rows: Rows,
    target: Target,
    parameters: dict,
    trees: int,
    held_out: Rows | None = None,
    **watching: Any,
) -> Any:
    lightgbm = _lightgbm()
    parameters = {**FIXED, **parameters, "objective": target.objective, "metric": "none"}
    data = lightgbm.Dataset(
        rows.features,
        target.of(rows.units),
        weight=target.weights(rows.units),
        categorical_feature=[built.names.index(name) for name in built.categorical],
        params=parameters,
    )
    if held_out is not None:
        watching["valid_sets"] = data.create_valid(held_out.features, target.of(held_out.units))
    return lightgbm.train(parameters, data, trees, **watching)


def _curves(
    built: Features, learnt: Rows, held_out: Rows, target: Target, parameters: dict, metrics: tuple[str, ...]
) -> dict[str, dict]:
    """Per metric its least value on the held-out rows and the trees that reach it."""
    best = {metric: {"value": np.inf, "trees": 0} for metric in metrics}

    def judge(predicted: np.ndarray, _: Any) -> list[tuple[str, float, bool]]:
        found = forecast_metrics(held_out.units, target.units(predicted))
        return [(metric, found[metric], False) for metric in metrics]

    def watch(environment: Any) -> None:
        trees = environment.iteration + 1
        for _, metric, value, _ in environment.evaluation_result_list:
            if value < best[metric]["value"]:
                best[metric] = {"value": value, "trees": trees}
        if trees - max(one["trees"] for one in best.values()) >= PATIENCE:
            raise _lightgbm().callback.EarlyStopException(environment.iteration, [])

    _fit(built, learnt, target, parameters, MOST_TREES, held_out, feval=judge, callbacks=[watch])
    return best


def _lightgbm() -> Any:
    try:
        import lightgbm
    except ImportError:
        raise ImportError("The comparison needs LightGBM: pip install 'jointprice[bench]'") from None
    return lightgbm
