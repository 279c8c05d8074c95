"""The report's elasticities, data health and marks of observed prices."""

import numpy as np
import pytest

from jointprice.report.curves import observed_prices
from jointprice.report.elasticities import MOST, elasticities
from jointprice.report.health import health


def test_elasticities_are_those_of_the_demand(made):
    pricing = made(3, stores=2)
    found = elasticities(pricing.problem, pricing.solution.prices)
    assert (len(found.products), found.more) == (3, 0)
    for i, row in enumerate(found.cells):
        for j, cell in enumerate(row):
            assert cell.mean == pytest.approx(-2.0 if i == j else 0.0, abs=0.01)
            assert cell.low <= cell.mean + 1e-3
            assert (cell.own, cell.suspicious) == (i == j, "")


def test_of_many_products_the_largest_are_shown(made):
    pricing = made(MOST + 5)
    found = elasticities(pricing.problem, pricing.solution.prices)
    assert (len(found.products), found.more) == (MOST, 5)


def test_the_page_has_the_table_the_health_of_the_data_and_the_ticks(finished, written, read_page):
    page = read_page(written(finished))
    assert len(page.rows["elasticity-table"]) == 9
    told = dict(page.rows["health"])
    assert told["Series"] == "96 products in stores, 60 weeks"
    assert told["Costs known"] == "100.0 % of the rows"
    assert told["Competitor price known"] == "0.0 % of the rows"
    seen = observed_prices(finished.ensemble, ["product-03"])["product-03"]
    assert 10 < len(seen) <= 60
    assert (np.diff(seen) > 0).all()


def test_health_counts_what_is_missing(finished):
    told = {one.name: one.words for one in health(finished.panel, finished.ensemble.verdicts)}
    assert told["Rows"] == "5,760, 0.0 % missing between first and last sale"
    assert told["Fewer than 3 prices"] == "0 of 8 products"
