"""Reports of task=markdown, stock and promote: the tables' figures, and nothing from data is taken for markup."""

import numpy as np
import pandas as pd
import pytest

from jointprice.compose import compose
from jointprice.report.buying import write_buying_report
from jointprice.report.promoted import write_promotions_report
from jointprice.report.season import write_season_report
from jointprice.session import open_session

HOSTILE = "<img src=x onerror=alert(1)>"
INPUTS = {"inputs": {"sales": {"rows": 7, "sha256": "ab"}}, "warnings": [HOSTILE]}


@pytest.fixture
def season_page(tmp_path, read_page):
    def page(table: pd.DataFrame):
        priced = table[table["status"] == "priced"]
        path = pd.DataFrame(
            [
                {**dict(offer), "date": f"2024-01-{day:02}", "period_of_season": number, "price": price,
                 "price_p10": price - 1, "price_p90": price, "stock_left": 30.0 - 10 * number}
                for offer in priced[["product", "store"]].to_dict("records")
                for number, (day, price) in enumerate([(1, 8.0), (8, 7.5)], start=1)
            ]
        )  # fmt: skip
        values = pd.DataFrame(
            [
                {**dict(offer), "price": price, "worth": worth}
                for offer in priced[["product", "store"]].to_dict("records")
                for price, worth in [(8.0, 110.0), (10.0, 100.0)]
            ]
        )
        session = open_session(compose(["task=markdown", "data.currency=EUR"]), tmp_path)
        plan = {"marked_down": 1, "money": 210.0, "money_p10": 150.0, "money_p90": 260.0, "past_seasons": 40}
        plan |= {"decay": 0.9, "elasticity": -2.2, "dispersion": 0.1}
        offers = {"total": len(table), "priced": len(priced), "held": len(table) - len(priced)}
        summary = {"period": "2024-01-01", "markdown": plan, "offers": offers, **INPUTS}
        write_season_report(session, table, path, values, summary)
        return read_page((tmp_path / "report.html").read_text("utf-8"))

    return page


def season_table() -> pd.DataFrame:
    numbers = {"units": 10.0, "units_to_end": 18.0, "left_over": 2.0, "sold_out": 0.4, "sell_through": 0.9}
    numbers |= {"money": 105.0, "worth": 110.0, "worth_of_holding": 100.0}
    rows = [
        {"product": HOSTILE, "store": "web", "price": 8.0, "change_pct": -20.0} | numbers,
        {"product": "shirt", "store": "all", "price": 10.0, "change_pct": 0.0} | numbers | {"worth": 100.0},
        {"product": "hat", "store": "all", "price": 10.0, "change_pct": 0.0},
    ]
    told = {"status": ["priced", "priced", "held"], "note": ["", "", "held: sold out"]}
    return pd.DataFrame(rows).assign(first_price=12.0, current_price=10.0, period_of_season=3, stock=20.0, **told)


def test_a_season_is_told_with_every_next_price_and_the_way_to_the_end(season_page):
    page = season_page(season_table())
    heads, *rows = page.rows["price-table"]
    first = dict(zip(heads, rows[0], strict=True))
    assert [row[0] for row in rows] == [HOSTILE, "shirt"]
    assert first["New price"] == "8.00"
    assert first["Over waiting"] == "+10.00"
    assert "210.00 EUR" in page.text
    assert "worth +10.00 EUR more than to keep today's prices" in page.text
    assert "1 held at their current price (1: sold out)" in page.text
    assert "by 2024-01-08 expected at 7.50 (6.50 to 7.50)" in page.text
    assert [tag for tag, _ in page.elements].count("svg") == 2
    assert "img" not in {tag for tag, _ in page.elements}


def test_a_season_without_anything_to_price_has_a_page(season_page):
    table = season_table().iloc[2:]
    page = season_page(table)
    assert "nothing was priced" in page.text
    assert "price-table" not in page.rows


