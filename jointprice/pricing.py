"""From a model and offers to a checked price vector. Not for tables of results (answer) or promises (promise).

Every vector that leaves here passed the exact checker on the numbers as they will be written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from data_io.errors import ConfigError, InfeasibleError, NotFoundError
from ensemble.aggregate import Aggregation
from ensemble.demand import aggregation_in, offer_demand, offer_sets, series_of
from ensemble.response.elasticities import own_elasticities
from ensemble.types import Ensemble, may_price, pricing
from jointprice.answer import answer_table
from jointprice.conflicts import explained, not_found, refuse_conflicts, situation_of
from jointprice.schema import Config
from search.checker import Breach, check
from search.evaluate import demanded
from search.money import Money
from search.nsga import check_against
from search.optimisers import make_optimiser
from search.problem import build_problem
from search.rule_costs import RuleCosts
from search.rules.catalogue import build_rules, load_rules_file
from search.types import Objective, PricingProblem, Solution

SMALL_MOVE = 5.0  # per cent that offers of tier `small` may move
NOBODY_PRICES = (
    "No member of the ensemble may price, and response=networks needs one: forecasts of a percentage loss lie below "
    "the mean, and groups with prices: false only forecast. Add a group, or choose another training.loss. (Forecasts "
    "and backtests need none.)"
)
VERDICT_WORDS = {"power": "none", "exogeneity": "assumed", "tier": "hold", "reason": "no sales history"}
VERDICT_WORDS |= {"exogeneity_reason": "", "test_design": ""}  # of products without history
VERDICT_COLUMNS = (*VERDICT_WORDS, "robustness_value", "first_stage_f")


@dataclass(frozen=True)
class Pricing:
    """What was decided.

    Attributes:
        problem: with the demand and all rules, those of the tiers too.
        solution: the optimiser's answer; its prices are the ones written.
        answer: prices.csv as a table.
        rules: the rules as plain words, in the order of problem.rules.
        breaches: of soft rules and of held offers, from the exact checker.
        costs: what the rules cost, where it was measured.
    """

    problem: PricingProblem
    solution: Solution
    answer: pd.DataFrame
    rules: tuple[dict, ...]
    breaches: tuple[Breach, ...] = ()
    costs: RuleCosts | None = None


def price_offers(
    config: Config, ensemble: Ensemble, offers: pd.DataFrame, *, progress: Callable[[dict], None] | None = None
) -> Pricing:
    """Search the joint price vector of `offers` and check it.

    Raises:
        InfeasibleError: the rules leave some offer no price. NotFoundError: no vector that passes was found.
        ConfigError: see refuse_early.
    """
    refuse_early(config, offers)
    if ensemble.anchor is None and not pricing(ensemble.groups):
        raise ConfigError(NOBODY_PRICES)
    offers, held = with_verdicts(config, ensemble, offers)
    rules = active_rules(config)
    problem, reasons = _problem(config, ensemble, offers, rules, held != "")
    held = np.where(reasons == "", held, "held: " + reasons)
    search = partial(make_optimiser(config.search), seed=config.seed)
    solution = search(problem, progress=progress)
    if solution.status != "done":
        raise not_found(problem, solution, search, config.search.scope, rules)
    solution, answer, breaches = _first_that_passes(config, ensemble, problem, solution, held, rules)
    return Pricing(problem, solution, answer, tuple(rules), breaches)


def _problem(
    config: Config, ensemble: Ensemble, offers: pd.DataFrame, rules: Sequence[Mapping[str, Any]], held: np.ndarray
) -> tuple[PricingProblem, np.ndarray]:
    """As build_problem; where the rules leave no prices, the error says which and what must give way."""
    demand, built, scope = offer_demand(ensemble, offers), build_rules(rules), config.search.scope
    current = offers["current_price"].to_numpy(np.float64)
    elasticity = own_elasticities(demand, current, offer_sets(ensemble, offers))
    offers = offers.assign(own_elasticity=elasticity.mean(0), usual_units=demanded(demand, current[None]).mean(0)[0])
    objective = objective_of(config, aggregation_in(demand))
    decimals = config.data.decimals
    try:
        problem, reasons = build_problem(
            demand,
            offers,
            built,
            objective,
            scope=scope,
            held=held,
            decimals=decimals,
            max_rungs=config.search.max_rungs,
        )
    except InfeasibleError as error:
        money = Money(decimals, objective.tax_rate, objective.fee_rate)
        raise explained(error, situation_of(offers, built, ~held, scope, money), rules) from None
    refuse_conflicts(problem, scope, rules)
    return problem, reasons


def refuse_early(config: Config, offers: pd.DataFrame) -> None:
    """Raise, before anything is trained, what would be refused after it: malformed rules, profit without any cost."""
    build_rules(active_rules(config))
    priced = (may_price(group.prices, group.loss or config.training.loss) for group in config.ensemble.groups)
    if config.response.name == "networks" and not any(priced):
        raise ConfigError(NOBODY_PRICES)
    if config.search.optimiser == "nsga2":
        check_against(config.search.against, config.objective.name)
        if config.search.against in ("profit", "margin") and offers["cost"].isna().all():
            raise ConfigError(f"search.against={config.search.against} needs costs, and none of the offers has one.")
    if config.objective.name == "profit" and offers["cost"].isna().all():
        raise ConfigError(
            "objective=profit needs costs, and none of the offers has one. Add a cost column to the sales or the "
            "offers (data.columns.cost=…), or choose objective=revenue."
        )


def objective_of(config: Config, aggregation: Aggregation | None = None) -> Objective:
    """The configured objective; without an aggregation of members, of a demand that is sure (the truth).

    lower_confidence and worst_group are ways to judge the gain over holding prices, so they enter here.
    """
    risk = 0.0 if aggregation is None else config.objective.risk
    groups, tail = None, None
    if aggregation is not None and config.objective.risk_measure == "cvar":
        tail = config.objective.tail
    if aggregation is not None and aggregation.name == "lower_confidence":
        risk = aggregation.confidence
    if aggregation is not None and aggregation.name == "worst_group":
        groups = aggregation.groups
    return Objective(config.objective.name, config.data.tax_rate, config.data.fee_rate, risk, groups, tail)


def business_rules(config: Config) -> list[dict]:
    """The configured rules and those of rules.file, in plain words."""
    extra = load_rules_file(config.rules.file) if config.rules.file else []
    return [dict(rule) for rule in [*config.rules.rules, *extra]]


def active_rules(config: Config) -> list[dict]:
    """Business rules and the limit on offers whose response is known only from their category."""
    return [*business_rules(config), {"type": "max_change", "percent": SMALL_MOVE, "scope": "tier == 'small'"}]


def with_verdicts(config: Config, ensemble: Ensemble, offers: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Offers with the verdict columns, and [S] why an offer is held ("" = it is priced)."""
    verdicts = ensemble.verdicts.set_index("product")[list(VERDICT_COLUMNS)]
    found = verdicts.reindex(offers["product"]).set_axis(offers.index)
    offers = offers.assign(**found.fillna(VERDICT_WORDS))
    told = zip(offers["tier"], offers["reason"], offers["note"].fillna(""), strict=True)
    offers["note"] = [
        f"small moves only: {why}{'; ' * (note != '')}{note}" if tier == "small" else note for tier, why, note in told
    ]
    rows = series_of(ensemble, offers)
    known = rows >= 0
    offers["dispersion"] = np.where(known, ensemble.dispersion[rows], np.nan)
    offers["common_noise"] = ensemble.common_noise
    reasons = np.where(offers["tier"] == "hold", "held: " + offers["reason"], "").astype(object)
    reasons[~known] = "held: no sales history in this store"
    if config.objective.name == "profit":
        costless = offers["cost"].isna().to_numpy()
        reasons[costless & (reasons == "")] = "held: its cost is not known"
    return offers, reasons


