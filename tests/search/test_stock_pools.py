"""A stock that several offers share: kept by the search, near the best of all vectors, judged exactly."""

import itertools

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from data_io.errors import ConfigError
from search.checker import check
from search.evaluate import make_evaluator, sold_units
from search.genetic import optimise as genetic
from search.rules.catalogue import build_rules
from search.stock import shelf_of

POOLED = {"type": "inventory", "mode": "forbid", "by": ["warehouse"]}
CAPPED = {"type": "inventory", "by": ["warehouse"]}
HOUSES = ["north", "north", "north", "south", "south", "south"]


@pytest.mark.parametrize(("seed", "tight"), [pytest.param(0, 0.95, marks=pytest.mark.nightly), (3, 0.9)])
def test_prices_under_shared_stocks_are_within_half_a_per_cent_of_the_best_of_all_vectors(
    make_offers, make_problem, indexed, make_answer, seed, tight
):
    draw = np.random.default_rng(seed)
    offers = make_offers(draw.uniform(3, 9, 6).round(2), warehouse=HOUSES)
    ladder = {"type": "ladder", "prices": sorted({round(float(p), 2) for p in draw.uniform(2.5, 10, 24)})}
    spread = {"type": "max_change", "percent": 22}
    demand = indexed(offers, seed)
    holding = np.asarray(demand(jnp.asarray(offers["current_price"].to_numpy()[None], jnp.float32))).mean(0)[0]
    stock = offers.assign(units=holding).groupby("warehouse")["units"].transform("sum") * tight
    offers = offers.assign(stock=stock.round())
    problem = make_problem(offers, [POOLED, ladder, spread], demand=demand, scope="store_product")
    evaluator = make_evaluator(problem, block=512)
    every = np.array(list(itertools.product(*map(range, problem.rungs))), np.int32)
    value, violation = evaluator.fitness(every)
    best = value[violation == 0].max()

    found = genetic(problem, seed=seed)
    assert found.status == "done"
    assert found.value <= best + 1e-3 * abs(best)
    turnover = float(sold_units(problem, problem.current[None]).mean(0)[0] @ problem.current)
    assert found.value >= best - 0.005 * max(abs(best), 0.01 * turnover)
    rules = [POOLED, ladder, spread]
    assert check(make_answer(problem, found.prices), offers, rules, scope="store_product") == []


def test_offers_of_one_pool_that_name_two_stocks_are_refused(make_offers, make_problem):
    offers = make_offers([2.0, 3.0], warehouse="north", stock=[5.0, 6.0])
    with pytest.raises(ConfigError, match=r"p0 \(all\) and p1 \(all\) share one stock, but name 5 and 6"):
        make_evaluator(make_problem(offers, [POOLED]))


@pytest.mark.parametrize("common", [0.0, 0.6, 1.0])
def test_sales_from_a_shared_stock_are_those_of_draws_with_noise_in_common(common):
    mean, phi, draws = np.array([6.0, 3.0, 12.0]), np.array([0.3, 0.5, 0.2]), 400_000
    draw = np.random.default_rng(4)
    shared = draw.standard_normal((draws, 1)) * np.sqrt(common) + draw.standard_normal((draws, 3)) * np.sqrt(1 - common)
    spread = np.log1p(phi)
    counts = draw.poisson(mean * np.exp(np.sqrt(spread) * shared - spread / 2))  # Var = μ + φ μ²
    for stock in (4.0, 12.0, 21.0, 40.0):
        offers = pd.DataFrame({"product": ["a", "b", "c"], "store": "s", "warehouse": "n", "stock": stock})
        offers = offers.assign(dispersion=phi, common_noise=common, usual_units=mean)
        sold = shelf_of(build_rules([CAPPED]), offers).served(mean)
        np.testing.assert_allclose(sold.sum(), np.minimum(counts.sum(1), stock).mean(), rtol=0.02)
        np.testing.assert_allclose(sold / sold.sum(), mean / mean.sum())


def test_a_pool_of_one_offer_sells_as_its_own_stock_does():
    offers = pd.DataFrame({"product": ["a", "b"], "store": "s", "warehouse": ["n", "m"], "stock": [4.0, 9.0]})
    offers, demand = offers.assign(dispersion=0.3), np.array([[5.0, 7.0], [0.0, 90.0]])
    pooled, own = (shelf_of(build_rules([rule]), offers) for rule in (CAPPED, {"type": "inventory"}))
    np.testing.assert_allclose(pooled.served(demand), own.served(demand))


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.nightly)])
def test_prices_that_sell_from_shared_stocks_are_within_half_a_per_cent_of_the_best_of_all_vectors(
    make_offers, make_problem, indexed, make_answer, seed
):
    draw = np.random.default_rng(seed)
    offers = make_offers(draw.uniform(3, 9, 6).round(2), warehouse=HOUSES, dispersion=0.2, common_noise=0.5)
    demand = indexed(offers, seed)
    holding = np.asarray(demand(jnp.asarray(offers["current_price"].to_numpy()[None], jnp.float32))).mean(0)[0]
    stock = offers.assign(units=holding).groupby("warehouse")["units"].transform("sum") * 0.8
    offers = offers.assign(stock=stock.round(), usual_units=holding)
    rules = [CAPPED, {"type": "max_change", "percent": 22}]
    rules.append({"type": "ladder", "prices": sorted({round(float(p), 2) for p in draw.uniform(2.5, 10, 24)})})
    problem = make_problem(offers, rules, demand=demand, scope="store_product")
    every = np.array(list(itertools.product(*map(range, problem.rungs))), np.int32)
    best = make_evaluator(problem, block=512).fitness(every)[0].max()
    found = genetic(problem, seed=seed)
    assert best > 0
    assert 0.995 * best <= found.value <= 1.001 * best
    assert check(make_answer(problem, found.prices), offers, rules, scope="store_product") == []


def test_an_offer_in_two_pools_is_refused(make_offers, make_problem):
    offers = make_offers([2.0, 3.0], warehouse="north", region="east", stock=5.0)
    rules = [CAPPED, {"type": "inventory", "by": ["region"]}]
    with pytest.raises(ConfigError, match=r"p0 \(all\) is in the pools of two inventory rules"):
        make_evaluator(make_problem(offers, rules))
