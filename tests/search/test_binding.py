"""Which rules bind at an answer."""

from __future__ import annotations

import numpy as np

from search.binding import binding_rules


def _binding(problem, prices):
    ones = np.ones(len(prices))
    return binding_rules(problem, np.asarray(prices, np.float64), ones, ones)


def test_the_rule_that_ends_the_ladder_binds_on_that_side_only(make_offers, make_problem):
    offers = make_offers([2.0, 2.0, 2.0, 2.0], min_price=1.95, max_price=9.0)
    problem = make_problem(offers, [{"type": "bounds"}, {"type": "max_change", "percent": 10}])
    assert _binding(problem, [1.95, 2.20, 2.0, 2.19]) == ["bounds", "max_change", "", ""]


def test_both_rules_bind_where_both_end_before_the_next_price(make_offers, make_problem):
    offers = make_offers([2.0], max_price=[2.15])
    rules = [{"type": "bounds"}, {"type": "max_change", "percent": 9}, {"type": "ending", "cents": [9]}]
    assert _binding(make_problem(offers, rules), [2.09]) == ["bounds;max_change"]


def test_a_rule_of_one_store_binds_the_price_that_all_stores_share(make_offers, make_problem):
    offers = make_offers([2.0, 2.0], stores=("a",)).assign(product="p0", store=["a", "b"], max_price=[2.1, 9.0])
    problem = make_problem(offers, [{"type": "bounds"}])
    assert _binding(problem, [2.1, 2.1]) == ["bounds", "bounds"]


def test_a_joint_rule_binds_the_priced_offers_of_a_group_at_its_edge(make_offers, make_problem):
    offers = make_offers([2.0, 3.0, 2.0, 3.0])
    rules = [{"type": "price_index", "max": 1.05, "by": "category"}]
    problem = make_problem(offers, rules, held=np.array([False, False, True, False]))
    assert _binding(problem, [2.2, 3.0, 2.0, 3.0]) == ["price_index", "", "", ""]
