"""Competitor prices with their gaps: what is expected of the weeks in which nobody looked. Not for what they do to
sales. Axes: S series, T periods."""

from __future__ import annotations

import numpy as np


def carried(values: np.ndarray, kept: float = 1.0) -> np.ndarray:
    """[S, T] values [S, T] with NaN replaced by the last known one times kept^(periods since); 0 before the first."""
    place = np.where(np.isnan(values), -1, np.arange(values.shape[1]))
    last = np.maximum.accumulate(place, axis=1)
    found = np.take_along_axis(values, np.maximum(last, 0), axis=1)
    return np.where(last < 0, 0.0, np.nan_to_num(found) * kept ** (np.arange(values.shape[1]) - last))


def persistence(values: np.ndarray) -> float:
    """How much of a deviation [S, T] (NaN unknown) is left a period later: the pooled first autocorrelation, 0 to 1."""
    before, after = values[:, :-1], values[:, 1:]
    both = ~np.isnan(before) & ~np.isnan(after)
    size = (before[both] ** 2).sum()
    return float(np.clip((before[both] * after[both]).sum() / size, 0, 1)) if size > 0 else 0.0
