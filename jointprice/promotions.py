"""Which offers get which deal next: mechanic and depth of all offers together, for the money of the weeks they reach.

A deal is a gene: the genetic search runs over option numbers of a problem whose "units" are money over the horizon, so
that mechanics and depths of all products are chosen together, with risk on the members. Not for tables of results.
Axes: K members, P candidates, O offers, D decisions, L options, H periods.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from data_io.errors import ConfigError
from ensemble.promoted import PromotedDemand, money_demand, promoted_demand
from ensemble.types import Ensemble
from jointprice.budget import discount, within_budget
from jointprice.deals import Deals, deals_of
from jointprice.pricing import business_rules, refuse_early, with_verdicts
from jointprice.promise import Promise, gains, promised
from jointprice.schema import Config
from search.evaluate import make_evaluator
from search.genetic import optimise
from search.objective import net_price
from search.problem import decisions_of
from search.rules.max_changes import MaxChanges
from search.types import Objective, PricingProblem


@dataclass(frozen=True)
class Promotions:
    """What was decided.

    Attributes:
        offers: [O] rows. held: [O] why an offer gets no deal whatever it would earn, "" = it may.
        decision: [O] which offers share a deal, -1 = held. deals: see Deals. chosen: [O] option of each offer.
        worth: [O, L] money that a unit leaves. demand: what deals do.
        discount: [O] expected money that the chosen deals give away.
        gain: [K] money over the horizon that all chosen deals bring. promise: of it; None where there are no halves.
    """

    offers: pd.DataFrame
    held: np.ndarray
    decision: np.ndarray
    deals: Deals
    chosen: np.ndarray
    worth: np.ndarray
    demand: PromotedDemand
    discount: np.ndarray
    gain: np.ndarray
    promise: Promise | None


def promote(config: Config, ensemble: Ensemble, offers: pd.DataFrame) -> Promotions:
    """Choose the deals of the next period; what cannot be decided is refused by refuse_unready."""
    settings, rules = config.promotions, business_rules(config)
    offers, held = with_verdicts(config, ensemble, offers.reset_index(drop=True))
    deals = deals_of(config, offers, ensemble.promotion_names, rules)
    worth = _worth(config, offers, deals)
    asked = {"price": deals.price, "flags": deals.flags, "worth": worth, "horizon": settings.horizon}
    asked["cost"] = np.where(deals.mechanic == "", 0.0, settings.cost)
    whole = promoted_demand(ensemble, offers, **asked)
    problem = _problem(config, whole, offers, deals, held)
    chosen = within_budget(problem, whole, settings.budget, partial(_search, config), config.search.block)
    halves = [promoted_demand(ensemble, offers, anchor=half, **asked) for half in ensemble.anchor_halves]
    return Promotions(
        offers=offers,
        held=held,
        decision=problem.decision,
        deals=deals,
        chosen=chosen,
        worth=worth,
        demand=whole,
        discount=discount(whole, chosen),
        gain=gains(problem, 1.0 + chosen),
        promise=_promise(config, problem, halves, chosen) if halves else None,
    )


def refuse_unready(config: Config, offers: pd.DataFrame, promotions: Sequence[str], *, anchored: bool) -> None:
    """Raise ConfigError, before anything is trained, where no deal can be judged: the response is the networks' own, no
    promotion column tells a mechanic, the objective is no money, or costs are missing."""
    if not anchored:
        raise ConfigError("task=promote needs response=anchor: only it tells deals from lasting prices.")
    if config.objective.name == "units":
        raise ConfigError("task=promote weighs money: choose objective=profit or objective=revenue.")
    refuse_early(config, offers)
    deals_of(config, offers, promotions, business_rules(config))


def _worth(config: Config, offers: pd.DataFrame, deals: Deals) -> np.ndarray:
    """[O, L] money that a unit leaves."""
    data = config.data
    if config.objective.name == "revenue":
        return deals.price / (1 + data.tax_rate)
    cost = offers["cost"].to_numpy(np.float64)
    return net_price(deals.price, data.tax_rate, data.fee_rate) - cost[:, None]


def _problem(
    config: Config, demand: PromotedDemand, offers: pd.DataFrame, deals: Deals, held: np.ndarray
) -> PricingProblem:
    """The search over option numbers + 1; what limits the number of changes limits the number of deals."""
    decision = decisions_of(offers, config.search.scope, held == "")
    allowed = deals.allowed & ((offers["tier"] != "small").to_numpy()[:, None] | (deals.depth <= deals.depth[1:].min()))
    ladders = [1.0 + np.flatnonzero(allowed[decision == number].all(0)) for number in range(decision.max() + 1)]
    width = max(map(len, ladders), default=1)
    most = config.promotions.max_deals
    return PricingProblem(
        demand=money_demand(demand),
        offers=offers.assign(current_price=1.0, stock=np.inf),
        decision=decision,
        ladder=np.array([np.pad(ladder, (0, width - len(ladder)), mode="edge") for ladder in ladders]),
        rungs=np.array([len(ladder) for ladder in ladders], np.int32),
        start=np.zeros(len(ladders), np.int32),
        objective=Objective("units", risk=config.objective.risk),
        rules=() if most is None else (MaxChanges(name="max_deals", count=most, by=("store",)),),
        decimals=0,
    )


def _search(config: Config, problem: PricingProblem) -> np.ndarray:
    """[O] the options chosen: the best deal of every decision alone, then the genetic search from there."""
    if not len(problem.rungs):
        return np.zeros(len(problem.offers), int)
    search = config.search
    settings = {name: getattr(search, name) for name in ("population", "generations", "patience", "elite", "block")}
    found = optimise(problem, seed=config.seed, seeds=(), refine=0, begin=_alone(problem, search.block), **settings)
    return found.prices.astype(int) - 1


def _alone(problem: PricingProblem, block: int) -> np.ndarray:
    """[D] the rung that gains most where no other decision has a deal; those that gain nothing stay without."""
    evaluator, size = make_evaluator(problem, block=block), len(problem.rungs)
    value = np.zeros(problem.ladder.shape)
    for rung in range(1, problem.ladder.shape[1]):
        for first in range(0, size, block):
            rows = np.arange(first, first + block) % size
            tried = np.zeros((block, size), np.int32)
            tried[np.arange(block), rows] = np.minimum(rung, problem.rungs[rows] - 1)
            value[rows, rung] = evaluator.fitness(tried)[0]
    best = value.argmax(1)
    return np.where(value[np.arange(size), best] > 0, np.minimum(best, problem.rungs - 1), 0).astype(np.int32)


def _promise(config: Config, problem: PricingProblem, halves: Sequence[PromotedDemand], chosen: np.ndarray) -> Promise:
    """What the deals are promised to bring over the horizon; see jointprice.promise."""
    problems = [replace(problem, demand=money_demand(half)) for half in halves]
    picked = [_search(config, half) for half in problems]
    judged = [[gains(half, 1.0 + options).mean() for options in (*picked, chosen)] for half in problems]
    return promised(gains(problem, 1.0 + chosen), np.array(judged))
