"""What the rules cost, for summary.json and as a table of how they moved each price. Not for the searching."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from jointprice.pricing import Pricing
from jointprice.schema import Config
from search.binding import joint_excess
from search.rule_costs import RuleCosts, rule_costs
from search.rules.base import TIGHTENING, JointRule, Rule
from search.rules.order import Order
from search.types import PricingProblem, Solution

WITHOUT = "without_rules"
SETTINGS = ("population", "steps", "learning_rate", "block", "crossover", "mutation", "tournament", "elite")


def costs_of(config: Config, problem: PricingProblem, solution: Solution) -> RuleCosts | None:
    """None where nothing was decided or no rule asks for anything, or search.rule_costs is off."""
    if not config.search.rule_costs or not problem.rules or not len(problem.rungs):
        return None
    settings = {name: getattr(config.search, name) for name in SETTINGS}
    where = {"scope": config.search.scope, "max_rungs": config.search.max_rungs}
    return rule_costs(problem, solution.prices, seed=config.seed, **where, **settings)


def of_rule(rule: Rule, number: int, costs: RuleCosts | None) -> dict[str, Any]:
    """The rule's keys in summary.json; number: its place among the rules. All None where nothing was measured."""
    point = costs.multiplier.get(rule.name) if costs else None
    return {
        "cost": costs.cost[rule.name] if costs else None,
        "multiplier": point,
        "multiplier_per": rule.point if isinstance(rule, JointRule) and point is not None else None,
        "gain_up_to_here": float(costs.values[number + 1]) if costs else None,
    }


def violation_money(pricing: Pricing, rule: Rule) -> float | None:
    """What expected revenue is at odds with a soft rule: of a price too high beside another its excess times the units,
    of a group its share of the revenue. None for rules whose breaches are counts or units, and for hard ones."""
    if rule.hard or not isinstance(rule, JointRule):
        return None
    answer = pricing.answer
    revenue = (answer["price"] * answer["units"]).fillna(0.0)
    broken = [breach for breach in pricing.breaches if breach.rule == rule.name and not breach.held]
    if isinstance(rule, Order):
        worth = revenue.set_axis(pd.MultiIndex.from_frame(answer[["product", "store"]]))
        return math.fsum(worth[one.product, one.store] * one.amount / (1 + one.amount) for one in broken)
    if not rule.of_revenue:
        return None
    units = answer[["units", "units_current"]].fillna(0.0).to_numpy().T
    excess = joint_excess(pricing.problem, answer["price"].to_numpy(np.float64), *units).get(rule.name, np.zeros(0))
    group = rule.groups(pricing.problem.offers)
    used = np.unique(group[(group >= 0) & (pricing.problem.decision >= 0)])
    totals = [float(revenue[group == one].sum()) for one in used]
    return math.fsum(np.maximum(excess + TIGHTENING, 0.0) * totals) if broken else 0.0


def price_chain(answer: pd.DataFrame, costs: RuleCosts, names: list[str]) -> pd.DataFrame:
    """Per offer its price now, without rules, under the rules up to each one, as proposed, and decided_by: the last
    rule that moved it ("" where none did)."""
    table = answer[["product", "store", "current_price"]].copy()
    table[WITHOUT] = costs.chain[0]
    for number, name in enumerate(names, start=1):
        table[f"after_{name}"] = costs.chain[number]
    moved = np.diff(costs.chain, axis=0) != 0
    last = len(names) - 1 - np.argmax(moved[::-1], axis=0)
    decided = np.where(moved.any(axis=0), np.array(names, object)[last], "")
    return table.assign(price=answer["price"], decided_by=decided)
