"""What deals, pantries and usual prices are, when they are heard, and what a lasting price is asked."""

from dataclasses import replace
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from data_io.markets.stockpiling import EXTRA
from ensemble.anchor.anchor import fit_anchor
from ensemble.anchor.layout import Sets, lay_out
from ensemble.anchor.pantry import _solved, log_gain, passing, settled, stocks, strength
from ensemble.anchor.relevance import doubted
from ensemble.anchor.settings import AnchorSettings
from ensemble.anchor.treatments import (
    ATTENTION,
    FEW_RIVALS,
    KEPT,
    MEMORY,
    PANTRY,
    TREATMENTS,
    TYPICAL_OWN,
    regular_price,
    stocked,
    treatments,
    usual_price,
)
from jointprice.compose import compose
from jointprice.prepare import prepare

DEAL = np.array([[0.0, -0.2, 0.0, 0.0], [0.1, 0.1, 0.1, 0.1]])
PROMOTED = np.array([[False, True, False, False], [False] * 4])


def market_panel(market, seed=7):
    config = compose(["quiet=true", f"data.market={market}", f"data.market_seed={seed}"])
    return prepare(config.data).panel


def treated(log_price, promoted, meeting):
    return treatments(log_price, promoted, meeting, np.ones(len(meeting)))


def relevance_of(panel, **changes):
    return lay_out(panel, AnchorSettings(**changes), np.ones(len(panel.periods)))[1].relevance


def test_a_deal_is_felt_in_its_own_depth_then_less_and_less():
    depth, past, _ = np.moveaxis(treated(DEAL, PROMOTED, np.zeros(2, int)), -1, 0)
    np.testing.assert_allclose(depth, [[0, 0.2, 0, 0], [0] * 4])
    stored = 0.2 + ATTENTION
    np.testing.assert_allclose(past, [[0, 0, stored, KEPT * stored], [0] * 4])
    np.testing.assert_allclose(usual_price(DEAL)[0], [0, 0, -0.06, -0.06 * MEMORY], atol=1e-12)


def test_a_stock_is_what_is_left_of_it_and_what_was_bought_and_usual_purchases_keep_it():
    np.testing.assert_array_equal(stocked(np.ones((1, 5, 2))), np.ones((1, 6, 2)))
    bought = np.array([[1.0] * 8 + [3.0, 1.0, 0.0]])
    np.testing.assert_allclose(stocked(bought)[0, 8:], [1, 1 + 2 * (1 - KEPT), 1 + 2 * (1 - KEPT) * KEPT, 0.888], 1e-9)


def test_what_a_large_cheap_product_sells_fills_the_pantries_of_its_group_and_of_no_other():
    prices = np.zeros((3, 12))
    prices[0, 10:], prices[1, 10:] = -0.4, 0.4
    size = np.array([3.0, 1.0, 1.0])
    empty = treatments(prices, prices < -1, np.array([0, 0, 1]), size)[..., PANTRY]
    bought = np.exp(TYPICAL_OWN * np.array([0.4, -0.4])) @ [3, 1] / 4
    usual = (10 + 2 * bought) / 12
    np.testing.assert_allclose(empty[:2, 9], 1 - 1 / usual)
    np.testing.assert_allclose(empty[:2, 11] - empty[:2, 9], -(1 - KEPT) * (bought - 1) / usual)
    assert not empty[2].any()


def test_pantries_that_many_products_fill_are_not_heard():
    many = np.tile(DEAL[:1], (FEW_RIVALS + 2, 1))
    assert not treated(many, many < 0, np.zeros(len(many), int))[..., PANTRY].any()
    units = np.tile(np.linspace(1, 2, 5)[None, :, None], (1, 1, len(many)))
    for count, heard in ((FEW_RIVALS + 2, False), (FEW_RIVALS + 1, True)):
        found = stocks(units[..., :count], np.zeros((1, count)), np.ones((count, 1)))
        assert found.shape == (1, 6, count)
        assert (found != 1).any() == heard


def test_the_regular_price_is_the_last_without_promotion_and_before_the_first_one_that_one():
    price = np.array([[1.0, 2.0, 1.5, 3.0]])
    np.testing.assert_allclose(regular_price(price, np.array([[True, False, True, False]])), [[2, 2, 2, 3]])
    np.testing.assert_allclose(regular_price(price, np.ones((1, 4), bool)), price)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=30))
@settings(max_examples=100, deadline=None)
def test_the_usual_price_lies_between_the_prices_seen_and_never_knows_the_present_one(prices):
    log_price = np.array([prices])
    usual = usual_price(log_price)[0]
    before = np.minimum.accumulate(log_price[0]), np.maximum.accumulate(log_price[0])
    assert (usual[1:] >= before[0][:-1] - 1e-9).all()
    assert (usual[1:] <= before[1][:-1] + 1e-9).all()
    changed = log_price.copy()
    changed[0, -1] += 1
    assert usual_price(changed)[0, -1] == usual[-1]


def test_treatments_are_heard_where_shoppers_stockpile_and_nowhere_else():
    assert (relevance_of(market_panel("stockpiling")) > 0.1).all()
    assert not relevance_of(market_panel("loglog")).any()
    assert not relevance_of(market_panel("stockpiling"), treatments=False).any()


def test_effects_that_chance_brings_are_all_shrunk_away():
    error = np.diag([0.04, 0.01])
    assert doubted(np.array([0.3, 0.1]), error, 15) == 1
    sure = doubted(np.array([3.0, 2.0]), error, 15)
    assert 0 < sure < 0.05
    assert doubted(np.array([3.0, 2.0]), 4 * error, 15) == pytest.approx(4 * sure)


