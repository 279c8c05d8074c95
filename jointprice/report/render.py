"""Puts report.html of a joint price vector together.

Not for numbers (changes, curves) nor for drawing (charts).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

import numpy as np
from markupsafe import Markup

from data_io.types import SalesPanel
from ensemble.fit import Trained
from ensemble.types import Ensemble
from jointprice.pricing import Pricing
from jointprice.report import charts
from jointprice.report.bridge import LARGE, bridge, counts
from jointprice.report.chain import price_chains
from jointprice.report.changes import gains, held_offers, largest_products, price_changes
from jointprice.report.curves import further_products, observed_prices, points, product_curves
from jointprice.report.elasticities import elasticities
from jointprice.report.formats import Formats
from jointprice.report.health import health
from jointprice.report.page import page
from jointprice.report.stocks import stocks
from jointprice.rule_costs import price_chain
from jointprice.session import Session
from jointprice.why import Run, explain_rows
from search.flat_range import SHARE
from search.types import Front

MOST_CURVES = 40
MOST_MEMBERS = 32
MOST_TOLD = 20  # changes in words
METRICS = ("rows", "mae", "rmse", "mape", "wape", "r2", "bias", "coverage80")
SHARES = ("mape", "wape", "bias", "coverage80")  # metrics written in per cent


def write_report(
    session: Session,
    pricing: Pricing,
    summary: dict[str, Any],
    ensemble: Ensemble,
    trained: Trained | None = None,
    panel: SalesPanel | None = None,
) -> None:
    """Write report.html into the run directory.

    Args:
        summary: as for summary.json, with or without what Session.finish adds.
        ensemble: whose history the observed prices are of.
        trained, panel: None where the model was loaded: no training figures and no data health then.
    """
    config, problem, answer = session.config, pricing.problem, pricing.answer
    formats = Formats(config.data.currency, config.data.decimals, problem.objective.name)
    products = largest_products(problem, answer, MOST_CURVES)
    curves = product_curves(problem, pricing.solution.prices, products, observed_prices(ensemble, products))
    further, further_left = further_products(problem, answer, products)
    text = page(
        "report.html.j2",
        session,
        summary,
        formats,
        objective=problem.objective.name,
        model=config.model,
        bridge=bridge(problem, pricing.solution.prices),
        counts=counts(problem, answer, gains(problem.objective, answer)),
        large=LARGE,
        told=_in_words(pricing, formats),
        changes=price_changes(problem, answer),
        known={name: answer[name].notna().any() for name in ("stock", "competitor_price")},
        tested=answer.loc[answer["exogeneity"] == "tested", "product"].nunique(),
        products_total=answer["product"].nunique(),
        flat_share=SHARE,
        held=held_offers(problem, answer),
        stocks=stocks(answer),
        curves=[(curve, Markup(charts.product_curve(curve, problem.objective.name))) for curve in curves],
        most_curves=MOST_CURVES,
        further=product_curves(problem, pricing.solution.prices, further, observed_prices(ensemble, further)),
        further_left=further_left,
        points=points,
        elasticities=elasticities(problem, pricing.solution.prices),
        health=panel and health(panel, ensemble.verdicts),
        metrics=trained and _metric_rows(trained.metrics),
        calibration=_calibration(trained),
        members_left_out=max(len(trained.metrics["members"]) - MOST_MEMBERS, 0) if trained else 0,
        metric_names=METRICS,
        shares=SHARES,
        training=[(title, Markup(svg)) for title, svg in _training_charts(trained.log)] if trained else [],
        chains=price_chains(answer, pricing.costs, [rule.name for rule in problem.rules]) if pricing.costs else None,
        search=Markup(_search_chart(pricing.solution.history)),
        front=Markup(_front_chart(pricing.solution.front)),
        against=config.search.against,
    )
    session.directory.write_text("report.html", text)


def _in_words(pricing: Pricing, formats: Formats) -> list[dict[str, Any]]:
    """The changed offers with the largest changes of the objective, explained."""
    answer, rules = pricing.answer, {rule.name: rule.text() for rule in pricing.problem.rules}
    chain = price_chain(answer, pricing.costs, list(rules)) if pricing.costs else None
    size = np.nan_to_num(np.abs(gains(pricing.problem.objective, answer)))
    changed = np.flatnonzero((answer["price"] != answer["current_price"]).to_numpy())
    largest = changed[np.argsort(-size[changed], kind="stable")][:MOST_TOLD]
    return explain_rows(Run(answer, chain, rules, formats), largest)


def _calibration(trained: Trained | None) -> dict[str, Any] | None:
    """Figures on rows that taught nobody, and their chart; None where there are too few."""
    found = trained and trained.metrics["calibration"]
    return found and found | {"chart": Markup(charts.calibration(found))}


def _metric_rows(metrics: dict[str, Any]) -> list[tuple[str, dict]]:
    """Name and figures per split, of the naive forecast, and of the first members."""
    shown = enumerate(metrics["members"][:MOST_MEMBERS], start=1)
    members = [(f"member {number}, {one['group']}", one) for number, one in shown]
    return [*metrics["split"].items(), ("naive: last known sales", metrics["naive"]), *members]


def _training_charts(log: Iterable[dict]) -> list[tuple[str, str]]:
    """Title and SVG per phase: each group's mean loss over its members; no validation where no period validates."""
    found = []
    for phase, rows in groupby(log, key=lambda row: row["phase"]):
        lines = []
        for group, epochs in groupby(rows, key=lambda row: row["group"]):
            epochs = list(epochs)
            name = f"{epochs[0]['body']} · {epochs[0]['head']} ({group + 1})"
            for part in ("train", "validation"):
                losses = [float(np.mean(row[part])) for row in epochs]
                if any(losses):
                    lines.append(charts.Line(f"{name}, {part}", [row["epoch"] for row in epochs], losses))
        found.append((phase, charts.lines(lines, "epoch", "loss", f"training {phase}")))
    return found


def _search_chart(history: Iterable[dict]) -> str:
    """Best and mean value per generation; "" where nothing was searched."""
    rows = list(history)
    if not rows:
        return ""
    generation = [row["generation"] for row in rows]
    lines = [charts.Line(name, generation, _finite(row[name] for row in rows)) for name in ("best", "mean")]
    return charts.lines(lines, "generation", "gain over holding prices", "search")


def _front_chart(front: Front | None) -> str:
    """The objective over the second measure; "" where no front was searched for."""
    if front is None or not len(front.rungs):
        return ""
    value, second = front.measures.T
    name = "changed prices" if front.names[1] == "changes" else front.names[1]
    second = -second if front.names[1] == "changes" else second
    line = charts.Line("other prices", second.tolist(), value.tolist())
    label = name if name in ("changed prices", "margin") else f"{name} gained over holding prices"
    return charts.front(line, (second[0], value[0]), label, f"{front.names[0]} gained, risk deducted")


def _finite(values: Iterable[float]) -> list[float]:
    return [float(value) if np.isfinite(value) else np.nan for value in values]
