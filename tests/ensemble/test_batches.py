"""Bins hold every series once and never split a choice set."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ensemble.batches import pack


@given(st.lists(st.integers(1, 9), min_size=1, max_size=30), st.integers(1, 20))
def test_bins_hold_every_series_once_and_keep_choice_sets_whole(sizes, size):
    choice_set = np.repeat(np.arange(len(sizes)), sizes)
    bins = pack(choice_set, size)
    assert bins.rows.shape[1] == max(size, max(sizes))
    real = bins.rows < len(choice_set)
    assert sorted(bins.rows[real]) == list(range(len(choice_set)))
    for rows, sets in zip(bins.rows, bins.sets, strict=True):
        assert (np.diff(sets) >= 0).all()
        used = rows < len(choice_set)
        assert set(sets[used]).isdisjoint(sets[~used])
        pairs = set(zip(choice_set[rows[used]], sets[used], strict=True))
        assert len({outer for outer, _ in pairs}) == len({inner for _, inner in pairs}) == len(pairs)