def two_groups(delta):
    """Two stores with a group of two products and one of a third, and how strongly their pantries are felt."""
    names = {name: np.zeros(1, np.float32) for name in Sets._fields}
    sets = Sets(**names)._replace(
        cells=np.arange(6).reshape(1, 2, 3),
        place=np.arange(6),
        same=np.array([[[True, True, False], [True, True, False], [False, False, True]]]),
        log_level=np.log(np.array([[[3.0, 1.0, 2.0], [1.0, 4.0, 2.0]]])),
    )
    treatment = np.zeros((1, 3, len(TREATMENTS)))
    treatment[..., PANTRY] = delta
    return sets, strength({"treatment": treatment}, sets)


@pytest.mark.parametrize("moved", [1.0, 0.4])
def test_pantries_settle_where_they_hold_what_is_bought(moved):
    sets, delta = two_groups([0.5, 0.5, 1.5])
    units = np.log(np.array([[[1.0, 9.0, 4.0], [2.0, 1.0, 5.0]]]))
    found = np.asarray(settled(delta, lambda v: log_gain(sets, units + moved * v)))[0]
    for store, (group, size) in product(range(2), (([0, 1], 0.5), ([2], 1.5))):
        gain = np.exp(units[0, store, group]).sum() / np.exp(sets.log_level[0, store, group]).sum()
        shift = brentq(lambda v, d=size, g=gain: v + d * (g * np.exp(moved * v) - 1), -50, 50)
        np.testing.assert_allclose(found[store, group], shift, rtol=1e-3)


def test_the_slope_of_settled_pantries_is_that_of_their_equation():
    delta, gain, slope = 0.8, jnp.linspace(-2, 2, 9), 0.7
    shift = np.asarray(_solved(delta, gain, slope), np.float64)
    bought = delta * np.exp(np.asarray(gain) + slope * shift)
    np.testing.assert_allclose(shift + bought, delta, atol=1e-5)
    found = jax.vmap(jax.grad(_solved, (0, 1, 2)), (None, 0, None))(delta, gain, slope)
    implicit = np.stack([1 - bought / delta, -bought, -bought * shift]) / (1 + slope * bought)
    np.testing.assert_allclose(found, implicit, rtol=1e-4, atol=1e-6)


def test_periods_at_the_same_prices_end_where_pantries_settle():
    sets, delta = two_groups([0.5, 0.5, 1.5])
    units = np.log(np.array([[[1.0, 2.0, 4.0], [2.0, 1.0, 3.0]]]))
    periods = (np.tile(units, (40, 1, 1, 1)),)
    found = passing(delta, np.ones((1, 2, 3)), sets, lambda v, at: at[0] + 0.7 * v, periods)
    np.testing.assert_allclose(found[0], units, rtol=1e-5)  # from a usual stock
    last = units + 0.7 * np.asarray(settled(delta, lambda v: log_gain(sets, units + 0.7 * v)))
    np.testing.assert_allclose(found[-1], last, atol=1e-3)


def test_pantries_are_not_asked_where_purchases_made_up_for_purchases():
    sets, delta = two_groups(-0.5)
    assert not np.asarray(settled(delta, lambda v: log_gain(sets, sets.log_level + 1 + v))).any()


def quickly_fitted(panel):
    return fit_anchor(panel, AnchorSettings(heads=["nested"], draws=4, folds=0, steps=15), seed=0)


@pytest.fixture(scope="module")
def stockpiled():
    """A market whose shoppers stockpile, and an anchor fitted to it."""
    panel = market_panel("stockpiling")
    return panel, quickly_fitted(panel)


def test_second_units_of_a_promotion_are_told_from_shoppers_won(stockpiled):
    draws = stockpiled[1].heads[0].draws
    assert np.abs(draws["extra"] - np.log1p(EXTRA)).max() < 0.15
    assert "extra" not in quickly_fitted(market_panel("loglog")).heads[0].draws


def test_second_units_of_a_promotion_are_taken_from_no_rival(stockpiled):
    anchor = stockpiled[1]
    head = anchor.heads[0]
    head = replace(head, draws={name: values for name, values in head.draws.items() if name != "stock"})
    at = anchor.sets.reference.astype(np.float32)
    chosen = np.arange(len(at)) % 3 == 0
    promoted = anchor.context(pd.Timestamp("2024-03-04"), np.where(chosen, 1.0, 0.0)[:, None])
    without = replace(head, draws=head.draws | {"extra": np.zeros_like(head.draws["extra"])})
    more = np.asarray(anchor.log_units(head, at, promoted)) - np.asarray(anchor.log_units(without, at, promoted))
    np.testing.assert_allclose(more, head.draws["extra"] * chosen, atol=1e-4)


def test_a_lasting_price_is_minded_less_than_a_deal_where_shoppers_stockpile(stockpiled):
    panel, anchor = stockpiled
    held = np.log(np.array([np.median(row) for row in panel.price]))
    following = anchor.following(panel.periods[-1:], np.log(panel.price), panel.promotions)
    once = following._replace(
        season=following.season[0],
        **{name: getattr(following, name)[0] for name in ("promotions", "regular", "past", "usual")},
    )
    (lasts, _), (short, _) = (
        anchor.own_elasticities(held, context) for context in (anchor.context(panel.periods[-1]), once)
    )
    assert (lasts.mean(0) > short.mean(0) + 0.3).all()
