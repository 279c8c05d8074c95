"""Known-truth markets: their tables, their truth and their oracle."""

from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from data_io.errors import ConfigError
from data_io.load import load_tables
from data_io.markets import logit
from data_io.markets.catalogue import MARKETS, ON_REAL_PATHS, make_market
from data_io.markets.oracle import oracle_prices
from data_io.settings import DataSettings, FeatureSettings

JUICE = Path(__file__).parents[2].parent / "shared" / "data" / "orange_juice"

needs_data = [
    pytest.mark.real_data,
    pytest.mark.skipif(not JUICE.is_dir(), reason="the orange-juice table (../shared/data) is not here"),
]
CASES = [
    pytest.param(name, variant, marks=needs_data if name in ON_REAL_PATHS else ())
    for name, market in MARKETS.items()
    for variant in market.VARIANTS
]
every_market = pytest.mark.parametrize(("name", "variant"), CASES)


def draw(name, variant, seed):
    return make_market(name, variant, seed, str(JUICE))


@every_market
def test_a_seed_draws_one_market(name, variant):
    first, second = draw(name, variant, 3), draw(name, variant, 3)
    assert first.sales.equals(second.sales)
    assert (first.profit(first.hold) == second.profit(first.hold)).all()
    assert not first.sales.equals(draw(name, variant, 4).sales)


@every_market
def test_the_oracle_keeps_the_bounds_and_nothing_nearby_earns_more(name, variant):
    market = draw(name, variant, 1)
    best = oracle_prices(market)
    low, high = market.offers["min_price"].to_numpy(), market.offers["max_price"].to_numpy()
    assert ((best >= low - 1e-9) & (best <= high + 1e-9)).all()
    nearby = np.clip(best * np.random.default_rng(0).uniform(0.9, 1.1, (500, len(best))), low, high)
    assert market.profit(best) >= market.profit(nearby).max()
    assert market.profit(best) > market.profit(market.hold)


def test_more_starts_find_no_better_oracle_where_profit_is_not_concave():
    market = logit.make("strong", 32, stores=2, weeks=4)
    one, usual, many = (market.profit(oracle_prices(market, starts=starts, seed=5)) for starts in (1, 6, 16))
    assert one < 0.995 * many
    assert usual == pytest.approx(many, rel=1e-8)


@every_market
def test_the_truth_is_the_same_in_jax(name, variant):
    market = draw(name, variant, 0)
    prices = market.hold * np.random.default_rng(1).uniform(0.8, 1.2, (2, 3, len(market.hold)))
    np.testing.assert_allclose(market.expected_units(prices, jnp), market.expected_units(prices, np), rtol=2e-4)


@every_market
def test_a_dearer_product_sells_less_and_leaves_other_stores_alone(name, variant):
    market = draw(name, variant, 0)
    assert (market.own_elasticity() < 0).all()
    dearer = market.hold.copy()
    dearer[0] *= 1.1
    change = market.expected_units(dearer, np) - market.expected_units(market.hold, np)
    same_store = (market.offers["store"] == market.offers["store"].iloc[0]).to_numpy()
    assert change[0] < 0
    assert (change[same_store][1:] >= 0).all()
    assert name == "season" or (change[same_store][1:] > 0).any()  # whose products are no substitutes
    np.testing.assert_allclose(change[~same_store], 0, atol=1e-9)


@every_market
def test_the_engine_reads_every_row_and_offer(name, variant):
    market = draw(name, variant, 0)
    settings = DataSettings(features=FeatureSettings(promotion=list(market.promotions)))
    tables = load_tables(settings, sales=market.sales, products=market.products, offers=market.offers)
    assert len(tables.sales) == len(market.sales)
    assert tables.offers[["store", "product"]].equals(market.offers[["store", "product"]])
    np.testing.assert_array_equal(tables.offers["cost"], market.offers["cost"])


def test_one_price_in_all_stores_earns_no_more_than_a_price_per_store():
    market = make_market("loglog", "exogenous", 2)
    together = oracle_prices(market, scope="product")
    assert len({(p, v) for p, v in zip(market.offers["product"], together, strict=True)}) == 8
    assert market.profit(together) <= market.profit(oracle_prices(market)) + 1e-6


@pytest.mark.parametrize(
    ("name", "variant", "allowed"), [("loglog", "exogenous", 0.05), ("logit", "strong", 0.05), ("linear", None, 0.06)]
)
def test_expected_units_agree_with_average_sales_of_the_same_law(name, variant, allowed):
    """The last week of the history, redrawn many times, sells what the truth expects a week later at its prices."""
    sold = expected = 0.0
    for seed in range(30):
        market = make_market(name, variant, seed)
        last = market.sales[market.sales["date"] == market.sales["date"].max()].sort_values(["store", "product"])
        truth = market.expected_units(last["price"].to_numpy(), np)
        plain = (last["promo"] == 0).to_numpy()
        sold += last["units"].to_numpy()[plain].sum()
        expected += truth[plain].sum()
    assert sold / expected == pytest.approx(1.0, abs=allowed)


@pytest.mark.parametrize(
    ("name", "variant", "stated"), [("loglog", "exogenous", 0.84), ("logit", "mild", 0.80), ("linear", None, 0.77)]
)
def test_holding_earns_the_known_share_of_the_oracle(name, variant, stated):
    markets = [make_market(name, variant, seed) for seed in range(12)]
    shares = [market.profit(market.hold) / market.profit(oracle_prices(market, starts=1)) for market in markets]
    assert np.mean(shares) == pytest.approx(stated, abs=0.03)


def test_true_elasticities_are_the_ones_drawn():
    elasticity = make_market("loglog", "exogenous", 0).own_elasticity()
    assert ((elasticity > -3.6) & (elasticity < -1.9)).all()


def test_a_market_without_a_variant_named_is_its_first():
    assert make_market("logit", None, 0).variant == "mild"


def test_an_unknown_market_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="loglog"):
        make_market("utopia", "exogenous", 0)
    with pytest.raises(ConfigError, match="little_variation"):
        make_market("loglog", "utopia", 0)


def test_a_market_on_real_paths_says_which_folder_it_needs(tmp_path):
    with pytest.raises(ConfigError, match=r"data\.folder=FOLDER"):
        make_market("nested", None, 0)
    with pytest.raises(ConfigError, match=r"lacks sales\.parquet and products\.csv"):
        make_market("nested", None, 0, str(tmp_path))
