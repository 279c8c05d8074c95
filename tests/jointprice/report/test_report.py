"""report.html: what it says, that data cannot become markup, and that it needs nothing outside itself."""

import ast
import json
import re
import tomllib
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path

import jax
import numpy as np
import pandas as pd
import pytest

from jointprice.report import changes, render

ROOT = Path(__file__).parents[3]
REPORT = ROOT / "jointprice" / "report"


def test_the_headline_says_what_the_model_gains_and_what_the_proof_is_of(finished, written, read_page):
    promised = {"mean": 321.0, "p10": -12.5, "p90": 654.0}
    summary = finished.summary | {"uplift": finished.summary["uplift"] | {"promised": promised}}
    text = read_page(written(finished, summary=summary)).text
    objective = summary["objective"]
    assert f"{objective['current']:,.2f} EUR → {objective['recommended']:,.2f} EUR" in text
    assert "+321.00 EUR" in text
    assert "-12.50 EUR to +654.00 EUR" in text
    assert f"{summary['oracle']['share']:.1%}".replace("%", " %") in text
    assert "96 of 96 offers priced, 0 held" in text
    assert "Whether prices followed demand shocks was tested, with costs that vary on their own, for 0 of" in text


def test_the_bridge_and_the_changes_in_words_are_in_the_page(finished, written, read_page):
    page = read_page(written(finished))
    rows = page.rows["bridge-table"]
    assert next(row[0] for row in rows) == "Profit at current prices"
    money = [float(row[1].replace("EUR", "").replace(",", "")) for row in rows]
    assert sum(money[:-1]) == pytest.approx(money[-1], abs=0.03)
    assert re.search(r"\d+ go up, \d+ go down and \d+ stay", page.text)
    answer = finished.pricing.answer
    largest = (answer["profit"] - answer["profit_current"]).abs()[answer["price"] != answer["current_price"]].idxmax()
    row = answer.loc[largest]
    assert f"{row['product']} ({row['store']}) goes from {row['current_price']:.2f} to {row['price']:.2f}" in page.text
    assert "a price 1 % higher, the others unchanged, changes its units by" in page.text


def test_without_a_promise_the_headline_says_why(finished, written, read_page):
    assert finished.summary["uplift"]["promised"]["mean"] is None
    assert "No promise: no members were trained on separate halves" in read_page(written(finished)).text


def test_the_figures_of_the_forecast_are_in_the_page(finished, written, read_page):
    page = read_page(written(finished))
    rows = {row[0]: row for row in page.rows[None] if row}
    assert {"train", "validation", "test", "naive: last known sales", "member 1, mlp-elasticity"} <= rows.keys()
    assert rows["test"][4] == f"{finished.trained.metrics['split']['test']['mape']:.1%}".replace("%", " %")
    assert "Training: evaluate" in page.text
    assert "Training: refit" not in page.text


def test_a_loaded_model_has_no_training_figures_but_says_where_they_are(finished, written, read_page):
    page = read_page(written(finished, trained=None))
    assert "The model was not trained in this run" in page.text
    assert "Training:" not in page.text


def test_the_audit_is_in_the_page(finished, written, read_page):
    audit = {"device": "TPU_7", "config_sha256": "c0ffee" * 10}
    text = read_page(written(finished, summary=finished.summary | audit)).text
    assert {"TPU_7" in text, "c0ffee" * 10 in text, f"jax {jax.__version__}" in text} == {True}
    assert finished.summary["inputs"]["sales"]["sha256"] in text
    assert finished.summary["warnings"][0] in text


def test_texts_from_data_never_become_markup(finished, written, read_page):
    attack = "<script>alert(1)</script>"
    breakout = '</script></style><img src=x onerror=alert(2)>" onload="alert(3)'
    everywhere = {"product": attack, "store": breakout, "binding_rules": attack, "tier": attack, "power": attack}
    answer = finished.pricing.answer.assign(note=breakout, **everywhere)
    answer.loc[0, "status"] = "held"
    offers = finished.pricing.problem.offers.assign(product=attack)
    pricing = replace(finished.pricing, answer=answer, problem=replace(finished.pricing.problem, offers=offers))
    rules = [rule | {"name": attack, "text": breakout} for rule in finished.summary["rules"]]
    summary = finished.summary | {"warnings": [attack, breakout], "device": breakout, "rules": rules}
    config = replace(finished.session.config, data=replace(finished.session.config.data, currency=attack))
    session = replace(finished.session, config=config)

    page = read_page(written(finished, session=session, pricing=pricing, summary=summary))
    assert "".join(page.scripts).split() == own_scripts().split()
    assert [attributes for tag, attributes in page.elements if tag == "img"] == []
    assert [name for _, attributes in page.elements for name in attributes if name.startswith("on")] == []
    assert page.text.count(attack) > 10
    assert page.text.count(breakout) > 3


def own_scripts() -> str:
    return "\n".join((REPORT / name).read_text("utf-8") for name in ("report.js", "curve.js"))


def test_names_of_further_products_are_text_in_the_numbers_of_their_curves(finished, written, made, read_page):
    pricing = made(60)
    attack = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    names = attack + pricing.answer["product"]
    offers = pricing.problem.offers.assign(product=names)
    hostile = replace(
        pricing, answer=pricing.answer.assign(product=names), problem=replace(pricing.problem, offers=offers)
    )
    page = read_page(written(finished, pricing=hostile))
    numbers, scripts = page.scripts[0], page.scripts[1:]
    assert "".join(scripts).split() == own_scripts().split()
    curves = json.loads(numbers)["curves"]
    assert len(curves) == 60 - 3
    assert {curve["product"] for curve in curves} <= set(names)
    assert [tag for tag, _ in page.elements if tag == "img"] == []


