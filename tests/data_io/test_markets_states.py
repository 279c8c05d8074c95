"""Markets in which one week depends on another or on the shelf: stockpiling and stockouts."""

from dataclasses import replace

import numpy as np
import pytest

from data_io.markets import logit, stockpiling
from data_io.markets.catalogue import make_market
from data_io.markets.common import draw_prices
from data_io.markets.oracle import oracle_prices
from data_io.markets.stockout import second_choices

GROUP = np.arange(4) // 2
PRICE = np.array([2.0, 3.0, 2.5, 3.5])
WEIGHT = 1.4


def simulate(change, *, promo=False, weeks=24, stores=6000):
    """[T, J] mean units a store when log prices [T, J] move by `change` from PRICE, the change promoted or not."""
    price = np.broadcast_to(PRICE * np.exp(change), (stores, weeks, 4))
    worth = np.broadcast_to(WEIGHT * PRICE - 0.5, price.shape)
    second = stockpiling.EXTRA * ((price < PRICE) & promo)
    return stockpiling.simulate(np.random.default_rng(0), worth, price, second, WEIGHT, GROUP)[0].mean(0)


def moved(week_from, week_to, products, by, weeks=24):
    change = np.zeros((weeks, 4))
    change[week_from:week_to, products] = by
    return change


def test_expected_units_are_the_mean_sales_once_prices_have_stood_for_long(monkeypatch):
    """Brute force: 40 years of one regular price, of which the weeks in the season of the week to price count."""
    years = 40
    levels = {}

    def standing(rng, center, *rest):
        path = draw_prices(rng, center, *rest)
        levels["log"] = path.hold + np.random.default_rng(7).uniform(-0.25, 0.25, path.hold.shape)
        log_price = np.broadcast_to(levels["log"][:, None], path.log_price.shape)
        return replace(path, log_price=log_price, promo=np.zeros_like(path.promo))

    monkeypatch.setattr(stockpiling, "draw_prices", standing)
    market = stockpiling.make("standard", 1, weeks=52 * years)
    truth = market.expected_units(np.exp(levels["log"]).reshape(-1), np).reshape(12, 8)
    sold = market.sales["units"].to_numpy().reshape(12, 52 * years, 8)[:, 52::52].mean(1)
    assert sold.sum() == pytest.approx(truth.sum(), rel=0.02)
    np.testing.assert_allclose(sold.sum(0), truth.sum(0), rtol=0.06)


def test_the_settled_stock_replaces_what_is_consumed():
    odds = np.exp(np.random.default_rng(0).normal(0, 2, (50, 5, 3, 4)))
    stock = stockpiling.settled_stock(odds, GROUP)
    felt = odds * np.exp(-stockpiling.STOCK_WEIGHT * stock)[:, None][..., GROUP]
    bought = (felt / (1 + felt.sum(-1, keepdims=True))).mean(1).reshape(50, 3, 2, 2).sum(-1)
    np.testing.assert_allclose(stock, 2 / 3 * (stock + bought), rtol=1e-6)


def test_a_deal_borrows_sales_from_the_weeks_after_it_from_its_rivals_too():
    usual = simulate(moved(0, 0, 0, 0.0))
    more = simulate(moved(10, 11, 0, -0.2), promo=True) - usual
    category, rival = more[:, :2].sum(1), more[:, 1]
    assert more[10, 0] > 0.5 * usual[10, 0]
    assert (category[11:14] < 0).all()
    assert (rival[11:13] < 0).all()
    assert -category[11:15].sum() > 0.8 * -category[11:].sum()
    assert 0.2 < -category[11:15].sum() / category[10] < 0.6


@pytest.mark.parametrize("by", [-0.05, 0.05])
def test_the_first_week_answers_a_lasting_change_more_than_the_later_weeks_do(by):
    usual, after = simulate(moved(0, 0, 0, 0.0)), simulate(moved(10, 24, slice(None), by))
    response = np.log(after.sum(1) / usual.sum(1)) / by
    assert response[10] < 1.2 * response[20:].mean() < 0


def test_a_rise_is_felt_more_than_a_cut_of_the_same_size():
    usual = simulate(moved(0, 0, 0, 0.0))[10].sum()
    rise, cut = (simulate(moved(10, 11, slice(None), by))[10].sum() - usual for by in (0.05, -0.05))
    assert -rise > 1.1 * cut


@pytest.mark.parametrize("seed", [0, 1])
def test_stockpiling_leaves_something_to_gain_within_the_bounds(seed):
    market = make_market("stockpiling", None, seed)
    best = oracle_prices(market, starts=2)
    low, high = market.offers["min_price"].to_numpy(), market.offers["max_price"].to_numpy()
    assert ((best > 1.001 * low) & (best < 0.999 * high)).mean() > 0.6
    assert 0.7 < market.profit(market.hold) / market.profit(best) < 0.95
    assert (market.sales["units"] > 0).mean() > 0.99


def test_a_shelf_that_is_never_empty_sells_what_the_logit_market_does():
    full, limited = make_market("logit", "mild", 3), make_market("stockout", "mild", 3)
    first, units, stock = (
        table[column].to_numpy().reshape(12 * 60, 8)
        for table, column in ((full.sales, "units"), (limited.sales, "units"), (limited.sales, "stock"))
    )
    enough = (first <= stock).all(1)
    assert 0.1 < enough.mean() < 0.9
    np.testing.assert_array_equal(units[enough], first[enough])
    assert (units <= stock).all()
    assert (units >= np.minimum(first, stock)).all()
    assert (units.sum(1) <= first.sum(1)).all()
    lost, taken = np.maximum(first - stock, 0).sum(), (units - np.minimum(first, stock)).sum()
    assert 0.2 < taken / lost < 0.9
    assert limited.facts["sold_out_share"] == pytest.approx(0.13, abs=0.03)
    np.testing.assert_array_equal(limited.expected_units(full.hold, np), full.expected_units(full.hold, np))


def test_second_choices_are_those_of_shoppers_who_rank_by_utility():
    rng = np.random.default_rng(0)
    odds = np.exp(rng.normal(0, 1, (3, 4)))
    left = np.array([False, True, False, True])
    segment = rng.choice(3, 400_000, p=logit.WEIGHTS)
    utility = np.log(np.c_[np.ones(3), odds])[segment] + rng.gumbel(size=(len(segment), 5))
    first = utility.argmax(1) - 1
    second = np.where([True, *left], utility, -np.inf).argmax(1) - 1
    expected = second_choices(odds, left)
    for gone in np.flatnonzero(~left):
        found = np.bincount(second[first == gone] + 1, minlength=5)[1:] / (first == gone).sum()
        np.testing.assert_allclose(found, expected[gone], atol=0.006)
