"""Answers to plans: units, money and rules at other prices, and the rest optimised again.

Not for requests over a network (server) nor for what is approved (approve). Axes: K members, S offers, D decisions.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data_io.errors import ConfigError, NotFoundError
from data_io.write import plain
from ensemble.demand import offer_demand, series_of
from ensemble.types import Ensemble
from jointprice.answer import figures, sales_at
from jointprice.pricing import Pricing, active_rules, check_answer
from jointprice.promise import QUANTILE, gains
from jointprice.schema import Config
from jointprice.whatif.plan import Plan
from search.checker import Breach
from search.optimisers import make_optimiser
from search.types import PricingProblem

MOST_BREACHES = 50  # that one answer lists
MOST_SCENARIOS = 100
OFFER_COLUMNS = {"cost": "cost", "stock": "stock", "competitor": "competitor_price"}


@dataclass
class Desk:
    """A priced model, ready for questions.

    Attributes:
        pricing: what the search proposed. output: the run directory.
        scenarios: what was saved, by name.
    """

    config: Config
    ensemble: Ensemble
    pricing: Pricing
    output: Path
    scenarios: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rows = [np.flatnonzero(self.problem.decision == number) for number in range(len(self.problem.rungs))]
        self._series = series_of(self.ensemble, self.problem.offers)
        self._demands: tuple[tuple, Any] | None = None

    @property
    def problem(self) -> PricingProblem:
        """The problem as it was searched."""
        return self.pricing.problem

    def warm(self) -> None:
        """Compile what the first question needs."""
        self.evaluate(Plan())
        self.check(Plan())

    def decisions(self) -> list[dict[str, Any]]:
        """What the page shows of each decision before anyone changes it."""
        answer, problem = self.pricing.answer, self.problem
        shown = []
        for number, rows in enumerate(self.rows):
            first, part = answer.iloc[rows[0]], answer.iloc[rows]
            ladder = problem.ladder[number, : problem.rungs[number]]
            shown.append(
                {
                    "decision": number,
                    "product": first["product"],
                    "store": first["store"] if len(rows) == 1 else f"{len(rows)} stores",
                    "category": first["category"],
                    "current_low": part["current_price"].min(),
                    "current_high": part["current_price"].max(),
                    "recommended": first["price"],
                    "allowed_low": ladder[0],
                    "allowed_high": ladder[-1],
                    "flat_low": part["flat_low"].max(),
                    "flat_high": part["flat_high"].min(),
                    "cost": part["cost"].mean(),
                    "stock": part["stock"].sum(min_count=len(part)),
                    "competitor": part["competitor_price"].mean(),
                    "elasticity": part["elasticity"].mean(),
                    "tier": first["tier"],
                    "note": first["note"],
                }
            )
        return plain(shown)

    def evaluate(self, plan: Plan) -> dict[str, Any]:
        """Totals, and every decision's units and money."""
        prices, problem = self.prices(plan), self.situation(plan)
        sales = sales_at(problem, prices)
        found = figures(self.ensemble, problem, prices, self._series, sales)
        gain = gains(problem, prices, sales.sold)
        sums = {name: float(np.nansum(found[name])) for name in ("units", "units_current", "revenue", "profit")}
        by_decision = {
            name: [float(np.nansum(found[name][rows])) for rows in self.rows]
            for name in ("units_current", "units", "units_p10", "units_p90", "profit", "profit_current", "revenue")
        }
        spread = float(gain.std())
        return {
            "totals": {
                **sums,
                "profit_current": float(np.nansum(found["profit_current"])),
                "gain": float(gain.mean()),
                "gain_p10": float(gain.mean()) - QUANTILE * spread,
                "gain_p90": float(gain.mean()) + QUANTILE * spread,
            },
            "prices": [float(prices[rows[0]]) for rows in self.rows],
            "decisions": by_decision,
        }

    def check(self, plan: Plan) -> dict[str, Any]:
        """The hard and soft rules that the plan breaks, by the exact checker."""
        prices, problem = self.prices(plan), self.situation(plan)
        units = figures(self.ensemble, problem, prices, self._series, sales_at(problem, prices))
        table = problem.offers[["product", "store"]].assign(
            price=prices,
            status=np.where(problem.decision >= 0, "priced", "held"),
            **{name: units[name] for name in ("units", "units_current")},
        )
        breaches = self.breaches(problem, table)
        return {"breaches": [told(breach) for breach in breaches[:MOST_BREACHES]], "breaches_total": len(breaches)}

    def optimise(self, plan: Plan) -> dict[str, Any]:
        """Prices [D] of the most objective, pinned and excluded ones as they are, the others within their bounds.

        Raises:
            ConfigError: bounds that leave a decision no allowed price. NotFoundError: no prices keep the hard rules.
        """
        prices, problem = self.prices(plan), self.situation(plan)
        ladder, rungs = problem.ladder.copy(), problem.rungs.copy()
        for change in plan.changes:
            number, allowed = change.decision, problem.ladder[change.decision, : problem.rungs[change.decision]]
            if change.pinned or change.excluded:
                allowed = prices[self.rows[number][:1]]
            else:
                fits = (allowed >= (change.low or 0)) & (allowed <= (change.high or np.inf))
                if not fits.any():
                    raise ConfigError(
                        f"{self.name(number)}: no price that the rules allow lies between {change.low or 0:g} and "
                        f"{change.high or np.inf:g} (they allow {allowed[0]:g} to {allowed[-1]:g})."
                    )
                allowed = allowed[fits]
            ladder[number], rungs[number] = allowed[-1], len(allowed)
            ladder[number, : len(allowed)] = allowed
        start = np.array([np.abs(ladder[n] - prices[rows[0]]).argmin() for n, rows in enumerate(self.rows)], np.int32)
        asked = replace(problem, ladder=ladder, rungs=rungs, start=np.minimum(start, rungs - 1))
        solution = make_optimiser(self.config.search)(asked, seed=self.config.seed)
        if solution.status != "done":
            raise NotFoundError("No prices were found that keep the hard rules with these pins and bounds.")
        return {"prices": [float(solution.prices[rows[0]]) for rows in self.rows]}

    def save(self, name: str, plan: Plan) -> list[dict[str, Any]]:
        """Keep a named plan with its totals; all that are kept, in the order of their names."""
        if name not in self.scenarios and len(self.scenarios) >= MOST_SCENARIOS:
            raise ConfigError(f"There are {MOST_SCENARIOS} scenarios already: give one of their names.")
        kept = {"name": name, "totals": self.evaluate(plan)["totals"], "plan": plan.model_dump()}
        self.scenarios[name] = kept | {"breaches_total": self.check(plan)["breaches_total"]}
        return [self.scenarios[known] for known in sorted(self.scenarios)]

    def prices(self, plan: Plan) -> np.ndarray:
        """[S] the plan's prices, to the data's decimals. Raises ConfigError for a decision that there is not."""
        start = self.pricing.solution.prices if plan.start == "recommended" else self.problem.current
        prices = start.copy()
        for change in plan.changes:
            if change.decision >= len(self.rows):
                raise ConfigError(f"There is no decision {change.decision}: they are numbered to {len(self.rows) - 1}.")
            rows = self.rows[change.decision]
            if change.excluded:
                prices[rows] = self.problem.current[rows]
            elif change.price is not None:
                prices[rows] = max(round(change.price, self.problem.decimals), 10.0**-self.problem.decimals)
        return prices

    def situation(self, plan: Plan) -> PricingProblem:
        """The problem with the plan's costs, stocks and competitor prices."""
        offers = self.problem.offers
        for key, column in OFFER_COLUMNS.items():
            given = [(change.decision, getattr(change, key)) for change in plan.changes]
            given = [(self.rows[number], value) for number, value in given if value is not None]
            if given:
                values = offers[column].to_numpy(np.float64).copy()
                for rows, value in given:
                    values[rows] = value / len(rows) if key == "stock" else value
                offers = offers.assign(**{column: values})
        if offers is self.problem.offers:
            return self.problem
        return replace(self.problem, offers=offers, demand=self._demand(offers))

    def _demand(self, offers: pd.DataFrame) -> Any:
        """The demand where competitor prices are others; the last one is kept."""
        theirs = offers["competitor_price"].to_numpy(np.float64)
        if np.array_equal(theirs, self.problem.offers["competitor_price"], equal_nan=True):
            return self.problem.demand
        key = tuple(theirs)
        if self._demands is None or self._demands[0] != key:
            self._demands = key, offer_demand(self.ensemble, offers)
        return self._demands[1]

    def breaches(self, problem: PricingProblem, table: pd.DataFrame) -> list[Breach]:
        """Of hard and soft rules, held offers left out."""
        found = check_answer(self.config, problem.offers, table, active_rules(self.config))
        return [breach for breach in found if not breach.held]

    def name(self, number: int) -> str:
        """The decision's product, and its store or how many."""
        rows = self.rows[number]
        offer = self.problem.offers.iloc[rows[0]]
        return f"{offer['product']} ({offer['store'] if len(rows) == 1 else f'{len(rows)} stores'})"


def told(breach: Breach) -> dict[str, Any]:
    """A breach as JSON."""
    return plain({name: getattr(breach, name) for name in ("rule", "product", "store", "text", "soft")})
