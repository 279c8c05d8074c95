"""Deals over a horizon: what they sell now, what they borrow, and what no deal leaves alone."""

from dataclasses import replace

import numpy as np
import pytest

from data_io.load import load_tables
from data_io.markets.promotions import MECHANICS, make
from data_io.panel import build_panel
from data_io.settings import DataSettings, FeatureSettings
from ensemble.anchor.anchor import fit_anchor
from ensemble.anchor.settings import AnchorSettings
from ensemble.promoted import horizon_units, money_demand, promoted_demand

SETTINGS = AnchorSettings(heads=["elasticity", "nested"], draws=4, folds=0, steps=10)


@pytest.fixture(scope="module")
def promoted(trained, prepared):
    """A demand of 96 offers with 3 options: none, 20 % off, 20 % off at a display that the history never had."""
    anchor = fit_anchor(prepared.panel, SETTINGS, seed=0)
    ensemble = replace(trained.ensemble, anchor=anchor, search_draws=4)
    offers = prepared.tables.offers
    price = offers["current_price"].to_numpy()[:, None] * [1.0, 0.8, 0.8]
    flags = np.array([[0.0], [1.0], [0.0]])
    worth = price - offers["cost"].to_numpy()[:, None]

    def demand(horizon=6, cost=(0.0, 0.0, 0.0)):
        given = {"price": price, "flags": flags, "worth": worth, "cost": np.array(cost), "horizon": horizon}
        return promoted_demand(ensemble, offers, **given)

    return demand, offers, worth


def test_a_deal_sells_more_now_and_no_deal_changes_nothing(promoted):
    demand, offers, _ = promoted
    none, one = np.zeros((2, len(offers)), int)
    one[5] = 1
    units = horizon_units(demand(), np.stack([none, one])).mean(0)
    same_store = (offers["store"] == offers["store"][5]).to_numpy()
    assert units[1, 0, 5] > 1.2 * units[0, 0, 5]
    np.testing.assert_allclose(units[1][:, ~same_store], units[0][:, ~same_store], rtol=1e-5)
    rivals = same_store & (np.arange(len(offers)) != 5)
    assert units[1, 0, rivals].sum() < units[0, 0, rivals].sum()


def test_money_is_units_at_their_worth_over_all_periods_less_the_cost_of_a_deal(promoted):
    demand, offers, worth = promoted
    options = np.random.default_rng(0).integers(0, 3, (2, len(offers)))
    made = demand(cost=(0.0, 2.0, 3.0))
    units = horizon_units(made, options)
    chosen = worth[np.arange(len(offers)), options]
    expected = chosen * units[:, :, 0] + worth[:, 0] * units[:, :, 1:].sum(2) - np.array([0, 2, 3])[options]
    np.testing.assert_allclose(np.asarray(money_demand(made)(options + 1.0)), expected, rtol=1e-4, atol=1e-3)


def test_a_longer_horizon_keeps_the_first_periods(promoted):
    demand, offers, _ = promoted
    options = np.ones((1, len(offers)), int)
    long, short = (horizon_units(demand(horizon), options) for horizon in (6, 2))
    np.testing.assert_allclose(long[:, :, :2], short, rtol=1e-5)


def test_deals_borrow_from_the_weeks_after_them_where_shoppers_stockpile():
    market = make("standard", 0, stores=6)
    settings = DataSettings(features=FeatureSettings(promotion=list(MECHANICS)))
    tables = load_tables(settings, sales=market.sales, products=market.products, offers=market.offers)
    panel = build_panel(tables, settings)
    anchor = fit_anchor(panel, replace(SETTINGS, heads=["nested"]), seed=0)
    last, sold = slice(-6, None), []
    for off in (0.0, 0.2):
        log_price, promotions = np.log(panel.price), panel.promotions.copy()
        log_price[:, last], promotions[:, last] = np.log(np.median(panel.price, 1))[:, None], 0
        log_price[::8, -6] += np.log(1 - off)
        promotions[::8, -6, 0] = off > 0
        context = anchor.following(panel.periods[last], log_price, promotions)
        sold.append(anchor.units(log_price[:, last].T, context, np.zeros((6, len(log_price)))))
    gained = sold[1] - sold[0]
    assert (gained[0, ::8] > 0).all()
    assert -gained[1:].sum() > 0.05 * gained[0, ::8].sum()
    deal = np.where(np.arange(len(market.hold)) % 8 == 0, 1, 0)
    paid = np.where(deal == 1, 0.8 * market.hold, market.hold)
    units = market.path(np.stack([market.hold, paid]), np.stack([0 * deal, deal]))
    now, later = (units[1] - units[0])[:, deal == 1][0], (units[1] - units[0])[1:]
    assert (now > 0).all()
    assert -later.sum() > 0.1 * now.sum()