def _first_that_passes(
    config: Config,
    ensemble: Ensemble,
    problem: PricingProblem,
    solution: Solution,
    held: np.ndarray,
    rules: Sequence[Mapping[str, Any]],
) -> tuple[Solution, pd.DataFrame, tuple[Breach, ...]]:
    """The best of the solution and its runners-up that the exact checker passes, and what it breaks all the same."""
    breaches = []
    for rungs in [solution.rungs, *solution.runners_up]:
        prices = problem.prices(rungs)
        answer = answer_table(ensemble, problem, prices, held, config.data.currency)
        found = check_answer(config, problem.offers, answer, rules)
        breaches = [breach for breach in found if not breach.held and not breach.soft]
        if not breaches:
            return replace(solution, rungs=rungs, prices=prices), _note_held_breaches(answer, found), tuple(found)
    raise NotFoundError("The prices found do not pass the exact check: " + "; ".join(b.text for b in breaches[:3]))


def check_answer(
    config: Config,
    offers: pd.DataFrame,
    answer: pd.DataFrame,
    rules: Sequence[Mapping[str, Any]],
    *,
    scope: str | None = None,
) -> list[Breach]:
    """What an answer breaks, by the exact checker under the run's settings (and another scope than theirs)."""
    data, scope = config.data, scope or config.search.scope
    settings = {"decimals": data.decimals, "tax_rate": data.tax_rate, "fee_rate": data.fee_rate, "scope": scope}
    return check(answer, offers, rules, **settings)


def _note_held_breaches(answer: pd.DataFrame, breaches: Sequence[Any]) -> pd.DataFrame:
    """Rules that a held offer breaks go into its note."""
    texts: dict[tuple, list[str]] = {}
    for breach in (breach for breach in breaches if breach.held):
        texts.setdefault((breach.product, breach.store), []).append(breach.rule)
    notes = [
        "; ".join(part for part in (note, _held_violates(texts.get(key))) if part)
        for note, key in zip(answer["note"], zip(answer["product"], answer["store"], strict=True), strict=True)
    ]
    return answer.assign(note=notes)


def _held_violates(rules: list[str] | None) -> str:
    return f"held_violates: {', '.join(rules)}" if rules else ""
