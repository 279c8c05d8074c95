"""A stock that several offers share: kept by the search, near the best of all vectors, judged exactly."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest

from data_io.errors import ConfigError
from search.checker import check
from search.evaluate import make_evaluator, sold_units
from search.genetic import optimise as genetic

POOLED = {"type": "inventory", "mode": "forbid", "by": ["warehouse"]}
HOUSES = ["north", "north", "north", "south", "south", "south"]


@pytest.mark.parametrize(("seed", "tight"), [(0, 0.95), (3, 0.9)])
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


def test_a_shared_stock_is_kept_by_forbidding_only(make_offers, make_problem):
    with pytest.raises(ConfigError, match="mode: forbid"):
        make_problem(make_offers([2.0, 3.0], warehouse="north"), [POOLED | {"mode": "cap_sales"}])
