"""What deals, past deals and usual prices are, when they are heard, and what a lasting price is asked."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from data_io.markets.stockpiling import EXTRA
from ensemble.anchor.anchor import fit_anchor
from ensemble.anchor.evaluate import _settled_pantry
from ensemble.anchor.layout import Sets, lay_out
from ensemble.anchor.relevance import doubted
from ensemble.anchor.settings import AnchorSettings
from ensemble.anchor.treatments import (
    ATTENTION,
    FEW_RIVALS,
    KEPT,
    MEMORY,
    PANTRY,
    TREATMENTS,
    regular_price,
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
    return treatments(log_price, usual_price(log_price), promoted, meeting, np.ones(len(meeting)))


def relevance_of(panel, **changes):
    return lay_out(panel, AnchorSettings(**changes), np.ones(len(panel.periods)))[1].relevance


def test_a_deal_is_felt_in_its_own_depth_then_less_and_less_by_itself_and_its_rival():
    depth, past, rivals_past, *_ = np.moveaxis(treated(DEAL, PROMOTED, np.zeros(2, int)), -1, 0)
    np.testing.assert_allclose(depth, [[0, 0.2, 0, 0], [0] * 4])
    stored = 0.2 + ATTENTION
    np.testing.assert_allclose(past, [[0, 0, stored, KEPT * stored], [0] * 4])
    np.testing.assert_allclose(rivals_past, past[::-1])
    np.testing.assert_allclose(usual_price(DEAL)[0], [0, 0, -0.06, -0.06 * MEMORY], atol=1e-12)


def test_products_that_do_not_meet_do_not_feel_each_others_deals():
    found, changed = (treated(prices, PROMOTED, np.array([0, 1])) for prices in (DEAL, DEAL - [[0.3], [0.0]]))
    assert not found[..., 2].any()
    np.testing.assert_array_equal(found[1], changed[1])


def test_the_mean_of_many_rivals_is_not_heard():
    many = np.tile(DEAL[:1], (FEW_RIVALS + 2, 1))
    assert not treated(many, many < 0, np.zeros(len(many), int))[..., [2, 3, 4]].any()


def test_low_usual_prices_of_large_products_fill_the_groups_pantries_more_than_high_ones_of_small_products_empty_them():
    prices = np.repeat([[-0.4], [0.4], [0.0]], 4, 1)
    size = np.array([3.0, 1.0, 1.0])
    pantry, older = np.moveaxis(treatments(prices, prices, prices < -1, np.array([0, 0, 1]), size)[..., PANTRY], -1, 0)
    felt = -np.expm1(3 * np.array([0.4, -0.4])) / 3
    np.testing.assert_allclose(pantry[:2], (size[:2] @ felt) / 4, rtol=1e-6)
    assert pantry[0, 0] < -(0.3 - 0.1)
    assert not pantry[2].any()
    np.testing.assert_array_equal(pantry, older)


def test_a_price_that_came_and_went_is_told_from_one_that_lasts():
    moves = np.zeros((2, 40))
    moves[0, 5], moves[1, 5:] = -0.01, -0.01
    pantry, older = np.moveaxis(treated(moves, moves > 1, np.arange(2))[..., PANTRY], -1, 0)
    assert pantry[0, 6] < 0
    assert older[0, 6] == 0
    assert older[0, 10] < pantry[0, 10]
    np.testing.assert_allclose(pantry[1, -1], older[1, -1], rtol=1e-2)


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


def group_of_two(effect, appetite):
    """Two stores with a group of two products and one of a third; their draw."""
    names = {name: np.zeros(1, np.float32) for name in Sets._fields}
    sets = Sets(**names)._replace(
        cells=np.arange(6).reshape(1, 2, 3),
        place=np.arange(6),
        same=np.array([[[True, True, False], [True, True, False], [False, False, True]]]),
        log_level=np.log(np.array([[[3.0, 1.0, 2.0], [1.0, 4.0, 2.0]]])),
    )
    treatment = np.zeros((1, 3, len(TREATMENTS)))
    treatment[..., PANTRY] = np.stack([np.multiply(2, effect), np.negative(effect)], -1)  # what lasts is their sum
    return sets, {"treatment": treatment, "appetite": np.full((1, 2, 3), appetite)}


def test_pantries_settle_where_they_hold_what_is_bought():
    sets, draw = group_of_two(effect=[0.5, 0.5, 1.0], appetite=2.0)
    units, usual = np.array([[[1.0, 9.0, 4.0], [2.0, 1.0, 1e5]]]), np.exp(sets.log_level)
    found = np.asarray(_settled_pantry(draw, sets, units, usual))[0]
    for store, (group, part) in product(range(2), (([0, 1], 0.25), ([2], 0.5))):
        gain = units[0, store, group].sum() / usual[0, store, group].sum()
        strength = part / (1 - part)
        shift = brentq(lambda v, s=strength, g=gain: v + s * (g * np.exp(v) - 1), -50, 50)
        np.testing.assert_allclose(found[store, group], shift, rtol=1e-3)


def test_a_little_dearer_group_finds_as_much_emptier_pantries_as_history_says_of_usual_prices():
    sets, draw = group_of_two(effect=0.6, appetite=1.5)
    usual, step = np.exp(sets.log_level), 0.01
    found = np.asarray(_settled_pantry(draw, sets, usual * np.exp(-1.5 * step), usual))
    np.testing.assert_allclose(found, 0.6 * step, rtol=0.02)


def test_pantries_are_not_asked_where_usual_prices_did_nothing_or_made_up_for_purchases():
    for effect in (0.0, -0.5):
        sets, draw = group_of_two(effect=effect, appetite=1.0)
        usual = np.exp(sets.log_level)
        assert not np.asarray(_settled_pantry(draw, sets, 3 * usual, usual)).any()


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
        **{name: getattr(following, name)[0] for name in ("promotions", "regular", "past", "usual", "older")},
    )
    (lasts, _), (short, _) = (
        anchor.own_elasticities(held, context) for context in (anchor.context(panel.periods[-1]), once)
    )
    assert (lasts.mean(0) > short.mean(0) + 0.3).all()
