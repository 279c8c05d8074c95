"""The checker's verdicts between offers: on both sides of every edge, who breaks what by how much, in what words."""

from __future__ import annotations

import numpy as np
import pytest

NAN, INF = np.nan, np.inf
HELD = ["priced", "held", "priced", "priced"]
S0_HELD = ["held", "held", "priced", "priced"]
CASES = {
    "a pool's stock": (
        {"type": "inventory", "mode": "forbid", "by": ["warehouse"]},
        {"warehouse": ["n", "n", "m", "m"], "stock": [29.5, 29.5, 13.0, 13.0]},
        [("", 0.5, "expected units 30.0 of n exceed their stock of 29.5")],
    ),
    "a pool without end": (
        {"type": "inventory", "mode": "forbid", "by": ["warehouse"]},
        {"warehouse": ["n", "n", "n", "m"], "stock": [31.0, 29.5, INF, INF]},
        [("", 5.5, "expected units 35.0 of n exceed their stock of 29.5")],
    ),
    "a pool of unknown units": (
        {"type": "inventory", "mode": "forbid", "by": ["warehouse"]},
        {"warehouse": ["n", "n", "m", "m"], "stock": 12.5, "units": [10.0, NAN, 5.0, 8.0]},
        [
            ("", 0.5, "expected units 13.0 of m exceed their stock of 12.5"),
            ("", NAN, "the stock of n cannot be checked, some units are unknown"),
        ],
    ),
    "a held pool": (
        {"type": "inventory", "mode": "forbid", "by": ["warehouse"]},
        {"warehouse": ["n", "n", "m", "m"], "stock": 20.0, "status": S0_HELD},
        [("", 10.0, "expected units 30.0 of n exceed their stock of 20.0", "held")],
    ),
    "portfolio_margin": (
        {"type": "portfolio_margin", "min": 0.5, "scope": "store == 's0'"},
        {"cost": [1.0, 1.6, 9.0, 9.0], "status": S0_HELD},
        [("", 0.025, "margin 0.475000 is below 0.5", "held")],
    ),
    "portfolio_margin at its edge": (
        {"type": "portfolio_margin", "min": 0.5},
        {"cost": [1.0, 1.5, 2.0, 2.5]},
        [],
    ),
    "portfolio_margin of unknown costs": (
        {"type": "portfolio_margin", "min": 0.5, "scope": "store == 's0'"},
        {"cost": [NAN, 1.5, 2.0, 2.5], "status": S0_HELD},
        [("", NAN, "some costs or units are unknown, it cannot be checked", "held")],
    ),
    "portfolio_margin without the sales of a held offer": (
        {"type": "portfolio_margin", "min": 0.5},
        {"cost": [2.9, 1.5, 2.0, 2.5], "units": [NAN, 20.0, 5.0, 8.0], "status": S0_HELD},
        [],
    ),
    "price_index": (
        {"type": "price_index", "min": 0.95, "max": 1.05, "by": "store"},
        {"price": [2.4, 3.0, 4.1, 4.5], "status": S0_HELD, "current_price": [2.4, 3.0, 4.0, 5.0]},
        [("", 0.0083333333333, "index of s1 is 0.941667, below 0.95")],
    ),
    "price_index, unknown in one group and too high in the next": (
        {"type": "price_index", "max": 1.05, "by": ["store", "category"]},
        {"price": [2.0, 3.3, 4.2, 5.0], "units_current": [NAN, 20.0, 5.0, 0.0]},
        [
            ("", NAN, "index of s0, c cannot be checked, some units_current are unknown"),
            ("", 0.05, "index of s0, d is 1.100000, above 1.05"),
        ],
    ),
    "price_index of all": (
        {"type": "price_index", "min": 1.0},
        {"price": [1.9, 3.0, 4.0, 5.0]},
        [("", 1 / 140, "index is 0.992857, below 1.0")],
    ),
    "price_index at its edges": (
        {"type": "price_index", "min": 1.0, "max": 1.0},
        {},
        [],
    ),
    "price_index of held offers": (
        {"type": "price_index", "min": 1.01, "max": 0.99, "by": "store"},
        {"status": S0_HELD, "units_current": [10.0, 20.0, NAN, 8.0]},
        [
            ("", 0.01, "index of s0 is 1.000000, above 0.99", "held"),
            ("", 0.01, "index of s0 is 1.000000, below 1.01", "held"),
            ("", NAN, "index of s1 cannot be checked, some units_current are unknown"),
        ],
    ),
    "same_price": (
        {"type": "same_price", "by": ["category"]},
        {"price": [2.5, 3.0, 4.0, 3.0]},
        [("", 1.5, "c has several prices, from 2.5 to 4.0")],
    ),
    "max_changes by share": (
        {"type": "max_changes", "share": 0.5, "by": "store"},
        {"price": [2.5, 3.0, 4.5, 5.5]},
        [("", 1.0, "2 of 2 prices of s1 change, more than 1.0")],
    ),
    "max_changes by count": (
        {"type": "max_changes", "share": 1, "count": 1},
        {"price": [2.5, 3.0, 4.5, 5.5]},
        [("", 2.0, "3 of 4 prices change, more than 1.0")],
    ),
    "all_or_nothing of most": (
        {"type": "all_or_nothing"},
        {"price": [2.5, 3.0, 4.5, 5.5]},
        [("", 0.25, "3 of 4 prices change, neither all nor none")],
    ),
    "all_or_nothing": (
        {"type": "all_or_nothing", "by": "store"},
        {"price": [2.5, 3.0, 4.5, 5.5]},
        [("", 0.5, "1 of 2 prices of s0 change, neither all nor none")],
    ),
    "all_or_nothing of all that are priced": (
        {"type": "all_or_nothing"},
        {"price": [2.0, 3.0, 4.0, 5.5], "status": HELD},
        [("", 1 / 3, "1 of 3 prices change, neither all nor none")],
    ),
    "all_or_nothing when nothing changes": ({"type": "all_or_nothing", "by": "category"}, {}, []),
    "order by size": (
        {"type": "order", "by": "size"},
        {"size": [2.0, 1.0, 1.0, 1.0], "price": [2.0, 3.0, 4.0, 5.0], "status": "held"},
        [],
    ),
    "order by size, the larger one dearer": (
        {"type": "order", "by": "size"},
        {"size": [1.0, 2.0, NAN, 2.0], "status": HELD},
        [("p0", 0.5, "price 3.0 of p1 is too high beside 2.0 of p0")],
    ),
    "order by size, not decreasing": (
        {"type": "order", "by": "size", "direction": "not_decreasing"},
        {"size": [2.0, 1.0, 1.0, 2.0], "status": ["priced", "priced", "held", "held"]},
        [("p1", 0.5, "price 3.0 of p1 is too high beside 2.0 of p0")],
    ),
    "order by size, not decreasing and both held": (
        {"type": "order", "by": "size", "direction": "not_decreasing"},
        {"size": [2.0, 1.0, 1.0, 2.0], "status": "held"},
        [("p0", 0.5, "price 3.0 of p1 is too high beside 2.0 of p0", "held")],
    ),
    "order of unit prices with a gap at its edge": (
        {"type": "order", "by": "size", "per": "unit", "gap": 0.25, "gap_percent": 10},
        {"size": [1.0, 4.0, 2.0, 8.0], "price": [2.0, 6.2, 5.0, 16.01], "current_price": [2.0, 6.2, 5.0, 16.01]},
        [("p3", 0.02 / 36, "price 16.01 of p3 is too high beside 5.0 of p2")],
    ),
    "order of prices with a gap at its edge": (
        {"type": "order", "by": "size", "gap": 0.2, "gap_percent": 10},
        {"size": [1.0, 2.0, 1.0, 2.0], "price": [2.0, 1.6, 5.0, 4.31]},
        [("p3", 0.01 / 4.5, "price 4.31 of p3 is too high beside 5.0 of p2")],
    ),
    "order without sizes": ({"type": "order", "by": "size"}, {"size": NAN}, []),
    "order within categories": ({"type": "order", "by": "size", "within": "category"}, {"size": [1, 2, 1, 2]}, []),
    "order of chosen offers": (
        {"type": "order", "lower": "category == 'd'", "upper": "category in ['c', 'd']", "gap": 1},
        {"price": [2.0, 1.01, 4.0, 3.0]},
        [("p1", 0.005, "price 1.01 of p1 is too high beside 2.0 of p0")],
    ),
    "order within blank values": (
        {"type": "order", "by": "size", "within": "brand"},
        {"size": [1.0, 2.0, 1.0, 2.0], "brand": ["x", "x", None, None]},
        [("p1", 0.5, "price 3.0 of p1 is too high beside 2.0 of p0")],
    ),
    "min_total of units": (
        {"type": "min_total", "of": "units", "min": 13, "by": "store"},
        {"units": [10.0, 3.0, 5.0, 7.97], "status": HELD},
        [("", 0.03 / 13, "total units of s1 of 12.97 is below 13")],
    ),
    "min_total of units, less than one": (
        {"type": "min_total", "of": "units", "min": 0.5, "share": 0.01},
        {"units": [0.2, 0.0, 0.2, NAN], "status": ["priced", "priced", "priced", "held"]},
        [("", 0.2, "total units of 0.4 is below 0.5")],
    ),
    "min_total of few units that are enough": (
        {"type": "min_total", "of": "units", "min": 0.5},
        {"units": [0.3, 0.0, 0.2, 0.0]},
        [],
    ),
    "min_total, unknown in one group and too low in the next": (
        {"type": "min_total", "of": "revenue", "share": 0.5, "by": "store"},
        {"units": [NAN, 20.0, 5.0, 1.0], "status": ["priced", "held", "held", "held"]},
        [
            ("", NAN, "total revenue of s0 cannot be checked, some units are unknown"),
            ("", 1 / 6, "total revenue of s1 of 25 is below 30", "held"),
        ],
    ),
    "min_total, unknown before": (
        {"type": "min_total", "of": "units", "share": 0.5},
        {"units_current": [NAN, 20.0, 5.0, 1.0]},
        [("", NAN, "total units cannot be checked, some units are unknown")],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_verdict_names_who_breaks_the_rule_by_how_much_and_says_it_in_words(case, verdict):
    rule, columns, expected = CASES[case]
    assert verdict(rule, columns) == expected


@pytest.mark.parametrize(
    ("rule", "columns", "expected"),
    [
        ({"type": "portfolio_margin", "min": 0.25}, {"cost": [1.08, 1.62, 2.16, 2.7]}, []),
        (
            {"type": "portfolio_margin", "min": 0.25},
            {"cost": [1.08, 1.62, 2.16, 2.71]},
            ["margin 0.249206 is below 0.25"],
        ),
        ({"type": "min_total", "of": "revenue", "min": 112}, {}, []),
        ({"type": "min_total", "of": "revenue", "min": 112.08}, {}, ["total revenue of 140 is below 140.1"]),
        ({"type": "min_total", "of": "units", "min": 43}, {}, []),
        ({"type": "min_total", "of": "units", "min": 43.1}, {}, ["total units of 43 is below 43.1"]),
        ({"type": "min_total", "of": "revenue", "share": 1}, {}, []),
    ],
)
def test_totals_are_net_of_tax_and_fee_to_the_last_cent(rule, columns, expected, verdict):
    assert [text for _, _, text in verdict(rule, columns, tax_rate=0.25, fee_rate=0.1)] == expected
