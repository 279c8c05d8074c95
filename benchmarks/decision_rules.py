"""Which prices are allowed under a rule set, the best of them under the truth, and how simple methods keep to them.

`bounds`: the offers' bounds alone; the oracle is data_io.markets.oracle's. `default`: jointprice's own default rules;
the oracle is the one that a run's summary.json is judged by. There a price index per category must stay within a band
at the units sold at current prices: the oracle and every figure of `broken` use the true units, jointprice those that
its model expects, and simple methods last weeks' sales. None but the oracle can keep the true index exactly, which is
why `broken` is reported: with it above 0, a share may exceed 1. Axes: M stores, S = M · J offers, G groups of a rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import jax.numpy as jnp
import numpy as np

from benchmarks.decision_methods import Decision
from data_io.markets.oracle import oracle_prices
from data_io.markets.types import Market
from search.rules.price_index import PriceIndex
from search.types import PricingProblem

RULE_SETS = ("bounds", "default")
RECENT = 8  # weeks whose mean sales weigh the price index of simple methods
HALVINGS = 60  # of the search for a common factor on prices
WIDEST = 4.0  # factor on all prices of a group, to either side


@dataclass
class Allowed:
    """What one rule set allows on one market.

    Args:
        overrides: of jointprice, which name the market and the rule set.
    """

    market: Market
    name: str
    overrides: Sequence[str]

    @cached_property
    def problem(self) -> PricingProblem:
        """The pricing under the truth and the rules; compiled and searched only where the rules are not bounds."""
        from jointprice.compose import compose
        from jointprice.oracle import true_problem
        from jointprice.prepare import prepare

        config = compose(self.overrides)
        return true_problem(config, self.market, prepare(config.data).tables.offers)

    @cached_property
    def best(self) -> float:
        """The oracle's profit."""
        if self.name == "bounds":
            return float(self.market.profit(oracle_prices(self.market)))
        from jointprice.compose import compose
        from jointprice.oracle import oracle_under_rules

        return float(self.market.profit(oracle_under_rules(compose(self.overrides), self.problem)))

    @cached_property
    def narrowed(self) -> Market:
        """The market with bounds that let through no more than the rules on single prices."""
        if self.name == "bounds":
            return self.market
        ladder, decided = self.problem.ladder[self.problem.decision], self.problem.decision >= 0
        low, high = (np.where(decided, ladder[:, end], self.market.hold) for end in (0, -1))
        return replace(self.market, offers=self.market.offers.assign(min_price=low, max_price=high))

    def kept(self, decision: Decision) -> Decision:
        """A simple method's prices, within narrowed bounds, moved by one factor per group into the index's band.

        Where this changes prices, what the method promised was of others: it then promises nothing.
        """
        rules = [] if self.name == "bounds" else [rule for rule in self.problem.rules if isinstance(rule, PriceIndex)]
        low, high = (self.narrowed.offers[name].to_numpy() for name in ("min_price", "max_price"))
        weight, hold, prices = self._recent_units(), self.market.hold, decision.prices
        for rule in rules:
            groups = rule.groups(self.problem.offers)
            for group in np.unique(groups[groups >= 0]):
                rows = groups == group
                prices = prices.copy()
                prices[rows] = _into_band(prices[rows], weight[rows], hold[rows], low[rows], high[rows], rule)
        if np.array_equal(prices, decision.prices):
            return decision
        return replace(decision, prices=prices, promised=None)

    def broken(self, prices: np.ndarray) -> float:
        """By how much prices [S] break the worst joint rule under the truth, relative; 0 = all are kept."""
        if self.name == "bounds":
            return 0.0
        from search.compiled import compile_problem

        compiled = compile_problem(self.problem)
        asked = jnp.asarray(prices, jnp.float32)[None]
        excess = compiled.excess(asked, compiled.sold(asked))
        return float(max((np.asarray(each).max(initial=0.0) for each in excess), default=0.0))

    def _recent_units(self) -> np.ndarray:
        """[S] mean units of each offer over the last weeks, deals included."""
        sales = self.market.sales
        recent = sales[sales["date"] > sales["date"].unique()[-RECENT - 1]]
        keys = ["store", "product"]
        mean = recent.groupby(keys, as_index=False)["units"].mean()
        return self.market.offers[keys].merge(mean, on=keys, how="left")["units"].fillna(0.0).to_numpy()


def _into_band(
    prices: np.ndarray, weight: np.ndarray, hold: np.ndarray, low: np.ndarray, high: np.ndarray, rule: PriceIndex
) -> np.ndarray:
    """Prices [n] times the factor nearest to 1, cut at low and high, whose index lies in the rule's band.

    An end that no factor reaches is approached as far as the bounds let it; without sales there is no index.
    """
    total = weight @ hold
    if total <= 0:
        return prices

    def index(factor: float) -> float:
        return weight @ np.clip(prices * factor, low, high) / total

    target = np.clip(index(1.0), -np.inf if rule.min is None else rule.min, np.inf if rule.max is None else rule.max)
    if target == index(1.0):
        return prices
    down, up = 1 / WIDEST, WIDEST
    for _ in range(HALVINGS):
        middle = np.sqrt(down * up)
        down, up = (middle, up) if index(middle) < target else (down, middle)
    return np.clip(prices * (down if target < index(1.0) else up), low, high)
