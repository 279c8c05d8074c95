"""What a comparison of forecasts says: differences with their standard errors, and the largest misses.

A price that is advertised moves a product in all stores of a chain at once, so rows of one period are no evidence
each: a period is one cluster. Not for forecasting: see forecast.
Axes: N rows of the backtest's rounds.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

LARGEST = 5  # misses that are told

ERRORS = {
    "wape": lambda units, predicted: np.abs(predicted - units),
    "rmse": lambda units, predicted: (predicted - units) ** 2,
    "mape": lambda units, predicted: np.where(units > 0, np.abs(predicted - units) / np.maximum(units, 1e-9), 0.0),
}


def clustered_ratio(top: np.ndarray, bottom: np.ndarray, cluster: np.ndarray) -> tuple[float, float]:
    """Σ top / Σ bottom of rows [N] and its standard error, linearised, rows of one cluster [N] taken together
    (ratio estimate of cluster samples: Cochran 1977, ch. 6 and 9A); NaN with fewer than two clusters."""
    number = pd.factorize(cluster)[0]
    count = number.max(initial=-1) + 1
    above, below = (np.bincount(number, np.asarray(part, np.float64), count) for part in (top, bottom))
    ratio = above.sum() / below.sum()
    rest = above - ratio * below
    spread = np.sqrt((rest**2).sum() * count / (count - 1)) if count > 1 else np.nan
    return float(ratio), float(spread / below.sum())


def change(
    metric: str, units: np.ndarray, mine: np.ndarray, other: np.ndarray, period: np.ndarray
) -> tuple[float, float]:
    """By which part the metric of `mine` differs from that of `other` on the same rows [N], and its standard error."""
    ratio, error = clustered_ratio(*(ERRORS[metric](units, one) for one in (mine, other)), period)
    if metric == "rmse":
        ratio, error = ratio**0.5, error / (2 * ratio**0.5)
    return ratio - 1, error


def verdicts(asked: pd.DataFrame, predicted: Mapping[str, np.ndarray], low: np.ndarray, high: np.ndarray) -> list[str]:
    """The comparison in sentences.

    Args:
        asked: rows `units`, `period`. predicted: per forecaster [N]; its own names are those of forecast's table.
        low, high: [N] the ensemble's 80 % interval.
    """
    units, period = asked["units"].to_numpy(np.float64), asked["period"].to_numpy()

    def against(metric: str, other: str, mine: str = "ensemble") -> str:
        by, error = change(metric, units, predicted[mine], predicted[other], period)
        return f"{metric.upper()} of {mine}: {by:+.1%} (standard error {error:.1%}) against {other}"

    bias, of_bias = clustered_ratio(predicted["ensemble"] - units, units, period)
    inside, of_inside = clustered_ratio((units >= low) & (units <= high), np.ones(len(units)), period)
    return [
        against("wape", "naive, last known"),
        against("wape", "naive, seasonal"),
        against("wape", "LightGBM tuned for WAPE"),
        against("rmse", "LightGBM tuned for RMSE"),
        against("mape", "LightGBM tuned for MAPE", "ensemble, prediction_mape"),
        f"bias of the ensemble {bias:+.1%} (standard error {of_bias:.1%})",
        f"its 80 % interval covers {inside:.1%} (standard error {of_inside:.1%})",
    ]


def largest_misses(asked: pd.DataFrame, predicted: np.ndarray) -> list[dict]:
    """The products' periods, all stores together, that the forecasts [N] missed by most units, and by which part of all
    units forecasts are off without them (`bias_without`, of this and those before it)."""
    rows = asked[["product", "date", "units"]].assign(prediction=predicted)
    total = rows.groupby(["product", "date"], as_index=False).sum()
    missed = total["prediction"] - total["units"]
    total = total.iloc[missed.abs().sort_values(ascending=False, kind="stable").index]
    left = total[["units", "prediction"]].sum() - total[["units", "prediction"]].cumsum()
    total["bias_without"] = (left["prediction"] - left["units"]) / left["units"].clip(lower=1e-9)
    return total.head(LARGEST).assign(date=lambda found: found["date"].dt.strftime("%Y-%m-%d")).to_dict("records")
