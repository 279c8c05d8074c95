"""Test designs are long enough for the precision that they promise."""

import re

import numpy as np

from ensemble.response.experiment import LEVELS, design


def test_a_test_of_the_designed_length_has_the_designed_error():
    weeks = int(re.search(r"(\d+) weeks in 6 stores", design(0.6, 6, "week"))[1])
    rng = np.random.default_rng(0)
    price = np.log1p(rng.choice(LEVELS, size=(4000, 6 * weeks)))
    price -= price.mean(1, keepdims=True)
    units = -2 * price + 0.6 * rng.normal(size=price.shape)
    slopes = (price * units).sum(1) / (price**2).sum(1)
    assert 0.42 < slopes.std() < 0.52


def test_noisier_sales_need_longer_and_more_stores_shorter_tests():
    def periods(sd, stores):
        return int(re.search(r"(\d+) days in", design(sd, stores, "day"))[1])

    assert periods(0.8, 6) > periods(0.4, 6) > periods(0.4, 12) >= 4


def test_unknown_noise_asks_for_a_first_look():
    assert "to see how much sales vary" in design(float("nan"), 3, "month")


def test_a_test_that_nobody_would_wait_for_is_not_proposed():
    assert design(4.0, 1, "week").startswith("too few sales")
    assert design(4.0, 200, "week").startswith("test:")
