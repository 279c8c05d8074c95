"""Metrics as the contract defines them, and intervals that cover what they say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemble.metrics import forecast_metrics
from ensemble.noise import common_share, conformal, covered, dispersion, interval, percentage_ratio


def test_metrics_agree_with_their_definitions():
    units, prediction = np.array([0.0, 2.0, 4.0, 10.0]), np.array([1.0, 1.0, 5.0, 10.0])
    found = forecast_metrics(units, prediction, prediction - 1, prediction + 1)
    assert found["rows"] == 4
    assert found["mae"] == pytest.approx(0.75)
    assert found["rmse"] == pytest.approx(np.sqrt(0.75))
    assert found["mape"] == pytest.approx((0.5 + 0.25 + 0) / 3)
    assert found["wape"] == pytest.approx(3 / 16)
    assert found["bias"] == pytest.approx(1 / 16)
    assert found["r2"] == pytest.approx(1 - 3 / 56)
    assert found["coverage80"] == 1.0


def test_metrics_without_rows_are_unknown_not_zero():
    found = forecast_metrics(np.zeros(0), np.zeros(0))
    assert found["rows"] == 0
    assert found["wape"] is None


def test_dispersion_is_recovered_and_its_interval_covers_four_fifths():
    rng = np.random.default_rng(1)
    mean = rng.uniform(5, 80, (200, 30))
    phi = np.repeat([0.05, 0.4], 15)
    units = rng.poisson(mean * rng.gamma(1 / phi, phi, mean.shape)).astype(float)
    found = dispersion(units, mean, np.ones_like(mean), np.repeat([0, 1], 15))
    np.testing.assert_allclose(found, phi, rtol=0.15)
    low, high = interval(np.stack([mean, mean]), found)
    assert 0.78 < ((units >= low) & (units <= high)).mean() < 0.86


@pytest.mark.parametrize("share", [0.0, 0.4, 0.9])
def test_the_share_of_noise_that_a_period_has_in_common_is_found(share):
    draw = np.random.default_rng(1)
    mean = draw.uniform(5, 60, (300, 40))
    common = draw.standard_normal((300, 1)) * np.sqrt(share) + draw.standard_normal((300, 40)) * np.sqrt(1 - share)
    spread = np.log1p(0.3)
    units = draw.poisson(mean * np.exp(np.sqrt(spread) * common - spread / 2))
    assert common_share(units, mean, np.ones((300, 40))) == pytest.approx(share, abs=0.08)
    assert common_share(mean, mean, np.ones((300, 40))) == 0.0


def test_conformal_intervals_cover_four_fifths_where_moments_are_led_by_few_large_sales():
    rng = np.random.default_rng(3)
    mean = rng.uniform(5, 80, (400, 10))
    units = rng.poisson(mean * np.where(rng.random(mean.shape) < 0.02, 8.0, rng.gamma(20, 0.05, mean.shape)))
    rows, product = np.ones_like(mean), np.zeros(10, int)
    moments = dispersion(units, mean, rows, product)
    found = conformal(units[:200], mean[:200], rows[:200], moments)
    covered = [
        np.mean((units[200:] >= low) & (units[200:] <= high))
        for low, high in (interval(mean[None, 200:], phi) for phi in (moments, found))
    ]
    assert covered[0] > 0.9
    assert 0.77 < covered[1] < 0.84


@given(
    units=st.floats(0, 300),
    mean=st.floats(0.01, 300),
    phi=st.floats(0.001, 4),
)
def test_units_are_covered_exactly_where_they_lie_between_the_quantiles(units, mean, phi):
    one = np.array([[mean]]), np.array([phi])
    low, high = interval(one[0][None], one[1])
    for sold in (units, np.round(units), *low[0], *high[0], *(high[0] + 1)):
        assert covered(np.array([sold]), *one[0], one[1], 0.8) == ((sold >= low[0]) & (sold <= high[0]))


def test_the_percentage_ratio_has_the_least_absolute_percentage_error():
    rng = np.random.default_rng(2)
    mean = rng.uniform(20, 300, (500, 4))
    units = rng.poisson(mean * rng.gamma(4, 0.25, mean.shape)).astype(float)
    ratio = percentage_ratio(units, mean, np.ones_like(mean), np.array([0, 0, 1, 1]))
    for product in (slice(0, 2), slice(2, 4)):
        sold = units[:, product] > 0

        def error(value, sold=sold, product=product):
            return np.mean(np.abs(value * mean[:, product] - units[:, product])[sold] / units[:, product][sold])

        assert error(ratio[product][0]) <= min(error(value) for value in np.linspace(0.3, 1.3, 41)) + 1e-3


def test_without_sales_the_percentage_ratio_is_one():
    nothing = np.zeros((3, 2))
    np.testing.assert_array_equal(percentage_ratio(nothing, nothing, nothing, np.array([0, 1])), 1)
