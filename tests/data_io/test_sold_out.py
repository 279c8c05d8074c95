"""Rows whose sales ended with the stock are marked; rows with nothing to sell tell nothing."""

import pandas as pd

from data_io.panel import build_panel, extend, hide
from data_io.settings import DataSettings

SALES = """\
date,product,price,units,stock
2024-05-06,a,2,5,5
2024-05-13,a,2,5,6
2024-05-20,a,2,0,0
2024-05-27,a,2,0,4
2024-06-03,a,2,3,
2024-06-10,a,2,3,2
"""


def test_rows_that_sold_all_their_stock_are_censored_and_empty_shelves_are_unseen(load):
    panel = build_panel(load(SALES), DataSettings())
    assert panel.censored.tolist() == [[True, False, False, False, False, True]]
    assert panel.observed.tolist() == [[True, True, False, True, True, True]]
    assert "3 rows (50.0%) sold out" in panel.warnings[0]


def test_without_stock_nothing_is_censored_or_told(load):
    panel = build_panel(load("date,product,price,units\n2024-05-06,a,2,5\n2024-05-13,a,2,0\n"), DataSettings())
    assert not panel.censored.any()
    assert panel.warnings == ()


def test_the_stock_of_orders_that_are_added_up_censors_nothing(load, rows):
    days = pd.date_range("2024-01-01", "2024-01-28")
    tables = load(rows(*((day, "a", 1.0, 5) for day in days), stock=[5] * len(days)), frequency="week")
    assert tables.aggregated
    assert not build_panel(tables, DataSettings()).censored.any()


def test_periods_that_are_hidden_or_to_come_are_not_censored(load):
    panel = build_panel(load(SALES), DataSettings())
    assert hide(panel, 2).censored.tolist() == [[True, False, False, False, False, False]]
    assert extend(panel, 2).censored.tolist() == [[True, False, False, False, False, True, False, False]]
