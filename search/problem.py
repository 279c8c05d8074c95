"""Builds the PricingProblem: which offers share a decision, and each decision's ladder. Not for evaluating it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from data_io.errors import ConfigError, InfeasibleError
from search.ladders import Allowance, allowance, ladder_of, stuck
from search.money import Money
from search.rules.base import Rule, key_codes
from search.rules.same_price import SamePrice
from search.types import Demand, Objective, PricingProblem

OBJECTIVES = ("profit", "revenue", "units")
SHOWN = 10  # conflicts that one message spells out


def build_problem(
    demand: Demand,
    offers: pd.DataFrame,
    rules: Sequence[Rule],
    objective: Objective,
    *,
    scope: str = "product",
    held: np.ndarray | None = None,
    decimals: int = 2,
    max_rungs: int = 256,
    room: Mapping[str, float] | None = None,
) -> tuple[PricingProblem, np.ndarray]:
    """The problem, and why this function holds offers.

    Args:
        demand: see search.types.Demand; S follows the rows of `offers`.
        offers: [S] rows with the columns of Tables.offers, in the order of prices.csv.
        rules: from search.rules.catalogue.build_rules.
        scope: ``product``, ``store_product`` or a column of the offers; offers with one value share one price.
        held: [S] bool, offers that keep their price whatever the rules.
        max_rungs: most allowed prices per decision.
        room: see PricingProblem.

    Returns:
        problem, and reasons [S] of str, "" where the offer is priced or was held by the caller.

    Raises:
        ConfigError: unknown objective or scope, or costs are missing where profit or a rule needs them.
        InfeasibleError: some offers have no allowed price even on their own.
    """
    if max_rungs < 3:
        raise ConfigError(f"search.max_rungs must be at least 3, not {max_rungs}.")
    money = Money(decimals, objective.tax_rate, objective.fee_rate)
    priced = np.ones(len(offers), bool) if held is None else ~np.asarray(held, bool)
    _check_objective(objective, offers, priced)
    room = dict(room or {})
    kept = [rule for rule in rules if room.get(rule.name, 0.0) < np.inf]
    allowed = allowance(offers, kept, priced, money)
    _refuse_conflicts(allowed, offers, priced)

    component = components(_links(offers, kept, scope), priced)
    reasons = np.full(len(offers), "", object)
    decision = np.full(len(offers), -1, np.int32)
    ladders = []
    for rows in _rows_by_number(component):
        ladder = ladder_of(allowed, rows, max_rungs)
        if len(ladder):
            decision[rows] = len(ladders)
            ladders.append(ladder)
        else:
            reasons[rows] = _no_common_price(allowed, rows)
    problem = PricingProblem(
        demand=demand,
        offers=offers,
        decision=decision,
        ladder=money.price(_padded(ladders)),
        rungs=np.array([len(ladder) for ladder in ladders], np.int32),
        start=_starts(ladders, decision, allowed.current),
        objective=objective,
        rules=tuple(rules),
        decimals=decimals,
        room=room,
    )
    return problem, reasons


def _check_objective(objective: Objective, offers: pd.DataFrame, priced: np.ndarray) -> None:
    if objective.name not in OBJECTIVES:
        raise ConfigError(f"objective.name is one of {', '.join(OBJECTIVES)}, not {objective.name!r}.")
    unknown = priced & np.isnan(offers["cost"].to_numpy(np.float64))
    if objective.name == "profit" and unknown.any():
        first = offers.loc[unknown, "product"].iloc[0]
        raise ConfigError(
            f"objective=profit needs a cost for every priced offer; {int(unknown.sum())} have none, e.g. {first}. "
            "Fill the column cost, hold these offers, or use objective=revenue."
        )


def _refuse_conflicts(allowed: Allowance, offers: pd.DataFrame, priced: np.ndarray) -> None:
    rows = stuck(allowed, priced)
    if not len(rows):
        return
    keys = offers[["product", "store"]].to_numpy()
    lines = [f"  {keys[row][0]} ({keys[row][1]}): {allowed.conflict(np.array([row]))}" for row in rows[:SHOWN]]
    if len(rows) > SHOWN:
        lines.append(f"  … and {len(rows) - SHOWN} more like it")
    raise InfeasibleError(
        f"The rules leave {len(rows)} of {len(offers)} offers no allowed price:\n" + "\n".join(lines) + "\n"
        "Relax one of the rules named, narrow its scope, or mend the offers' prices and costs."
    )


def _links(offers: pd.DataFrame, rules: Iterable[Rule], scope: str) -> list[np.ndarray]:
    """Group numbers [S] (-1 = none) per key; offers with one number in any of them share a decision."""
    links = [rule.families(offers) for rule in rules if isinstance(rule, SamePrice)]
    if scope == "store_product":
        return links
    if scope not in offers.columns:
        close = difflib.get_close_matches(scope, ["store_product", *map(str, offers.columns)], n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ConfigError(
            f"search.scope is product, store_product or a column of the offers, not {scope!r}.{hint} "
            f"Columns: {', '.join(map(str, offers.columns))}."
        )
    return [key_codes(offers, scope, "search.scope"), *links]


def decisions_of(offers: pd.DataFrame, scope: str, priced: np.ndarray) -> np.ndarray:
    """[S] int32 the decision of each offer under a scope alone, without rules; -1 = not `priced` [S]."""
    return components(_links(offers, (), scope), priced).astype(np.int32)


def components(links: list[np.ndarray], priced: np.ndarray) -> np.ndarray:
    """Connected components of the priced offers: numbers [S] in the order of first offers, -1 = not priced."""
    size = len(priced)
    offers, groups, nodes = [], [], size
    for codes in links:
        linked = np.flatnonzero(priced & (codes >= 0))
        offers.append(linked)
        groups.append(codes[linked] + nodes)
        nodes += int(codes.max(initial=-1)) + 1
    rows, columns = (
        np.concatenate([np.zeros(0, np.int64), *offers]),
        np.concatenate([np.zeros(0, np.int64), *groups]),
    )
    graph = coo_matrix((np.ones(len(rows), bool), (rows, columns)), shape=(nodes, nodes))
    label = connected_components(graph, directed=False)[1][:size] if size else np.zeros(0, np.int64)
    component = np.full(size, -1, np.int64)
    component[priced] = pd.factorize(label[priced])[0]
    return component


def _rows_by_number(component: np.ndarray) -> list[np.ndarray]:
    """Row numbers of each component 0, 1, …"""
    order = np.argsort(component, kind="stable")
    order = order[component[order] >= 0]
    return np.split(order, np.flatnonzero(np.diff(component[order])) + 1) if len(order) else []


def _no_common_price(allowed: Allowance, rows: np.ndarray) -> str:
    current = allowed.current[rows]
    return (
        f"no one price is allowed in all of its {len(rows)} offers (current prices from "
        f"{allowed.write(current.min())} to {allowed.write(current.max())}): {allowed.conflict(rows)}; "
        "use search.scope=store_product or a column with fewer offers per price"
    )


def _padded(ladders: list[np.ndarray]) -> np.ndarray:
    """[D, L] minor units; each row's last price is repeated."""
    width = max(map(len, ladders), default=1)
    return np.array([np.pad(ladder, (0, width - len(ladder)), mode="edge") for ladder in ladders], np.int64).reshape(
        len(ladders), width
    )


def _starts(ladders: list[np.ndarray], decision: np.ndarray, current: np.ndarray) -> np.ndarray:
    """[D] int32, the rung nearest to the (median) current price."""
    middle = pd.Series(current[decision >= 0]).groupby(decision[decision >= 0]).median().to_numpy()
    nearest = [np.abs(ladder - price).argmin() for ladder, price in zip(ladders, middle, strict=True)]
    return np.array(nearest, np.int32)
