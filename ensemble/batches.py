"""Fixed-shape batches: whole choice sets packed into bins of equally many series. Not for time: a series brings all
its periods."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from data_io.features import SERIES_FIELDS, Inputs


class Bins(NamedTuple):
    """rows [B, N] int32: series of each bin (S = the padding row), choice sets side by side; sets [B, N] int32:
    the series' choice set within its bin, ascending."""

    rows: np.ndarray
    sets: np.ndarray


def pack(choice_set: np.ndarray, size: int) -> Bins:
    """Pack choice sets [S] (ascending ids) into bins of max(size, largest set) series, first fit in order."""
    counts = np.bincount(choice_set)
    starts = np.concatenate([[0], np.cumsum(counts)])[:-1]
    size = max(size, int(counts.max()))
    bins: list[list[int]] = [[]]
    used = 0
    for one in np.argsort(-counts, kind="stable"):
        if used + counts[one] > size:
            bins.append([])
            used = 0
        bins[-1].append(int(one))
        used += counts[one]
    rows = np.full((len(bins), size), len(choice_set), np.int32)
    sets = np.full((len(bins), size), size - 1, np.int32)
    for number, members in enumerate(bins):
        series = np.concatenate([starts[one] + np.arange(counts[one]) for one in members])
        rows[number, : len(series)] = series
        sets[number, : len(series)] = np.repeat(np.arange(len(members)), counts[members])
    return Bins(rows, sets)


def with_padding(inputs: Inputs) -> Inputs:
    """Append one series of zeros, which padding rows point to."""
    grown = {
        name: np.concatenate([getattr(inputs, name), np.zeros_like(getattr(inputs, name)[:1])])
        for name in SERIES_FIELDS
    }
    return inputs._replace(**grown)


def take(inputs: Inputs, rows, sets) -> Inputs:
    """The bin's series, numbered by their sets within the bin."""
    chosen = {name: getattr(inputs, name)[rows] for name in SERIES_FIELDS}
    return inputs._replace(**{**chosen, "choice_set": sets})
