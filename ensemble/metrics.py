"""Forecast metrics as the contract names them, in float64. Not a measure of prices: see the oracle's share for that."""

from __future__ import annotations

import numpy as np


def forecast_metrics(
    units: np.ndarray, prediction: np.ndarray, low: np.ndarray | None = None, high: np.ndarray | None = None
) -> dict[str, float | int | None]:
    """Metrics over rows [N]; low and high [N] are the 80 % interval.

    mape is over rows with units > 0; wape = Σ|error| / Σ units; bias = Σ(prediction - units) / Σ units; a metric
    without rows to stand on is None.
    """
    units, prediction = np.asarray(units, np.float64), np.asarray(prediction, np.float64)
    rows = len(units)
    if rows == 0:
        names = ("mae", "mse", "rmse", "mape", "wape", "r2", "bias", "coverage80")
        return {"rows": 0, **dict.fromkeys(names)}
    error = prediction - units
    total, spread = units.sum(), ((units - units.mean()) ** 2).sum()
    sold = units > 0
    mse = float((error**2).mean())
    return {
        "rows": rows,
        "mae": float(np.abs(error).mean()),
        "mse": mse,
        "rmse": mse**0.5,
        "mape": float((np.abs(error[sold]) / units[sold]).mean()) if sold.any() else None,
        "wape": float(np.abs(error).sum() / total) if total > 0 else None,
        "r2": float(1 - (error**2).sum() / spread) if spread > 0 else None,
        "bias": float(error.sum() / total) if total > 0 else None,
        "coverage80": None if low is None else float(((units >= low) & (units <= high)).mean()),
    }
