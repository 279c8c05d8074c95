"""Switches of the drawn markets: what each word changes, what it leaves alone, and that plain variants are frozen."""

import zlib

import numpy as np
import pytest

from data_io.errors import ConfigError
from data_io.markets import loglog
from data_io.markets.catalogue import make_market
from data_io.markets.switches import WORDS, Switches, read_variant

EVERYTHING = "+".join(WORDS)
PLAIN = [("loglog", "exogenous"), ("logit", "mild"), ("linear", "standard"), ("stockpiling", "standard")]


def cube(market, column):
    """[M, T, J] a column of the sales."""
    return market.sales[column].to_numpy().reshape(-1, 60, 8)


@pytest.mark.parametrize(
    ("name", "variant", "units", "profit"),
    [
        ("loglog", "exogenous", 1273678477, 10506.2539),
        ("loglog", "little_variation", 1612850920, 10506.2539),
        ("loglog", "endogenous", 459497203, 10506.2539),
        ("loglog", "instrument", 1439447318, 10446.4118),
        ("logit", "mild", 1990012683, 10672.1600),
        ("logit", "strong", 218674315, 10215.1199),
        ("linear", "standard", 3633986989, 8112.6704),
    ],
)
def test_the_frozen_variants_draw_what_they_always_drew(name, variant, units, profit):
    market = make_market(name, variant, 0)
    assert zlib.crc32(market.sales["units"].to_numpy("<i8").tobytes()) == units
    assert market.profit(market.hold) == pytest.approx(profit, abs=1e-3)


@pytest.mark.parametrize(("name", "variant"), PLAIN)
def test_switches_combine_and_leave_demand_as_it_is(name, variant):
    plain, switched = make_market(name, variant, 2), make_market(name, f"{variant}+{EVERYTHING}", 2)
    prices = plain.hold * np.random.default_rng(0).uniform(0.8, 1.2, len(plain.hold))
    allowed = 0.25 if name == "logit" else 1e-12  # logit averages over draws of ξ made after the sales
    np.testing.assert_allclose(switched.expected_units(prices, np), plain.expected_units(prices, np), rtol=allowed)
    total = plain.expected_units(prices, np).sum()
    assert switched.expected_units(prices, np).sum() == pytest.approx(total, rel=0.02)
    assert switched.variant == f"{variant}+{EVERYTHING}"
    assert switched.facts["instrument_f"] > plain.facts["instrument_f"] == 0


@pytest.mark.parametrize(("name", "variant"), PLAIN)
def test_a_chain_has_one_price_one_promotion_plan_and_one_holding_price(name, variant):
    market = make_market(name, f"{variant}+chain", 0)
    by_week = market.sales.groupby(["date", "product"])
    assert (by_week["price"].nunique() == 1).all()
    assert (by_week["promo"].nunique() == 1).all()
    assert (market.offers.groupby("product")["current_price"].nunique() == 1).all()
    assert market.offers.groupby("product")["cost"].nunique().min() > 1


@pytest.mark.parametrize(("name", "variant"), PLAIN)
@pytest.mark.parametrize("chain", ["", "+chain"])
def test_endogenous_prices_are_high_where_demand_is(name, variant, chain):
    plain, follows = (make_market(name, f"{variant}{chain}{word}", 1) for word in ("", "+endogenous"))
    followed = np.log(cube(follows, "price") / cube(plain, "price"))
    surprise = np.log(cube(plain, "units") + 1.0)
    surprise -= surprise.mean(1, keepdims=True)
    assert followed.std() > 0.04
    assert np.corrcoef(followed.reshape(-1), surprise.reshape(-1))[0, 1] > 0.2


@pytest.mark.parametrize("chain", ["", "+chain"])
def test_the_published_strength_is_that_of_a_regression_with_dummies(chain):
    market, plain = (loglog.make(f"exogenous{word}{chain}", 4, stores=3) for word in ("+own_cost", ""))
    stores = 1 if chain else 3
    own = np.log(cube(market, "cost") / cube(plain, "cost"))[:stores].reshape(-1)
    price = np.log(cube(market, "price"))[:stores].reshape(-1)
    store, _, product = (index.reshape(-1, 1) for index in np.indices((stores, 60, 8)))
    effects = store * 8 + product == np.arange(stores * 8)
    promo = cube(market, "promo")[:stores].reshape(-1, 1) * (product == np.arange(8))
    controls = np.hstack([effects, promo]).astype(float)
    without, within = (
        np.sum((price - x @ np.linalg.lstsq(x, price)[0]) ** 2) for x in (controls, np.c_[controls, own])
    )
    assert market.facts["instrument_partial_r2"] == pytest.approx((without - within) / without)
    freedom = len(price) - controls.shape[1] - 1
    assert market.facts["instrument_f"] == pytest.approx((without - within) / within * freedom)


def test_negative_binomial_counts_have_the_stated_variance():
    rng, switches = np.random.default_rng(0), Switches(dispersion=0.25)
    counts = rng.poisson(100 * switches.surge(rng, (40_000,)))
    assert counts.mean() == pytest.approx(100, rel=0.02)
    assert counts.var() == pytest.approx(100 + 0.25 * 100**2, rel=0.05)
    split = rng.binomial(switches.shoppers(rng, 800, (40_000,)), 0.1)
    assert split.mean() == pytest.approx(80, rel=0.02)
    assert split.var() == pytest.approx(80 + 0.25 * 80**2, rel=0.05)


@pytest.mark.parametrize(("name", "variant"), PLAIN)
def test_negative_binomial_markets_vary_more_around_the_same_level(name, variant):
    plain, spread = (cube(make_market(name, variant + word, 0), "units") for word in ("", "+negative_binomial"))
    assert spread.mean() == pytest.approx(plain.mean(), rel=0.05)
    assert np.log(spread + 1.0).std(1).mean() > 1.15 * np.log(plain + 1.0).std(1).mean()


@pytest.mark.parametrize(("name", "variant"), PLAIN)
def test_censored_sales_end_at_the_stock_and_are_the_demand_below_it(name, variant):
    plain, limited = make_market(name, variant, 0), make_market(name, f"{variant}+censored", 0)
    units, stock = cube(limited, "units"), cube(limited, "stock")
    np.testing.assert_array_equal(units, np.minimum(cube(plain, "units"), stock))
    assert 0.02 < (units == stock).mean() == limited.facts["sold_out_share"] < 0.2
    assert "stock" not in plain.sales


def test_words_are_read_in_any_number_and_order():
    assert read_variant("loglog", "exogenous", ["exogenous"]) == ("exogenous", Switches())
    expected = ("mild", Switches(chain=True, dispersion=0.25))
    assert read_variant("logit", "mild+negative_binomial+chain", ["mild"]) == expected


@pytest.mark.parametrize(
    ("name", "variant", "told"),
    [
        ("loglog", "exogenous+chian", "'chian'.*exogenous, little_variation.*chain, negative_binomial, censored"),
        ("loglog", "chain", "'chain'.*exogenous"),
        ("loglog", "exogenous+", "''"),
        ("stockout", "mild+censored", "'censored'.*endogenous, own_cost, chain, negative_binomial\\."),
        ("nested", "standard+chain", "'chain'.*Choose one of standard\\."),
    ],
)
def test_a_word_that_a_market_does_not_know_is_refused_with_those_it_knows(name, variant, told):
    with pytest.raises(ConfigError, match=told):
        make_market(name, variant, 0, "folder")
