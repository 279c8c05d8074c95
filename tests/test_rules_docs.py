"""docs/rules.md keeps its word: every rule has an example, and the checker says of a breach what the page says."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from search.checker import check
from search.rules.catalogue import RULES, build_rules

PAGE = (Path(__file__).parents[1] / "docs" / "rules.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```\n```text\n(.*?)\n^```$", PAGE, re.DOTALL | re.MULTILINE)
UNCHANGED = {"all_or_nothing": "p1"}  # products that keep their price, where that breaks the rule


@pytest.fixture
def offers():
    """Two products in one store."""
    return pd.DataFrame(
        {
            "product": ["p0", "p1"],
            "store": "all",
            "category": "c",
            "current_price": [2.0, 3.0],
            "cost": [1.0, 1.5],
            "stock": [8.0, np.inf],
            "min_price": [1.0, 1.0],
            "max_price": [2.4, 9.0],
            "observed_min": [1.8, 2.5],
            "observed_max": [2.2, 3.5],
            "competitor_price": [2.1, np.nan],
            "advertised_min": [2.6, np.nan],
            "family": "x",
            "label": ["own", "brand"],
        }
    )


def test_every_rule_has_one_example():
    assert sorted(yaml.safe_load(rules)[0]["type"] for rules, _ in EXAMPLES) == sorted(RULES)


@pytest.mark.parametrize(("rules", "said"), EXAMPLES, ids=[yaml.safe_load(rules)[0]["type"] for rules, _ in EXAMPLES])
def test_the_checker_says_of_a_breach_what_the_page_says(rules, said, offers):
    (rule,) = yaml.safe_load(rules)
    build_rules([rule])
    price = np.where(offers["product"] == UNCHANGED.get(rule["type"]), offers["current_price"], [2.5, 3.1])
    answer = offers[["product", "store"]].assign(price=price, units=10.0, units_current=11.0, status="priced")
    assert said in [breach.text for breach in check(answer, offers, [rule], scope="store_product")]
