"""The flat range of a price: against every price tried alone, against the exact checker, and where there is none."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from search.checker import check
from search.evaluate import make_evaluator, sold_units
from search.flat_range import flat_range
from search.objective import net_price
from search.types import Objective

STORES = ("a", "b", "c")
SETS = np.repeat(np.arange(3), 4)  # every store is one
INDEX = {"type": "price_index", "min": 0.98, "max": 1.02, "by": "category"}
MARGIN = {"type": "portfolio_margin", "min": 0.39}
RISKY, WORST = Objective(risk=1.0, tax_rate=0.2), Objective(tax_rate=0.2, groups=(0, 0, 1, 1, 1))
TAIL = Objective(tax_rate=0.2, tail=0.5)


def _units(own, base, current, prices):
    """Elasticities with a cross effect of the mean price of the store; stores do not touch each other."""
    change = jnp.log(prices / current)
    level = change.reshape(*change.shape[:-1], 3, 4).mean(-1)
    return base * jnp.exp(-own * change + 0.6 * level[..., SETS])


@pytest.fixture(scope="module")
def chain(make_offers, make_problem):
    """``chain(rules, …)`` -> a problem of four products in three stores."""
    offers = make_offers([2.0, 3.5, 5.25, 4.0] * 3, stores=STORES)
    offers["zone"] = [*offers["product"][:8] + " near", *offers["product"][8:]]  # one price in the stores a and b
    own = 2 + np.random.default_rng(0).uniform(-0.5, 0.5, (5, 1, 12))
    arrays = (own, np.linspace(5, 40, 12), offers["current_price"].to_numpy())
    demand = jax.tree_util.Partial(_units, *(jnp.asarray(array, jnp.float32) for array in arrays))

    def make(rules=(), **options):
        return make_problem(offers, [{"type": "max_change", "percent": 15}, *rules], demand=demand, **options)

    return make


def _good_answer(problem) -> np.ndarray:
    """[D] rungs of the best of some candidates around the current prices."""
    steps = np.random.default_rng(1).integers(-10, 11, (256, len(problem.rungs)))
    rungs = np.clip(problem.start + steps, 0, problem.rungs - 1).astype(np.int32)
    value, violation = make_evaluator(problem).fitness(rungs)
    row = np.lexsort((-value, violation))[0]
    assert violation[row] <= 0
    return rungs[row]


def _every_price_alone(problem, answer) -> tuple[np.ndarray, np.ndarray]:
    """The ranges by trying every rung of every decision as a candidate of its own."""
    decision, rung = np.nonzero(np.arange(problem.ladder.shape[1]) < problem.rungs[:, None])
    trials = np.repeat(answer[None], len(decision), axis=0)
    trials[np.arange(len(decision)), decision] = rung
    value, violation = make_evaluator(problem).fitness(trials)
    prices, objective = problem.prices(answer), problem.objective
    margin = net_price(prices, objective.tax_rate, objective.fee_rate) - problem.offers["cost"].to_numpy()
    profit = sold_units(problem, prices[None]).mean(0)[0] * margin
    ends = np.full((2, len(prices)), np.nan)
    for number, at in enumerate(answer):
        offers, mine = problem.decision == number, decision == number
        whole = profit[np.isin(SETS, SETS[offers])].sum()
        steep = np.flatnonzero((value[mine] < value[mine][at] - 0.005 * whole) | (violation[mine] > 0))
        first = steep[steep < at].max(initial=-1) + 1
        last = steep[steep > at].min(initial=problem.rungs[number]) - 1
        ends[:, offers] = problem.ladder[number, [first, last]][:, None]
    return tuple(ends)


@pytest.mark.parametrize(
    ("scope", "rules", "objective"),
    [
        ("product", [], RISKY),
        ("product", [INDEX], RISKY),
        ("store_product", [], WORST),
        ("store_product", [], TAIL),
        ("store_product", [INDEX], RISKY),
        ("store_product", [MARGIN], RISKY),
        ("zone", [], RISKY),
    ],
)
def test_the_range_is_what_trying_every_price_alone_finds(chain, scope, rules, objective):
    problem = chain(rules, scope=scope, objective=objective)
    answer = _good_answer(problem)
    low, high = flat_range(problem, problem.prices(answer), SETS)
    np.testing.assert_allclose((low, high), _every_price_alone(problem, answer))
    assert (low < high).all()


def test_every_price_of_a_range_passes_the_exact_checker(chain, make_answer):
    rules = [{"type": "max_change", "percent": 15}, INDEX, MARGIN]
    problem = chain(rules[1:], scope="store_product", objective=RISKY)
    prices = problem.prices(_good_answer(problem))
    for end in flat_range(problem, prices, SETS, share=0.05):
        for row in range(len(prices)):
            moved = np.where(np.arange(len(prices)) == row, end, prices)
            found = check(make_answer(problem, moved), problem.offers, rules, scope="store_product", tax_rate=0.2)
            assert found == []


def test_a_wider_share_gives_wider_ranges_and_none_gives_only_what_costs_nothing(chain):
    problem = chain(scope="store_product")
    prices = problem.prices(_good_answer(problem))
    widths = [np.subtract(*flat_range(problem, prices, SETS, share=share)[::-1]) for share in (0.0, 0.005, 0.02)]
    assert (widths[0] <= widths[1]).all()
    assert (widths[1] <= widths[2]).all()
    assert widths[0].sum() < widths[1].sum() < widths[2].sum()


def test_the_ends_of_the_ladder_end_the_range(chain):
    problem = chain()
    low, high = flat_range(problem, problem.current, SETS, share=10.0)
    assert (low == problem.ladder[problem.decision, 0]).all()
    assert (high == problem.ladder[problem.decision, -1]).all()


def test_around_prices_that_break_a_joint_rule_only_those_that_keep_it_are_flat(chain):
    problem = chain([INDEX | {"min": 1.01}], scope="store_product")
    ends = flat_range(problem, problem.current, SETS, share=10.0)
    assert (np.array(ends) == problem.current).all()  # a cent on one price mends no index


def test_held_offers_have_no_range(chain):
    held = np.arange(12) % 4 == 1
    problem = chain(held=held)
    low, high = flat_range(problem, problem.current, SETS)
    assert (np.isnan(low) == held).all()
    assert (np.isnan(high) == held).all()
    nothing = chain(held=np.ones(12, bool))
    assert np.isnan(flat_range(nothing, nothing.current, SETS)).all()


def test_where_the_offers_lose_money_nothing_more_may_be_lost(chain, make_problem):
    problem = chain(scope="store_product")
    dear = problem.offers.assign(cost=problem.offers["cost"] * 10)
    problem = make_problem(dear, [{"type": "max_change", "percent": 15}], demand=problem.demand, scope="store_product")
    low, high = flat_range(problem, problem.current, SETS)
    assert (low == problem.current).all()  # selling more only loses more
    assert (high > problem.current).any()
