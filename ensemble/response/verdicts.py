"""Verdicts per product: does the history say enough about its price response to move its price?

`power` looks only at prices, never at sales: identified, weak or none. `exogeneity` is `assumed` until a strong
instrument tests it. Both lead to a `tier`: full move, small move on the pooled response, or hold.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from data_io.types import SalesPanel

LEAST_ROWS, LEAST_PERIODS = 24, 12
LEAST_POINTS = 5  # distinct prices (to a half per cent)
LEAST_SPREAD = 0.03  # residual sd of log price on series means, season, trend and promotions
MOST_EXPLAINED = 0.95  # R² of log price on those controls
TIERS = {"identified": "full", "weak": "small", "none": "hold"}


def verdicts(panel: SalesPanel) -> pd.DataFrame:
    """One row per product: product, power, exogeneity, tier, reason, price_points, residual_sd, explained."""
    rows = []
    products = panel.series["product"].to_numpy()
    season = 2 * np.pi * panel.periods.day_of_year.to_numpy() / 365.25
    time = np.stack([np.sin(season), np.cos(season), np.linspace(-1, 1, len(panel.periods))], -1)
    for product, series in pd.Series(np.arange(len(products))).groupby(products):
        rows.append({"product": product, **_judge(panel, series.to_numpy(), time)})
    return pd.DataFrame(rows)


def _judge(panel: SalesPanel, series: np.ndarray, time: np.ndarray) -> dict:
    seen = panel.observed[series]
    log_price = np.log(panel.price[series])
    points = len(np.unique(np.round(log_price[seen] / 0.005)))
    periods = int(seen.any(0).sum())
    spread, explained = _residual(log_price, seen, panel.promotions[series], time)
    short = []
    if points < LEAST_POINTS:
        short.append(f"{points} price point{'s' if points != 1 else ''} (at least {LEAST_POINTS} needed)")
    if spread < LEAST_SPREAD:
        short.append(f"residual price variation {spread:.1%} (at least {LEAST_SPREAD:.0%} needed)")
    if explained > MOST_EXPLAINED:
        short.append(f"season and promotions explain {explained:.0%} of the price")
    nothing = points < 2 or periods < LEAST_PERIODS or int(seen.sum()) < LEAST_ROWS or spread < 0.2 * LEAST_SPREAD
    if nothing and periods < LEAST_PERIODS:
        short.insert(0, f"{periods} periods of sales (at least {LEAST_PERIODS} needed)")
    elif nothing and int(seen.sum()) < LEAST_ROWS:
        short.insert(0, f"{int(seen.sum())} rows of sales (at least {LEAST_ROWS} needed)")
    power = "none" if nothing else "weak" if short else "identified"
    return {
        "power": power,
        "exogeneity": "assumed",
        "tier": TIERS[power],
        "reason": "; ".join(short),
        "price_points": points,
        "residual_sd": float(spread),
        "explained": float(explained),
    }


def _residual(log_price, seen, promotions, time) -> tuple[float, float]:
    """Residual sd of log price, and the share of its within-series variance that the controls explain."""
    place, period = np.nonzero(seen)
    if len(place) < 3:
        return 0.0, 0.0
    columns = np.concatenate([log_price[seen][:, None], time[period], promotions[seen]], -1)
    count = np.bincount(place, minlength=len(seen))
    for number in range(columns.shape[1]):
        mean = np.bincount(place, columns[:, number], len(seen)) / np.maximum(count, 1)
        columns[:, number] -= mean[place]
    target, controls = columns[:, 0], columns[:, 1:]
    left = target - controls @ np.linalg.lstsq(controls, target, rcond=None)[0]
    total = float(target @ target)
    freedom = max(len(target) - int((count > 0).sum()) - controls.shape[1], 1)
    explained = 1 - float(left @ left) / total if total > 1e-12 else 0.0
    return float(np.sqrt(left @ left / freedom)), explained
