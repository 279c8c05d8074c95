"""What is said, and left in summary.json, where the rules leave no prices. Not for finding conflicts (search.conflict).

Rules that do not depend on demand are examined before the search, with proof; of the others only the search can say
how far they can be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from data_io.errors import InfeasibleError, NotFoundError
from search.checker import Breach, check
from search.conflict.find import find_conflicts
from search.conflict.situation import DEMAND_FREE, Situation
from search.conflict.words import as_data, message
from search.evaluate import sold_units
from search.money import Money
from search.rules.base import JointRule, Rule
from search.rules.inventory import Inventory
from search.rules.same_price import SamePrice
from search.types import PricingProblem, Solution

SCOPE = "search.scope"


def situation_of(
    offers: pd.DataFrame, rules: Sequence[Rule], priced: np.ndarray, scope: str, money: Money, units: Any = None
) -> Situation:
    """The hard rules and the shared prices of `scope` as a search for conflicts sees them; arguments as Situation's."""
    shared = () if scope == "store_product" else (SamePrice(name=SCOPE, by=(scope,)),)
    hard = tuple(rule for rule in rules if rule.hard)
    return Situation(offers.reset_index(drop=True), (*shared, *hard), priced, money, units)


def explained(error: InfeasibleError, situation: Situation, specifications: Sequence[Mapping]) -> InfeasibleError:
    """The error with the conflicts behind it, as far as they can be found."""
    conflict = _conflict(situation, specifications)
    return error if conflict is None else InfeasibleError(f"{error}\n{conflict}", conflict.conflicts)


def refuse_conflicts(problem: PricingProblem, scope: str, specifications: Sequence[Mapping]) -> None:
    """Raise, before any search, where rules that do not depend on demand cannot hold together.

    Raises:
        InfeasibleError: with a minimal set of rules, and what must give way.
    """
    units = sold_units(problem, problem.current[None]).mean(axis=0)[0]
    situation = situation_of(problem.offers, problem.rules, problem.decision >= 0, scope, problem.money, units)
    names = {rule.name for rule in situation.judged}
    held = _broken(problem, problem.current, units, units, scope, specifications)
    if all(breach.held or breach.rule not in names for breach in held):
        return
    conflict = _conflict(situation, specifications)
    if conflict is not None:
        raise conflict


def _conflict(situation: Situation, specifications: Sequence[Mapping]) -> InfeasibleError | None:
    """The error that names the conflicts; None where none was proven."""
    found = find_conflicts(situation)
    if not found.conflicts:
        return None
    data = as_data(found, situation, specifications)
    return InfeasibleError(message(data, found.undecided), data)


def not_found(
    problem: PricingProblem,
    solution: Solution,
    search: Callable[[PricingProblem], Solution],
    scope: str,
    specifications: Sequence[Mapping],
) -> NotFoundError:
    """The error of a search that kept not all hard rules: how far those that depend on demand can be kept."""
    text = (
        f"No prices were found that keep all hard rules (least total violation {solution.violation:.3g} after "
        f"{solution.evaluations:,} candidates). No conflict was found among the rules that do not depend on demand."
    )
    nearest = _nearest(problem, search, scope, specifications)
    if not nearest:
        rules = ", ".join(rule.text() for rule in problem.rules)
        return NotFoundError(f"{text} Raise search.generations, or relax: {rules}")
    lines = [f"  {one['name']}: {'; '.join(one['breaks'])}" for one in nearest]
    return NotFoundError(
        f"{text} The most that was found where one of them may give way and all others hold:\n" + "\n".join(lines),
        nearest,
    )


def _nearest(
    problem: PricingProblem, search: Callable[[PricingProblem], Solution], scope: str, specifications: Sequence[Mapping]
) -> list[dict[str, Any]]:
    """Per hard rule on demand that alone makes room: name and what is left broken of it at least."""
    found = []
    for rule in problem.rules:
        if not isinstance(rule, JointRule) or not rule.hard or isinstance(rule, DEMAND_FREE):
            continue
        if isinstance(rule, Inventory) and not rule.breakable:
            continue
        softer = tuple(replace(one, hard=False, priority=1) if one is rule else one for one in problem.rules)
        best = search(replace(problem, rules=softer))
        if best.status != "done":
            continue
        units = sold_units(problem, np.stack([best.prices, problem.current])).mean(axis=0)
        broken = _broken(problem, best.prices, *units, scope, specifications)
        texts = [breach.text for breach in broken if breach.rule == rule.name]
        if texts:
            found.append({"name": rule.name, "breaks": texts[:5]})
    return found


def _broken(
    problem: PricingProblem,
    prices: np.ndarray,
    units: np.ndarray,
    units_current: np.ndarray,
    scope: str,
    specifications: Sequence[Mapping],
) -> list[Breach]:
    """What the exact checker finds at prices [S], which sell `units` [S]."""
    answer = problem.offers[["product", "store"]].assign(
        price=prices,
        units=units,
        units_current=units_current,
        status=np.where(problem.decision >= 0, "priced", "held"),
    )
    objective = problem.objective
    rates = {"decimals": problem.decimals, "tax_rate": objective.tax_rate, "fee_rate": objective.fee_rate}
    return check(answer, problem.offers, list(specifications), scope=scope, **rates)
