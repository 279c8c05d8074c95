"""Placebos, stockpiling and the robustness value see what was put into the data."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ensemble.response.diagnostics import robustness_value
from ensemble.response.identification import identification
from ensemble.response.verdicts import verdicts


def test_prices_that_follow_last_periods_sales_fail_the_placebo(draw):
    panel = draw().panel
    season = np.log(panel.units) + 2.5 * np.log(panel.price)
    price = panel.price.copy()
    price[:, 1:] *= np.exp(0.2 * (season - season.mean(1, keepdims=True)))[:, :-1]
    units = panel.units * (panel.price / price) ** 2.5
    found = verdicts(replace(panel, price=price, units=units))
    assert (found["tier"] == "small").all()
    assert found["reason"].str.contains("next period's price").all()


@pytest.mark.parametrize(("lasts", "followed"), [(0.9, 0.1), (0.9, 0.4), (0.6, 0.2)])
def test_prices_that_follow_a_demand_that_lasts_bias_the_response_by_at_most_twice_the_placebo(draw, lasts, followed):
    drawn = draw(periods=200, stores=12)
    panel, rng = drawn.panel, np.random.default_rng(1)
    shock = 0.3 * rng.normal(size=panel.units.shape)
    for period in range(1, shock.shape[1]):
        shock[:, period] = lasts * shock[:, period - 1] + np.sqrt(1 - lasts**2) * shock[:, period]
    price = panel.price.copy()
    price[:, 1:] *= np.exp(followed * shock[:, :-1])
    units = panel.units * np.exp(shock) * (price / panel.price) ** drawn.elasticity
    found = identification(replace(panel, price=price, units=units))
    error = found["elasticity"] - drawn.elasticity
    assert (error > 0).all()
    assert (error < 2 * found["lead"]).all()


def test_deals_that_pull_sales_forward_show_in_the_last_price(draw):
    panel = draw().panel
    units = panel.units.copy()
    units[:, 1:] *= (panel.price / panel.price.mean(1, keepdims=True))[:, :-1]
    found = verdicts(replace(panel, units=units))
    assert found["lag"].mean() == pytest.approx(1.0, abs=0.2)
    assert found["reason"].str.contains("stock up").all()
    assert (found["tier"] == "full").all()


def test_the_share_of_changes_counts_unpromoted_pairs_of_rows_alone(draw):
    panel = draw(products=1, stores=1, periods=40).panel
    price = np.full(panel.price.shape, 2.0)
    price[:, 20:] = 2.2
    promotions = np.zeros_like(panel.promotions)
    assert identification(replace(panel, price=price, promotions=promotions))["price_changes"][0] == 1 / 39
    promotions[:, 20] = 1
    assert identification(replace(panel, price=price, promotions=promotions))["price_changes"][0] == 0


@given(st.floats(0.01, 50), st.integers(10, 10_000))
def test_the_robustness_value_is_the_confounding_that_brings_the_slope_to_0(t, freedom):
    value = float(robustness_value(np.array(t), np.array(freedom)))
    assert 0 < value < 1
    # Cinelli and Hazlett 2020, eq. 13: the bias that such a cause makes, relative to the slope's own error
    bias = np.sqrt(value**2 / (1 - value) * freedom)
    assert bias == pytest.approx(t, rel=1e-6)
