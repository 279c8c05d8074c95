"""Random rule sets on random offers, priced as by a user: every answer passes the checker, every refusal explains."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml

import jointprice as library
from data_io.errors import InfeasibleError
from search.rules.catalogue import RULES

SMALL = ("experiment=quick", "ensemble.width=8", "training.epochs=1", "training.refit=false", "rules=none")
SEARCH = ("search.population=16", "search.evaluations=64", "search.generations=8", "search.starts=1", "search.steps=10")


QUERIES = (None, None, "category == 'category-1'", "store == 'store-01'", "product != 'product-02'")


def random_offers(offers: pd.DataFrame, draw: np.random.Generator) -> pd.DataFrame:
    """The offers with other prices, costs, stocks, bounds, competitors and attributes."""
    size = len(offers)
    current = (offers["current_price"] * draw.uniform(0.9, 1.1, size)).round(2)
    products = offers["product"].unique()
    attributes = pd.DataFrame(
        {
            "product": products,
            "family": draw.choice(["a", "b", ""], len(products)),
            "size_ml": draw.choice([250.0, 500.0, 1000.0, np.nan], len(products)),
            "label": draw.choice(["own", "brand"], len(products)),
        }
    )
    made = offers.assign(
        current_price=current,
        cost=(current * draw.uniform(0.3, 0.95, size)).round(2),
        stock=draw.choice([np.inf, 5.0, 50.0, 500.0], size),
        min_price=(current * draw.uniform(0.5, 1.0, size)).round(2),
        max_price=(current * draw.uniform(1.0, 1.5, size)).round(2),
        competitor_price=np.where(draw.random(size) < 0.5, np.nan, (current * draw.uniform(0.8, 1.2, size)).round(2)),
        advertised_min=np.where(draw.random(size) < 0.7, np.nan, (current * draw.uniform(0.8, 1.02, size)).round(2)),
    )
    return made.merge(attributes, on="product", how="left", validate="many_to_one")


def random_rules(draw: np.random.Generator) -> list[dict]:
    """One to six rules of any kind, hard or soft, in a random scope."""
    chosen = draw.choice(len(KINDS), int(draw.integers(1, 7)), replace=False)
    rules = [KINDS[number](draw) for number in chosen]
    for rule in rules:
        query = QUERIES[draw.integers(len(QUERIES))]
        if query is not None:
            rule["scope"] = query
        if rule["type"] in SOFT and rule.get("mode") != "cap_sales" and draw.random() < 0.4:
            weight = {"priority": int(draw.integers(1, 3))} if draw.random() < 0.7 else {"price_per_unit": 500.0}
            rule |= {"soft": True} | weight
    return rules


def _one(draw: np.random.Generator, *options):
    return options[draw.integers(len(options))]


KINDS = (
    lambda draw: {"type": "bounds"},
    lambda draw: {"type": "max_change", "percent": round(float(draw.uniform(0, 25)), 1)},
    lambda draw: {"type": "max_change", "amount": round(float(draw.uniform(0, 1)), 2)},
    lambda draw: {"type": "observed_range", "tolerance": _one(draw, 0, 0.05, 0.2)},
    lambda draw: {"type": "ladder", "step": _one(draw, 0.05, 0.1, 0.25), "every": bool(draw.random() < 0.2)},
    lambda draw: {"type": "ending", "cents": _one(draw, [9], [9, 5], [99, 49]), "every": bool(draw.random() < 0.2)},
    lambda draw: {"type": "unit_margin", "min": round(float(draw.uniform(0, 0.4)), 3)},
    lambda draw: {"type": "portfolio_margin", "min": round(float(draw.uniform(0, 0.5)), 3)},
    lambda draw: {"type": "price_index", "min": 0.97, "max": 1.03, "by": _one(draw, "category", "store")},
    lambda draw: {"type": "inventory", "mode": _one(draw, "cap_sales", "forbid")},
    lambda draw: {"type": "same_price", "by": "family"},
    lambda draw: {"type": "no_touch"},
    lambda draw: {"type": "competitor", "above_percent": 10, "below_percent": _one(draw, 5, 20)},
    lambda draw: {"type": "minimum_price", "column": "advertised_min"},
    lambda draw: {"type": "min_total", "of": _one(draw, "units", "revenue"), "share": _one(draw, 0.8, 0.95, 1.05)},
    lambda draw: {"type": "max_changes", "share": _one(draw, 0, 0.25, 0.5), "by": _one(draw, "store", "category")},
    lambda draw: {"type": "all_or_nothing", "by": _one(draw, "family", "store")},
    lambda draw: {"type": "order", "by": "size_ml", "per": _one(draw, "unit", None)},
    lambda draw: {"type": "order", "lower": "label == 'own'", "upper": "label == 'brand'", "gap_percent": 5},
)
SOFT = {"portfolio_margin", "price_index", "inventory", "min_total", "max_changes", "all_or_nothing", "order"}


@pytest.fixture(scope="module")
def fitted(market):
    """A model of two stores, too small to be worth anything."""
    few = ("store-01", "store-02")
    tables = {name: table[table["store"].isin(few)] for name, table in market.items() if "store" in table}
    return library.fit(**market | tables, overrides=SMALL)


def price(fitted, write_rules, seed: int, optimisers=("genetic", "gradient")) -> str:
    """How one random case ended; fails where it crashes or its prices break a hard rule."""
    draw = np.random.default_rng(seed)
    offers, rule_set = random_offers(fitted.offers, draw), random_rules(draw)
    scope = ("search.scope=product", "search.scope=store_product")[draw.integers(2)]
    overrides = [*SMALL, *SEARCH, scope, f"search.optimiser={optimisers[draw.integers(len(optimisers))]}"]
    overrides.append(write_rules(yaml.safe_dump(rule_set)))
    try:
        answer = library.optimise(fitted.ensemble, offers, overrides=overrides)
    except InfeasibleError as error:
        return error.status if str(error) else "refused without a reason"
    broken = library.check(answer, offers, overrides=overrides)
    assert [breach for breach in broken if not breach.held and not breach.soft] == [], (seed, rule_set)
    return "done"


def test_every_kind_of_rule_is_drawn():
    drawn = {kind(np.random.default_rng(0))["type"] for kind in KINDS}
    assert drawn == set(RULES)


def test_random_rule_sets_are_kept_or_refused_with_the_reason(fitted, rules):
    ended = [price(fitted, rules, seed, ("genetic", "gradient")) for seed in range(3)]
    assert set(ended) <= {"done", "infeasible", "not_found"}
    assert "done" in ended


@pytest.mark.nightly
@pytest.mark.parametrize("first", range(0, 1000, 50))
def test_a_thousand_random_rule_sets_are_kept_or_refused_with_the_reason(fitted, rules, first):
    ended = [price(fitted, rules, seed) for seed in range(first, first + 50)]
    assert set(ended) <= {"done", "infeasible", "not_found"}
