"""The steps that tasks are made of: read, train, price, write. Each reports to the session; none knows the others."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from data_io.errors import ConfigError
from data_io.history import history_of
from data_io.load import load_offers
from data_io.markets.types import Market
from ensemble import checkpoint
from ensemble.backtest import Round, backtest
from ensemble.fit import Trained
from ensemble.learn import learn
from ensemble.types import Ensemble
from jointprice.front import front_tables
from jointprice.market_size import market_size
from jointprice.oracle import judge
from jointprice.prepare import Prepared, prepare
from jointprice.pricing import Pricing, price_offers
from jointprice.promise import mix_and_level, promise
from jointprice.rule_costs import costs_of, of_rule, price_chain, violation_money
from jointprice.scenario import effect, in_scenario
from jointprice.schema import Config
from jointprice.session import Session
from search.checker import Breach
from search.types import Objective


def read(session: Session) -> Prepared:
    """Tables and panel; warnings are told."""
    with session.stage("read"):
        prepared = prepare(session.config.data, session.given)
    for warning in prepared.warnings:
        session.progress.note(f"note: {warning}")
    return prepared


def train(session: Session, prepared: Prepared) -> Trained:
    """A trained ensemble, saved with its metrics and log."""
    config = session.config
    phases = 1 + config.training.refit
    with session.stage("train", phases * config.training.epochs * len(config.ensemble.groups)) as advance:

        def tell(row: dict) -> None:
            advance(1, f"{row['phase']} epoch {row['epoch']}, loss {np.mean(row['train']):.4f}")

        trained = learnt(config, prepared, tell)
    for name, content in checkpoint.dump(trained.ensemble).items():
        session.directory.write_bytes(f"model/{name}", content)
    session.directory.write_json("metrics.json", trained.metrics)
    session.directory.write_jsonl("train_log.jsonl", trained.log)
    return trained


def learnt(config: Config, prepared: Prepared, progress: Callable[[dict], None] | None = None) -> Trained:
    """The configured ensemble with its price response; nothing is written."""
    return learn(
        prepared.panel,
        history_of(prepared.tables, config.data.decimals),
        config.ensemble,
        config.training,
        config.aggregation,
        config.response,
        seed=config.seed,
        progress=progress,
    )


def backtest_rounds(config: Config, prepared: Prepared) -> Iterator[Round]:
    """The configured backtest's rounds, one by one."""
    return backtest(
        prepared.panel,
        history_of(prepared.tables, config.data.decimals),
        config.ensemble,
        config.training,
        config.aggregation,
        config.response,
        config.backtest,
        seed=config.seed,
    )


def load_model(session: Session) -> Ensemble:
    """The model that `model=` names."""
    if session.config.model is None:
        raise ConfigError(
            f"task={session.config.task} needs model=FOLDER, the model/ folder of an earlier run. Or use task=run."
        )
    with session.stage("read"):
        return checkpoint.load(session.config.model)


def model_and_offers(session: Session) -> tuple[Ensemble, pd.DataFrame, dict[str, dict], Sequence[str]]:
    """The model that `model=` names, the offers given or its own last ones, in the configured scenario, the audit of
    their input, and what was treated."""
    config, ensemble = session.config, load_model(session)
    with session.stage("read"):
        offers, inputs, warnings = load_offers(config.data, ensemble.history, offers=session.given.get("offers"))
    return ensemble, in_scenario(config.scenario, offers, anchored=ensemble.anchor is not None), inputs, warnings


def offers_to_train_for(session: Session, prepared: Prepared) -> pd.DataFrame:
    """The tables' offers in the configured scenario, before the model is there."""
    config = session.config
    return in_scenario(config.scenario, prepared.tables.offers, anchored=config.response.name == "anchor")


def price(session: Session, ensemble: Ensemble, offers: pd.DataFrame) -> Pricing:
    """Checked prices and what the rules cost, written."""
    config = session.config
    with session.stage("search") as advance:  # of no known length: it ends where patience does, or at the bound
        pricing = price_offers(
            config,
            ensemble,
            offers,
            progress=lambda row: advance(1, f"best {row['best']:,.2f}"),
        )
    with session.stage("rules"):
        pricing = replace(pricing, costs=costs_of(config, pricing.problem, pricing.solution))
    if pricing.costs is not None:
        names = [rule.name for rule in pricing.problem.rules]
        session.directory.write_csv("price_chain.csv", price_chain(pricing.answer, pricing.costs, names))
    session.directory.write_csv("prices.csv", pricing.answer)
    session.directory.write_parquet("prices.parquet", pricing.answer)
    if (tables := front_tables(config, pricing)) is not None:
        for name, table in zip(("front.csv", "front_prices.csv"), tables, strict=True):
            session.directory.write_csv(name, table)
    session.directory.write_csv("identification.csv", ensemble.verdicts)
    session.directory.write_jsonl("search_log.jsonl", pricing.solution.history)
    return pricing


