"""Do forecasts say what comes? Coverage of intervals at several levels, and what came by size of the forecast.

Not for choosing the noise (noise). Axes: N rows that taught nobody.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ensemble.noise import covered

LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
GROUPS = 10
LEAST_ROWS = 50  # below it shares tell nothing


def calibration(units: np.ndarray, mean: np.ndarray, dispersion: np.ndarray) -> dict[str, Any] | None:
    """rows; `intervals`: nominal level and the share of rows within; `by_forecast`, see by_forecast. None with fewer
    than LEAST_ROWS rows.

    Args: units that came, mean foretold and φ, each [N].
    """
    if len(units) < LEAST_ROWS:
        return None
    mean = np.maximum(mean, 1e-6)
    shares = [float(covered(units, mean, dispersion, level).mean()) for level in LEVELS]
    return {
        "rows": len(units),
        "intervals": [{"nominal": level, "covered": share} for level, share in zip(LEVELS, shares, strict=True)],
        "by_forecast": by_forecast(units, mean),
    }


def by_forecast(units: np.ndarray, mean: np.ndarray) -> list[dict[str, float]]:
    """Rows sorted by what was foretold [N], in up to ten groups: how many, the mean foretold, the mean that came."""
    order = np.argsort(mean, kind="stable")
    groups = [rows for rows in np.array_split(order, GROUPS) if len(rows)]
    return [
        {"rows": len(rows), "forecast": float(mean[rows].mean()), "units": float(units[rows].mean())} for rows in groups
    ]
