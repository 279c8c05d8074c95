"""Policies: what each treatment leaves behind, and that it says so."""

from __future__ import annotations

import numpy as np
import pytest

from data_io.errors import ConfigError, InputError

HEADER = "date,product,store,price,units,cost\n"


def told(tables, *words: str) -> bool:
    return any(all(word in sentence for word in words) for sentence in tables.warnings)


def test_excluded_rows_are_gone_and_counted(load):
    tables = load(policy={"exclude": ["product == 'strap'", "units > 50 and promo == 1"]})
    assert sorted(tables.sales["product"].unique()) == ["case-blue", "case-red"]
    assert len(tables.sales) == 7
    assert told(tables, "4 sales rows", "strap")


def test_faults_in_excluded_rows_do_not_matter(load, contract):
    broken = contract.sales.replace("strap,web,7.49,88", "strap,web,free,-88")
    tables = load(broken, policy={"exclude": ["product == 'strap'"], "returns": "refuse"})
    assert len(tables.sales) == 8


def test_a_query_may_use_a_column_that_is_not_read_otherwise(load):
    text = "date,product,price,units,channel\n2024-05-06,a,1,5,web\n2024-05-06,b,1,5,fax\n"
    tables = load(text, policy={"exclude": ["channel == 'fax'"]})
    assert tables.sales["product"].tolist() == ["a"]
    assert "channel" not in tables.sales


def test_excluding_everything_or_by_an_unknown_column_is_refused(load):
    with pytest.raises(InputError, match="leaves no rows"):
        load(policy={"exclude": ["price > 0"]})
    with pytest.raises(ConfigError, match="no column colour"):
        load(policy={"exclude": ["colour == 'red'"]})


RETURNED = HEADER + "2024-05-06,a,s,2,10,1\n2024-05-06,a,s,3,-4,1\n2024-05-13,a,s,2,-5,1\n2024-05-20,a,s,2,1,1\n"


def test_returns_are_netted_within_their_period_and_never_below_zero(load):
    tables = load(RETURNED)
    assert tables.sales["units"].tolist() == [6.0, 0.0, 1.0]
    assert tables.sales["price"].tolist() == [2.0, 2.0, 2.0]
    assert told(tables, "2 rows", "negative units")


def test_returns_can_be_dropped(load):
    tables = load(RETURNED, policy={"returns": "drop"})
    assert tables.sales["units"].tolist() == [10.0, 1.0]
    assert told(tables, "2 rows", "returns=drop")


TWICE = HEADER + "2024-05-06,a,s,2,10,1\n2024-05-06,a,s,4,30,2\n2024-05-13,a,s,2,1,1\n"


def test_duplicates_are_summed_with_the_price_weighted_by_units(load):
    tables = load(TWICE)
    assert tables.sales["units"].tolist() == [40.0, 1.0]
    assert tables.sales["price"].tolist() == [3.5, 2.0]
    assert tables.sales["cost"].tolist() == [1.75, 1.0]
    assert told(tables, "1 row", "date, product and store")
    assert not tables.aggregated


def test_of_duplicates_the_last_can_be_kept(load):
    tables = load(TWICE, policy={"duplicates": "last"})
    assert tables.sales["units"].tolist() == [30.0, 1.0]
    assert tables.sales["price"].tolist() == [4.0, 2.0]


COSTS = HEADER + "".join(
    f"2024-05-{day:02},a,{store},2,5,{cost}\n"
    for store, costs in {"s": ("1.0", "0.01", "1.1", ""), "t": ("9", "-1", "1.2", "1.0")}.items()
    for day, cost in zip((6, 13, 20, 27), costs, strict=True)
)


def test_absurd_costs_become_the_last_sane_cost_of_the_store_else_the_products_median(load):
    tables = load(COSTS)
    expected = [1.0, 1.0, 1.1, np.nan, 1.05, 1.05, 1.2, 1.0]
    np.testing.assert_allclose(tables.sales["cost"], expected, equal_nan=True)
    assert told(tables, "3 absurd costs")


def test_absurd_costs_can_be_kept(load):
    assert load(COSTS, policy={"absurd_cost": "keep"}).sales["cost"].tolist()[4:6] == [9.0, -1.0]


def test_a_product_without_any_sane_cost_has_an_unknown_cost(load):
    tables = load(HEADER + "2024-05-06,a,s,2,5,0\n2024-05-06,b,s,2,5,1\n")
    assert tables.sales["cost"].isna().tolist() == [True, False]
    assert told(tables, "1 cost", "unknown")


def test_a_row_without_price_and_sales_is_left_out_and_counted(load):
    tables = load(HEADER + "2024-05-06,a,s,2,5,1\n2024-05-13,a,s,,0,1\n2024-05-20,a,s,2,5,1\n")
    assert len(tables.sales) == 2
    assert told(tables, "1 row", "without price")


def test_negative_stock_in_the_sales_counts_as_none(load, contract):
    tables = load(contract.sales.replace("9.50,300", "9.50,-3"))
    red = tables.sales[tables.sales["product"] == "case-red"]
    assert red["stock"].tolist()[0] == 0.0
    assert told(tables, "1 negative stock")