def test_what_to_buy_is_told_with_what_it_costs_and_brings(tmp_path, read_page):
    table = pd.DataFrame(
        {
            "product": [HOSTILE, "tea", "odd"],
            "store": "all",
            "price": 4.0,
            "cost": [2.0, 2.5, np.nan],
            "demand": 50.0,
            "demand_p90": 61.0,
            "critical_ratio": 0.5,
            "stock": [50.0, 40.0, np.nan],
            "units": 38.0,
            "left_over": 2.0,
            "service_level": 0.55,
            "profit": [70.0, 30.0, np.nan],
            "note": ["", "", "its cost is not known"],
        }
    )
    surface = pd.DataFrame(
        [
            {"product": name, "price": 4.0 * factor, "price_factor": factor, "stock_for": kind, "stock": stock,
             "units": 38.0, "left_over": 2.0, "profit": 50.0 + stock * factor}
            for name in (HOSTILE, "tea")
            for factor in (0.9, 1.0, 1.1)
            for kind, stock in (("0.5", 45.0), ("best", 50.0))
        ]
    )  # fmt: skip
    session = open_session(compose(["task=stock", "data.currency=EUR"]), tmp_path)
    totals = {"stock": 90.0, "units": 76.0, "left_over": 4.0, "profit": 100.0}
    summary = {"period": "2024-01-01", "offers": {"total": 3}, "stock": totals, **INPUTS}
    write_buying_report(session, table, surface, summary)
    page = read_page((tmp_path / "report.html").read_text("utf-8"))
    heads, *rows = page.rows["offer-table"]
    assert [dict(zip(heads, row, strict=True))["For"] for row in rows] == ["100.00", "100.00"]
    assert "90 units for 200.00 EUR" in page.text
    assert "nothing is proposed for the others (1: its cost is not known)" in page.text
    assert "50 units at 4.00: 38.0 expected to sell, 2.0 left over, profit 100.00 EUR" in page.text
    assert [tag for tag, _ in page.elements].count("svg") == 2
    assert "img" not in {tag for tag, _ in page.elements}


def deals_table() -> pd.DataFrame:
    parts = {"profit_now": [100.0, 50.0, 0.0], "pull_forward": [-20.0, -10.0, 0.0]}
    parts |= {"cannibalisation": [-5.0, -30.0, 0.0], "halo": [1.0, 2.0, 0.0], "gain": [76.0, 12.0, 0.0]}
    return pd.DataFrame(
        {
            "product": [HOSTILE, "tea", "hat"],
            "store": "web",
            "mechanic": ["percent_off", "two_for", ""],
            "depth_pct": [20.0, 10.0, 0.0],
            "regular_price": 5.0,
            "tag": [4.0, 9.0, 5.0],
            "mean_price": [4.0, 4.7, 5.0],
            "units_without": 10.0,
            "units": [30.0, 14.0, 10.0],
            **parts,
            "discount": [30.0, 4.2, 0.0],
            "status": ["deal", "deal", "held"],
            "note": ["", "", "held: no sales history"],
        }
    )


@pytest.fixture
def deals_page(tmp_path, read_page):
    def page(table: pd.DataFrame):
        session = open_session(compose(["task=promote", "data.currency=EUR"]), tmp_path)
        dealt = int((table["status"] == "deal").sum())
        plan = {"deals": dealt, "offers": len(table), "held": len(table) - dealt, "horizon": 8, "gain": 90.0}
        plan |= {"promised": {"mean": 80.0, "p10": 60.0, "p90": 100.0}, "discount": 34.2, "budget": 40.0}
        write_promotions_report(session, table, {"period": "2024-01-01", "promotions": plan, **INPUTS})
        return read_page((tmp_path / "report.html").read_text("utf-8"))

    return page


def test_deals_are_told_by_kind_and_by_offer_with_what_they_take_from_later_and_from_others(deals_page):
    page = deals_page(deals_table())
    heads, *kinds = page.rows["kinds"]
    assert [row[heads.index("Pull-forward")] for row in kinds] == ["-20.00", "-10.00"]
    heads, *rows = page.rows["deal-table"]
    assert [row[0] for row in rows] == [HOSTILE, "tea"]
    assert [row[heads.index("Tag")] for row in rows] == ["4.00", "9.00"]
    assert "+80.00 EUR" in page.text
    assert "of a budget of 40.00 EUR" in page.text
    assert "1 held without (1: no sales history)" in page.text
    assert "img" not in {tag for tag, _ in page.elements}


def test_where_no_deal_pays_the_page_says_so(deals_page):
    page = deals_page(deals_table().iloc[2:])
    assert "No deal pays." in page.text
    assert "svg" not in {tag for tag, _ in page.elements}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_accessibility_checker_finds_no_serious_fault(browser, faults_in, season_page, deals_page, tmp_path, scheme):
    page = browser.new_page(color_scheme=scheme)
    for written, table in ((season_page, season_table()), (deals_page, deals_table())):
        written(table)
        page.goto((tmp_path / "report.html").as_uri())
        assert faults_in(page) == []
    page.close()
