"""Known-truth markets: their tables, their truth and their oracle."""

import numpy as np
import pytest

from data_io.errors import ConfigError
from data_io.markets.catalogue import MARKETS, make_market
from data_io.markets.oracle import oracle_prices

CASES = [(name, variant) for name, market in MARKETS.items() for variant in market.VARIANTS]


@pytest.mark.parametrize(("name", "variant"), CASES)
def test_a_seed_draws_one_market(name, variant):
    first, second = make_market(name, variant, 3), make_market(name, variant, 3)
    assert first.sales.equals(second.sales)
    assert not first.sales.equals(make_market(name, variant, 4).sales)


@pytest.mark.parametrize(("name", "variant"), CASES)
def test_the_oracle_keeps_the_bounds_and_nothing_nearby_earns_more(name, variant):
    market = make_market(name, variant, 1)
    best = oracle_prices(market)
    low, high = market.offers["min_price"].to_numpy(), market.offers["max_price"].to_numpy()
    assert ((best >= low - 1e-9) & (best <= high + 1e-9)).all()
    nearby = np.clip(best * np.random.default_rng(0).uniform(0.9, 1.1, (500, len(best))), low, high)
    assert market.profit(best) >= market.profit(nearby).max()
    assert market.profit(best) > market.profit(market.hold)


def test_one_price_in_all_stores_earns_no_more_than_a_price_per_store():
    market = make_market("loglog", "exogenous", 2)
    together = oracle_prices(market, scope="product")
    assert len({(p, v) for p, v in zip(market.offers["product"], together, strict=True)}) == 8
    assert market.profit(together) <= market.profit(oracle_prices(market)) + 1e-6


def test_expected_units_agree_with_average_sales_of_the_same_law():
    """The last week of the history, redrawn many times, sells what the truth expects at its own prices."""
    ratios = []
    for seed in range(40):
        market = make_market("loglog", "exogenous", seed)
        last = market.sales[market.sales["date"] == market.sales["date"].max()].sort_values(["store", "product"])
        plain = (last["promo"] == 0).to_numpy()
        expected = market.expected_units(last["price"].to_numpy(), np)
        ratios.append(last["units"].to_numpy()[plain].sum() / expected[plain].sum())
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.05)


def test_true_elasticities_are_the_ones_drawn():
    elasticity = make_market("loglog", "exogenous", 0).own_elasticity()
    assert ((elasticity > -3.6) & (elasticity < -1.9)).all()


def test_an_unknown_market_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="loglog"):
        make_market("utopia", "exogenous", 0)
    with pytest.raises(ConfigError, match="little_variation"):
        make_market("loglog", "utopia", 0)
