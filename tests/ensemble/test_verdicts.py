"""Verdicts hold what the history cannot tell, move little what looks odd, and say why."""

from dataclasses import replace

import numpy as np

from ensemble.response.verdicts import FORESIGHT_DOUBT, significant, verdicts


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


def test_sales_do_not_enter_the_power(prepared):
    names = ["product", "power", "price_points", "residual_sd", "explained"]
    changed = replace(prepared.panel, units=prepared.panel.units[::-1] * 7)
    assert verdicts(changed)[names].equals(verdicts(prepared.panel)[names])


def test_products_that_may_not_move_fully_get_a_test_and_others_none(prepared):
    panel = prepared.panel
    price = panel.price.copy()
    price[(panel.series["product"] == "product-03").to_numpy()] = 2.5
    found = verdicts(replace(panel, price=price)).set_index("product")
    assert "stores for an elasticity within" in found.loc["product-03", "test_design"]
    assert ((found["tier"] == "full") == (found["test_design"] == "")).all()


def test_sales_that_rise_with_the_price_are_a_red_flag(prepared):
    panel = prepared.panel
    found = verdicts(replace(panel, units=panel.units * (panel.price / panel.price.mean(1, keepdims=True)) ** 5))
    assert (found["power"] == "identified").all()
    assert (found["tier"] == "small").all()
    assert found["reason"].str.contains("wrong sign").all()


def test_a_new_history_without_sales_is_held(prepared):
    panel = prepared.panel
    found = verdicts(replace(panel, observed=np.zeros_like(panel.observed)))
    assert (found["tier"] == "hold").all()
    assert found["elasticity"].isna().all()


def test_a_placebo_needs_more_than_other_tests_to_count():
    assert significant(3.0, 79)
    assert not significant(3.0, 79, FORESIGHT_DOUBT)
    assert significant(-3.6, 79, FORESIGHT_DOUBT)
    assert not significant(float("nan"), 79, FORESIGHT_DOUBT)


def test_a_price_that_foretells_much_of_last_periods_sales_moves_little_and_one_that_foretells_little_is_told(prepared):
    panel = prepared.panel
    ahead = np.concatenate([panel.price[:, 1:], panel.price[:, -1:]], 1) / panel.price.mean(1, keepdims=True)
    found = verdicts(replace(panel, units=panel.units * ahead**-4))
    assert (found["tier"] == "small").all()
    assert found["reason"].str.contains("next period's price foretells this period's sales").all()
    found = verdicts(replace(panel, units=panel.units * ahead**-0.5))
    slight = found["reason"].str.contains(r"may be off by some 0\.[3-7]")
    assert slight.any()
    assert (found.loc[slight, "tier"] == "full").all()
