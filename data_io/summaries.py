"""Summaries of each series' history before a period, as it was known then. Not for anything of the period itself."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data_io.types import SalesPanel

HALF_LIVES = (1.0, 4.0, 13.0)
SMALL_UNITS = 0.5  # added before logarithms, so that weeks without sales have one


def summaries(panel: SalesPanel, units: np.ndarray, log_price: np.ndarray, level: np.ndarray) -> np.ndarray:
    """[S, T, G] of the history before each period: exponentially weighted means of the deviation of log units,
    of log price, of promotions and of weeks without sales; the last log price; weeks of history (bounded)."""
    seen = panel.observed
    deviation = np.log(units + SMALL_UNITS) - level[:, None]
    promoted = panel.promotions.any(-1).astype(np.float64)
    product = pd.factorize(panel.series["product"])[0]
    of_product, seen_product = _product_means(deviation, seen, product)
    columns = [
        *(_past_mean(deviation, seen, half_life) for half_life in HALF_LIVES),
        *(_past_mean(log_price, seen, half_life) for half_life in HALF_LIVES),
        _past_mean(deviation, seen & (promoted == 0), 8.0),
        _past_mean(deviation, seen & (promoted > 0), 13.0),
        *(_past_mean(of_product, seen_product, half_life) for half_life in (1.0, 4.0)),
        _past_mean(promoted, seen, 2.0),
        _past_mean((units == 0).astype(np.float64), seen, 8.0),
        _past_mean(seen.astype(np.float64), np.ones_like(seen), 4.0),
    ]
    return np.stack(columns, -1).astype(np.float32)


def _product_means(values: np.ndarray, seen: np.ndarray, product: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """[S, T] the mean over the stores that sold the series' product in the same period, and whether any did."""
    shape = (product.max(initial=-1) + 1, values.shape[1])
    total, count = np.zeros(shape), np.zeros(shape)
    np.add.at(total, product, np.where(seen, values, 0.0))
    np.add.at(count, product, seen)
    return (total / np.maximum(count, 1))[product], (count > 0)[product]


def _past_mean(values: np.ndarray, seen: np.ndarray, half_life: float) -> np.ndarray:
    """[S, T] exponentially weighted mean over the observed periods before t; 0 where there are none."""
    keep = 0.5 ** (1 / half_life)
    total, weight = np.zeros(len(values)), np.zeros(len(values))
    past = np.zeros(values.shape)
    for period in range(values.shape[1]):
        past[:, period] = total / np.maximum(weight, 1e-9)
        total = keep * total + np.where(seen[:, period], values[:, period], 0.0)
        weight = keep * weight + seen[:, period]
    return past
