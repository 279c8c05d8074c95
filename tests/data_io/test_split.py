"""The split in time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_io.errors import ConfigError
from data_io.split import time_split


def sizes(*arguments, **rest) -> list[int]:
    return [part.stop - part.start for part in time_split(*arguments, **rest)]


def test_later_periods_are_held_out():
    assert time_split(100, 0.1, 0.2) == (slice(0, 70), slice(70, 80), slice(80, 100))


def test_a_tiny_history_trains_on_everything():
    assert sizes(4, 0.15, 0.15) == [4, 0, 0]
    assert sizes(1, 0.5, 0.4) == [1, 0, 0]


def test_a_part_below_the_least_size_goes_to_training():
    assert sizes(40, 0.1, 0.05, least=3) == [36, 4, 0]


@pytest.mark.parametrize(("validation", "test"), [(-0.1, 0.1), (0.1, 1.0), (0.6, 0.4), (float("nan"), 0.1)])
def test_shares_that_leave_nothing_to_train_on_are_refused(validation, test):
    with pytest.raises(ConfigError):
        time_split(100, validation, test)


def test_too_few_periods_to_train_on_are_refused():
    with pytest.raises(ConfigError, match="3 periods leave 3"):
        time_split(3, 0.1, 0.1, least=5)


@given(st.integers(1, 500), st.floats(0, 0.45), st.floats(0, 0.45))
def test_the_parts_follow_one_another_and_cover_all_periods(periods, validation, test):
    parts = time_split(periods, validation, test)
    assert [i for part in parts for i in range(periods)[part]] == list(range(periods))