def pricing_summary(session: Session, ensemble: Ensemble, pricing: Pricing, market: Market | None) -> dict[str, Any]:
    """The contract's keys on offers, objective, uplift, oracle, search and rules."""
    answer, problem, solution = pricing.answer, pricing.problem, pricing.solution
    name = problem.objective.name
    recommended, current = objective_totals(answer, problem.objective)
    mix, level = mix_and_level(problem, solution.prices)
    with session.stage("promise"):
        promised = promise(ensemble, problem, solution.prices, seed=session.config.seed)
    with session.stage("oracle"):
        oracle = None if market is None else judge(session.config, market, pricing)
    binding = answer["binding_rules"].str.split(";").explode().value_counts()
    return {
        "period": str(ensemble.periods[0].date()),
        "offers": {
            "total": len(answer),
            "priced": int((answer["status"] == "priced").sum()),
            "held": int((answer["status"] == "held").sum()),
        },
        "objective": {"name": name, "current": current, "recommended": recommended},
        "uplift": {
            "in_model": recommended - current,
            "promised": {name: getattr(promised, name, None) for name in ("mean", "p10", "p90")},
            "optimism": {"before": promised.optimism, "deducted": recommended - current - promised.mean}
            if promised
            else None,
            "mix": mix,
            "level": level,
            "without_rules": float(pricing.costs.values[0]) if pricing.costs else None,
            "market_size": market_size(ensemble, problem, solution.prices),
        },
        "oracle": oracle,
        "competitor": _competitor(ensemble, problem.offers),
        "scenario": effect(session.config.scenario, ensemble, pricing),
        "search": {
            "optimiser": solution.optimiser,
            "why": solution.why,
            "evaluations": solution.evaluations,
            "seconds": round(solution.seconds, 3),
            "bound": solution.bound,
            "gap": solution.gap,
            "table_error": solution.table_error,
        },
        "rules": [
            {
                "name": rule.name,
                "text": rule.text(),
                "hard": rule.hard,
                "violation": 0.0 if rule.hard else amount_broken(pricing.breaches, rule.name),
                "violation_money": violation_money(pricing, rule),
                "binding_offers": int(binding.get(rule.name, 0)),
                **of_rule(rule, number, pricing.costs),
            }
            for number, rule in enumerate(problem.rules)
        ],
    }


def _competitor(ensemble: Ensemble, offers: pd.DataFrame) -> dict[str, Any] | None:
    """Where its prices are known: of how many offers, and by how many per cent it is taken to follow 1 % of ours."""
    known = int(offers["competitor_price"].notna().sum())
    reaction = None if ensemble.anchor is None else float(ensemble.anchor.sets.reaction[0])
    return {"offers_known": known, "reaction": reaction} if known else None


def amount_broken(breaches: Sequence[Breach], name: str) -> float:
    """Sum of a rule's breaches that prices could mend, in the rule's own measure."""
    return math.fsum(breach.amount for breach in breaches if breach.rule == name and not breach.held)


def objective_totals(answer: pd.DataFrame, objective: Objective) -> tuple[float, float]:
    """In-model totals at the recommended and at the current prices, from the written figures, exactly summed."""
    if objective.name == "revenue":
        current = answer["current_price"] / (1 + objective.tax_rate) * answer["units_current"]
        pair = answer["revenue"], current
    else:
        pair = answer[objective.name], answer[f"{objective.name}_current"]
    return tuple(math.fsum(column.dropna()) for column in pair)


def losing_scope(session: Session, pricing: Pricing) -> list[str]:
    """A warning, told too, where the prices earn less than holding: one price for several offers may not pay."""
    gain, scope = pricing.solution.value, session.config.search.scope
    if gain >= 0:
        return []
    if scope != "store_product" and pricing.problem.offers["store"].nunique() > 1:
        mend = "One price for several stores gives up what their own earn: try search.scope=store_product, or hold."
    else:
        mend = "The rules force changes that do not pay: relax them, or hold."
    warning = f"The model expects these prices to earn {-gain:,.2f} less than holding prices (risk deducted). {mend}"
    session.progress.note(f"note: {warning}")
    return [warning]
