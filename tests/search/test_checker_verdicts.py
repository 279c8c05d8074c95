"""The checker's verdicts on single offers: on both sides of every edge, who breaks what by how much, in what words."""

from __future__ import annotations

import numpy as np
import pytest

NAN, INF = np.nan, np.inf
HELD = ["priced", "held", "priced", "priced"]
S0_HELD = ["held", "held", "priced", "priced"]
CASES = {
    "bounds": (
        {"type": "bounds"},
        {"min_price": [2.0, 3.01, NAN, NAN], "max_price": [2.0, NAN, 3.98, 5.0], "status": HELD},
        [
            ("p1", 0.01, "price 3.0 is below min_price 3.01", "held"),
            ("p2", 0.02, "price 4.0 is above max_price 3.98"),
        ],
    ),
    "max_change percent": (
        {"type": "max_change", "percent": 10},
        {"price": [2.2, 3.31, 3.6, 4.49]},
        [
            ("p1", 0.31, "price 3.31 changes 3.0 by more than 10.0 %"),
            ("p3", 0.51, "price 4.49 changes 5.0 by more than 10.0 %"),
        ],
    ),
    "max_change percent, close to it": (
        {"type": "max_change", "percent": 10},
        {"current_price": 100.0, "price": [109.95, 110.01, 90.05, 100.0]},
        [("p1", 10.01, "price 110.01 changes 100.0 by more than 10.0 %")],
    ),
    "max_change amount": (
        {"type": "max_change", "amount": 0.3},
        {"price": [2.3, 3.31, 3.7, 5.0]},
        [("p1", 0.01, "price 3.31 changes 3.0 by more than 0.3")],
    ),
    "observed_range": (
        {"type": "observed_range"},
        {"price": [2.5, 2.5, 4.5, 5.5], "observed_min": [2.5, 2.6, NAN, 1.0], "observed_max": [9.0, 9.0, 9.0, 5.5]},
        [
            ("p1", 0.1, "price 2.5 is outside the observed 2.6 to 9.0"),
            ("p2", 0.5, "price 4.5 was changed though no price was observed"),
        ],
    ),
    "observed_range with a tolerance": (
        {"type": "observed_range", "tolerance": 0.1},
        {"price": [1.8, 2.69, 4.4, 5.51], "observed_min": [2.0, 3.0, 4.0, 5.0], "observed_max": [2.0, 3.0, 4.0, 5.0]},
        [
            ("p1", 0.01, "price 2.69 is outside the observed 3.0 to 3.0"),
            ("p3", 0.01, "price 5.51 is outside the observed 5.0 to 5.0"),
        ],
    ),
    "ladder by steps": (
        {"type": "ladder", "step": 0.6},
        {"price": [2.4, 3.5, 4.0, 5.0]},
        [("p1", 1.0, "price 3.5 is not on the ladder")],
    ),
    "ladder from a price": (
        {"type": "ladder", "step": 0.6, "from": 0.2},
        {"price": [2.6, 3.4, 4.0, 5.0]},
        [("p1", 1.0, "price 3.4 is not on the ladder")],
    ),
    "ladder of prices": (
        {"type": "ladder", "prices": [2.6, 3.4]},
        {"price": [2.6, 3.5, 4.0, 5.0]},
        [("p1", 1.0, "price 3.5 is not on the ladder")],
    ),
    "ladder for every price": (
        {"type": "ladder", "step": 0.75, "every": True},
        {"price": [2.25, 3.0, 4.0, 5.0], "status": ["priced", "priced", "priced", "held"]},
        [("p2", 1.0, "price 4.0 is not on the ladder")],
    ),
    "ending": (
        {"type": "ending", "cents": [9, 5]},
        {"price": [2.09, 3.01, 4.0, 5.05]},
        [("p1", 1.0, "price 3.01 does not end in 9 or 5")],
    ),
    "ending in two digits": (
        {"type": "ending", "cents": [10]},
        {"price": [2.1, 3.2, 14.1, 5.0]},
        [("p1", 1.0, "price 3.2 does not end in 10")],
    ),
    "ending for every price": (
        {"type": "ending", "cents": 0, "every": True},
        {"current_price": [2.0, 3.05, 4.0, 5.05], "price": [2.1, 3.05, 4.0, 5.05], "status": HELD},
        [("p3", 1.0, "price 5.05 does not end in 0")],
    ),
    "unit_margin": (
        {"type": "unit_margin", "min": 0.25},
        {"cost": [NAN, 2.25, 3.01, 3.75], "status": S0_HELD},
        [
            ("p0", NAN, "the cost is unknown, so the margin cannot be checked", "held"),
            ("p2", 0.01, "price 4.0 leaves less than 0.25 margin over cost 3.01"),
        ],
    ),
    "inventory": (
        {"type": "inventory"},
        {"stock": [10.0, 19.5, INF, 1.0], "units": [10.0, 20.0, 5.0, NAN]},
        [("p1", 0.5, "expected units 20.0 exceed the stock of 19.5")],
    ),
    "inventory with a service level": (
        {"type": "inventory", "service_level": 90},
        {
            "stock": [10.0, 19.5, 3.0, INF],
            "units": [5.1, 10.07275, 1.6, 9.0],
            "dispersion": [0.3, 0.3, 0.05, 0.3],
            "status": ["priced", "priced", "held", "priced"],
        },
        [
            (
                "p0",
                0.0114961524553780,
                "expected units 5.1 of a stock of 10.0 are more than the 5.088504 at which it lasts with a chance of "
                "90.0 %",
            ),
            (
                "p1",
                2.2694226895e-5,
                "expected units 10.07275 of a stock of 19.5 are more than the 10.072727 at which it lasts with a "
                "chance of 90.0 %",
            ),
            (
                "p2",
                0.056403470958959,
                "expected units 1.6 of a stock of 3.0 are more than the 1.543597 at which it lasts with a chance of "
                "90.0 %",
                "held",
            ),
        ],
    ),
    "inventory with a service level that cannot be told of the first": (
        {"type": "inventory", "service_level": 90},
        {"stock": [10.0, 10.0, INF, INF], "units": [NAN, 5.1, 5.0, 8.0], "dispersion": 0.3},
        [
            (
                "p1",
                0.0114961524553780,
                "expected units 5.1 of a stock of 10.0 are more than the 5.088504 at which it lasts with a chance of "
                "90.0 %",
            )
        ],
    ),
    "inventory without a service level where it could be told": (
        {"type": "inventory"},
        {"stock": [10.0, 10.0, INF, INF], "units": [10.0, 10.5, 5.0, 8.0], "dispersion": 0.3},
        [("p1", 0.5, "expected units 10.5 exceed the stock of 10.0")],
    ),
    "inventory with a service level that cannot be told": (
        {"type": "inventory", "service_level": 90},
        {"stock": [10.0, 19.5, 3.0, 4.0], "units": [10.0, NAN, 3.5, 4.0], "dispersion": [NAN, 0.3, NAN, NAN]},
        [("p2", 0.5, "expected units 3.5 exceed the stock of 3.0")],
    ),
    "no_touch": (
        {"type": "no_touch"},
        {"price": [2.0, 3.0, 4.0, 5.5]},
        [("p3", 0.5, "price 5.5 was changed from 5.0")],
    ),
    "competitor by percents": (
        {"type": "competitor", "above_percent": 10, "below_percent": 20},
        {"price": [2.2, 2.21, 1.6, 1.59], "competitor_price": 2.0},
        [
            ("p1", 0.01, "price 2.21 is too far above the competitor's 2.0"),
            ("p3", 0.01, "price 1.59 is too far below the competitor's 2.0"),
        ],
    ),
    "competitor by amounts": (
        {"type": "competitor", "above": 0.3},
        {"price": [2.3, 2.32, 0.1, 99.0], "competitor_price": [2.0, 2.0, 2.0, NAN]},
        [("p1", 0.02, "price 2.32 is too far above the competitor's 2.0")],
    ),
    "competitor on the other side": (
        {"type": "competitor", "below": -0.3},
        {"price": [2.3, 2.28, 9.9, 0.1], "competitor_price": [2.0, 2.0, 2.0, NAN]},
        [("p1", 0.02, "price 2.28 is too far below the competitor's 2.0")],
    ),
    "minimum_price": (
        {"type": "minimum_price", "column": "floor"},
        {"floor": [2.0, 3.02, NAN, 1.0]},
        [("p1", 0.02, "price 3.0 is below the floor of 3.02")],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_verdict_names_who_breaks_the_rule_by_how_much_and_says_it_in_words(case, verdict):
    rule, columns, expected = CASES[case]
    assert verdict(rule, columns) == expected


def test_unit_margins_are_net_of_tax_and_fee_to_the_last_cent(verdict):
    columns = {"cost": [1.08, 1.63, 2.16, 2.71]}
    said = verdict({"type": "unit_margin", "min": 0.25}, columns, tax_rate=0.25, fee_rate=0.1)
    assert [(product, text) for product, _, text in said] == [
        ("p1", "price 3.0 leaves less than 0.25 margin over cost 1.63"),
        ("p3", "price 5.0 leaves less than 0.25 margin over cost 2.71"),
    ]
