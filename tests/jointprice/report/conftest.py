"""Runs to report on: a real one, as small as runs get, and made-up ones; and a page, read."""

from dataclasses import replace
from html.parser import HTMLParser
from typing import NamedTuple
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from jointprice import steps
from jointprice.compose import compose
from jointprice.pricing import Pricing
from jointprice.report import render
from jointprice.report.render import write_report
from jointprice.session import open_session
from search.evaluate import sold_units
from search.problem import build_problem
from search.rules.catalogue import build_rules
from search.types import Objective, Solution

MODEL = ("experiment=quick", "ensemble.width=8", "training.epochs=2", "training.refit=false")
SEARCH = ("search=gradient", "search.steps=4", "search.starts=1", "search.rule_costs=true")
ORACLE = {"share": 0.987, "captured": 0.75, "uplift_realised": 12.5}


class Page(HTMLParser):
    """Elements with their attributes, the text, the scripts, and the rows of every table by its id."""

    def __init__(self, html: str):
        super().__init__()
        self.elements: list[tuple[str, dict]] = []
        self.text, self.scripts = "", []
        self.rows: dict[str | None, list[list[str]]] = {}
        self._table = self._inside = None
        self.feed(html)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.elements.append((tag, attributes))
        self._inside = tag if tag in ("script", "style") else None
        if tag == "table":
            self._table = attributes.get("id")
        elif tag == "tr":
            self.rows.setdefault(self._table, []).append([])
        elif tag in ("td", "th"):
            self.rows[self._table][-1].append("")

    def handle_endtag(self, tag):
        self._inside = None
        if tag == "table":
            self._table = None

    def handle_data(self, data):
        if self._inside == "script":
            self.scripts.append(data)
        elif self._inside is None:
            self.text += data
            row = next(reversed(self.rows.get(self._table, [])), [])
            if row:
                row[-1] += " ".join(data.split())


class Finished(NamedTuple):
    """What a report is written from."""

    session: object
    pricing: Pricing
    summary: dict
    ensemble: object
    trained: object
    panel: object


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Finished:
    """A real run on the embedded market, its oracle left out."""
    session = open_session(
        compose(["quiet=true", "data.currency=EUR", *MODEL, *SEARCH]), tmp_path_factory.mktemp("run")
    )
    prepared = steps.read(session)
    trained = steps.train(session, prepared)
    pricing = steps.price(session, trained.ensemble, prepared.tables.offers)
    summary = steps.pricing_summary(session, trained.ensemble, pricing, None)
    summary |= {"oracle": ORACLE, "inputs": prepared.tables.inputs, "warnings": list(prepared.tables.warnings)}
    return Finished(session, pricing, summary, trained.ensemble, trained, prepared.panel)


def _written(finished: Finished, *, curves: int = 3, **changed) -> str:
    """The HTML of a run with some parts changed, and few curves: drawing them is most of the time."""
    run = finished._replace(**changed)
    with mock.patch.object(render, "MOST_CURVES", curves):
        write_report(run.session, run.pricing, run.summary, run.ensemble, run.trained, run.panel)
    return (run.session.directory.folder / "report.html").read_text("utf-8")


def _constant_elasticity(base, current, prices):
    return (base * (prices / current) ** -2.0)[None] * jnp.array([0.9, 1.0, 1.1])[:, None, None]


def _made(products: int, stores: int = 1, objective: str = "profit", factor: float = 1.1) -> Pricing:
    """A pricing of a plain demand: every price is scaled by `factor`."""
    size = products * stores
    current = np.resize(np.linspace(2, 9, products).round(2), size)
    offers = pd.DataFrame(
        {
            "product": [f"p{number:03}" for number in range(products)] * stores,
            "store": np.repeat([f"s{number}" for number in range(stores)], products),
            "category": "c",
            "current_price": current,
            "cost": current / 2,
            "stock": np.inf,
            "min_price": 0.0,
            "max_price": np.inf,
            "competitor_price": np.nan,
            "observed_min": current * 0.9,
            "observed_max": current * 1.1,
            "note": "",
        }
    )
    demand = jax.tree_util.Partial(_constant_elasticity, jnp.linspace(10, 20, size), jnp.asarray(current, jnp.float32))
    rules = [{"type": "bounds"}]
    problem, _ = build_problem(demand, offers, build_rules(rules), Objective(objective, tax_rate=0.2))
    prices = (current * factor).round(2)
    units, units_current = sold_units(problem, np.stack([prices, current])).mean(0)
    answer = offers[["product", "store", "category", "current_price", "cost", "note"]].assign(
        price=prices,
        units=units,
        units_current=units_current,
        revenue=prices / 1.2 * units,
        profit=(prices / 1.2 - current / 2) * units,
        profit_current=(current / 1.2 - current / 2) * units_current,
        units_p10=units - 2,
        units_p90=units + 2,
        margin=1 - current / 2 / (prices / 1.2),
        elasticity=-2.0,
        reason="",
        exogeneity_reason="",
        exogeneity="assumed",
        tier="full",
        power="identified",
        binding_rules="",
        extrapolated=False,
        status="priced",
        stock=np.nan,
        service_level=np.nan,
        competitor_price=prices / 1.1,
        flat_low=(prices * 0.95).round(2),
        flat_high=(prices * 1.05).round(2),
    )
    rungs = np.zeros(len(problem.rungs), np.int32)
    history = ({"generation": 0, "best": 1.0, "mean": -np.inf}, {"generation": 1, "best": 2.0, "mean": 1.5})
    solution = Solution(rungs, prices, 2.0, 0.0, 2, 0.1, "genetic", "done", history=history)
    return Pricing(problem, solution, answer, tuple(rules))


def _held(pricing: Pricing, rows: list[int], note: str) -> Pricing:
    """The same with some offers held at their current price."""
    answer = pricing.answer.copy()
    answer.loc[rows, "status"] = "held"
    answer.loc[rows, "price"] = answer.loc[rows, "current_price"]
    answer.loc[rows, "note"] = note
    return replace(pricing, answer=answer)


@pytest.fixture(scope="session")
def written():
    """``written(finished, curves=3, pricing=…)`` -> the HTML of a run with some parts changed."""
    return _written


@pytest.fixture(scope="session")
def made():
    """``made(products, stores, objective, factor)`` -> a Pricing of a plain demand."""
    return _made


@pytest.fixture(scope="session")
def held():
    """``held(pricing, rows, note)`` -> the same with some offers held."""
    return _held


@pytest.fixture(scope="session")
def read_page():
    """``read_page(html)`` -> its elements, text, scripts and rows."""
    return Page