def test_the_page_needs_nothing_outside_itself(finished, written, read_page):
    html = written(finished)
    namespaces = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert set(re.findall(r"https?://[^\s\"'<>]+", html)) <= namespaces
    targets = re.findall(r"(?:src|href|action|data|poster)=\"([^\"]*)\"", html) + re.findall(r"url\(([^)]*)\)", html)
    assert targets
    assert [target for target in targets if not target.startswith("#")] == []
    assert "@import" not in html
    policy = [
        one["content"] for tag, one in read_page(html).elements if one.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"]


def test_identifiers_are_unique_and_every_reference_has_its_target(finished, written):
    html = written(finished)
    identifiers = re.findall(r"\sid=\"([^\"]*)\"", html)
    assert len(identifiers) == len(set(identifiers))
    assert {*re.findall(r"href=\"#([^\"]*)\"", html), *re.findall(r"url\(#([^)]*)\)", html)} <= set(identifiers)


def test_the_same_run_gives_the_same_page(finished, written):
    assert written(finished) == written(finished)


def test_a_page_of_a_hundred_products_is_small(finished, written, made):
    html = written(finished, curves=render.MOST_CURVES, pricing=made(100, stores=6))
    assert len(html.encode()) < 3_000_000
    assert html.count("<figure>") == 40 + 3  # calibration, training and search
    assert html.count("<option>") == 60


def test_the_page_shows_the_largest_changes_keeps_more_in_a_template_and_counts_the_rest(
    finished, written, made, read_page, monkeypatch
):
    monkeypatch.setattr(changes, "MOST_PAGED", 510)
    pricing = made(520)
    pricing.answer.loc[[0, 1], "price"] = pricing.answer.loc[[0, 1], "current_price"]
    page = read_page(written(finished, curves=1, pricing=pricing))
    assert len(page.rows["change-table"]) == 1 + 500
    assert len([row for row in page.rows[None] if row and re.fullmatch(r"p\d{3}", row[0])]) == 10
    assert "8 more rows are not shown" in page.text
    assert "Priced offers that keep their price: 2." in page.text


def test_the_changes_say_between_which_prices_the_objective_is_flat(finished, written, read_page):
    page = read_page(written(finished))
    heads, first, *_ = page.rows["change-table"]
    answer = finished.pricing.answer
    row = answer[
        (answer["product"] == first[0]) & (answer["price"].map("{:.2f}".format) == first[heads.index("New price")])
    ]
    assert first[heads.index("Flat range")] == f"{row['flat_low'].max():.2f} to {row['flat_high'].min():.2f}"
    assert "is within 0.5 % of the best: it costs at most that share of the expected profit" in page.text


def test_the_page_says_what_each_rule_costs_and_how_it_moved_the_prices(finished, written, read_page):
    page = read_page(written(finished))
    rules = {row[0]: row for row in page.rows[None] if row}
    for rule in finished.summary["rules"]:
        assert rules[rule["name"]][5] == f"{rule['cost']:,.2f} EUR"
    heads, *rows = page.rows["chains"]
    chain = finished.pricing.costs.chain
    assert heads[:4] == ["Product", "Store", "Price now", "Without rules"]
    assert len(rows) > 0
    answer = finished.pricing.answer
    now = answer["current_price"].map("{:,.2f}".format)
    for row in rows:
        offers = np.flatnonzero((answer["product"] == row[0]) & (now == row[2]))
        assert row[3] in {f"{chain[0][offer]:,.2f}" for offer in offers}
        assert row[-2] in {f"{chain[-1][offer]:,.2f}" for offer in offers}


def test_offers_with_a_stock_are_listed_the_shortest_first_and_others_not(finished, written, made, read_page):
    pricing = made(4)
    units = pricing.answer["units"]
    stock = pd.Series([2.0, np.nan, 1.0, 5.0]) * units
    lasting = [0.9, np.nan, 0.3, 0.99]
    answer = pricing.answer.assign(stock=stock, service_level=lasting)
    page = read_page(written(finished, pricing=replace(pricing, answer=answer)))
    heads, *rows = page.rows["stock-table"]
    assert [row[0] for row in rows] == ["p002", "p000", "p003"]
    assert [row[heads.index("Stock lasts, periods")] for row in rows] == ["1.0", "2.0", "5.0"]
    assert "Offers with a stock: 3; of these more likely than not to sell out in the period: 1;" in page.text
    assert "stock-table" not in read_page(written(finished, pricing=pricing)).rows


def test_a_run_that_holds_everything_has_a_page(finished, written, made, held, read_page):
    pricing = held(made(3, factor=1.0), [0, 1, 2], "held: no sales history")
    unknown = dict.fromkeys(("units", "units_current", "profit", "profit_current", "revenue"), np.nan)
    pricing = replace(pricing, answer=pricing.answer.assign(**unknown), solution=replace(pricing.solution, history=()))
    text = read_page(written(finished, pricing=pricing, trained=None)).text
    assert "No price changes." in text
    assert "no curve is shown" in text
    assert "there was nothing to search" in text


def test_only_pages_import_matplotlib_and_jinja():
    found = set()
    for package in ("data_io", "ensemble", "search", "jointprice"):
        for path in ROOT.glob(f"{package}/**/*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                if {name.split(".")[0] for name in names} & {"matplotlib", "jinja2", "markupsafe"}:
                    found.add(path.parent)
    assert found == {REPORT, REPORT.parent / "whatif"}


def test_every_file_of_the_report_is_installed():
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    patterns = ["*.py", *tools["package-data"]["jointprice.report"]]
    files = [path.name for path in REPORT.iterdir() if path.is_file()]
    assert [name for name in files if not any(fnmatch(name, pattern) for pattern in patterns)] == []
