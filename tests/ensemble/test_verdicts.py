"""Verdicts look at prices only and hold what the history cannot tell."""

from dataclasses import replace

import numpy as np

from ensemble.response.verdicts import verdicts


def test_varied_prices_are_identified(prepared):
    assert (verdicts(prepared.panel)["power"] == "identified").all()


def test_a_product_with_one_price_has_no_power_and_says_so(prepared):
    panel = prepared.panel
    price = panel.price.copy()
    price[(panel.series["product"] == "product-03").to_numpy()] = 2.5
    found = verdicts(replace(panel, price=price)).set_index("product").loc["product-03"]
    assert found["power"] == "none"
    assert found["tier"] == "hold"
    assert "1 price point" in found["reason"]


def test_prices_that_only_follow_promotions_are_weak(prepared):
    panel = prepared.panel
    price = np.where(panel.promotions[..., 0] > 0, 2.0, 3.0) * (1 + 0.004 * np.arange(len(panel.periods)) / 60)
    found = verdicts(replace(panel, price=price))
    assert (found["power"] != "identified").all()
    assert found["reason"].str.contains("explain").all()


def test_sales_do_not_enter_the_verdict(prepared):
    changed = replace(prepared.panel, units=prepared.panel.units[::-1] * 7)
    assert verdicts(changed).equals(verdicts(prepared.panel))
