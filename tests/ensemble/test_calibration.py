"""Calibration figures: of counts drawn from what was foretold, and of forecasts that are wrong in a known way."""

import numpy as np
import pytest

from ensemble.calibration import LEVELS, calibration


def drawn(rows=20_000, phi=0.3, seed=0):
    draw = np.random.default_rng(seed)
    mean = draw.lognormal(3.0, 0.8, rows)
    return draw.poisson(draw.gamma(1 / phi, mean * phi)).astype(float), mean, np.full(rows, phi)


def test_counts_drawn_from_the_forecast_lie_within_its_intervals_as_often_as_their_level_says():
    found = calibration(*drawn())
    assert found["rows"] == 20_000
    for one, level in zip(found["intervals"], LEVELS, strict=True):
        assert one["nominal"] == level
        assert level - 0.01 < one["covered"] < level + 0.04, "counts are whole: intervals hold a little more"
    assert [group["rows"] for group in found["by_forecast"]] == [2000] * 10
    for group in found["by_forecast"]:
        assert group["units"] == pytest.approx(group["forecast"], rel=0.1)


def test_a_forecast_that_is_a_quarter_too_high_and_too_sure_shows_as_that():
    units, mean, phi = drawn()
    found = calibration(units, 1.25 * mean, 0.2 * phi)
    assert found["intervals"][3]["covered"] < 0.6
    for group in found["by_forecast"]:
        assert group["units"] / group["forecast"] == pytest.approx(0.8, rel=0.1)


def test_a_handful_of_rows_tells_nothing():
    assert calibration(*(part[:49] for part in drawn())) is None
