"""Small tables for the tests of data_io: the contract's example and a builder of sales in rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from data_io.load import load_tables
from data_io.settings import DataSettings, PolicySettings
from data_io.types import Tables

SALES = """\
date,product,store,price,units,cost,stock,promo
2024-05-06,case-red,web,19.99,41,9.50,300,0
2024-05-06,case-blue,web,19.99,37,9.50,280,0
2024-05-06,strap,web,7.49,88,2.10,900,0
2024-05-13,case-red,web,17.99,55,9.50,259,1
2024-05-13,case-blue,web,19.99,30,9.50,243,0
2024-05-13,strap,web,7.49,92,2.10,812,0
2024-05-20,case-red,web,19.99,40,9.55,204,0
2024-05-20,case-blue,web,18.99,44,9.55,213,0
2024-05-20,strap,web,6.99,109,2.10,720,1
2024-05-27,case-red,web,19.99,43,9.55,164,0
2024-05-27,case-blue,web,19.99,35,9.55,169,0
2024-05-27,strap,web,7.49,85,2.10,611,0
"""
PRODUCTS = """\
product,category,brand,family,size_ml
case-red,cases,hull,case,400
case-blue,cases,hull,case,400
strap,accessories,loop,strap,60
"""
OFFERS = """\
product,store,current_price,cost,stock,min_price,max_price,promo
case-red,web,19.99,9.55,121,15.99,24.99,0
case-blue,web,19.99,9.55,134,15.99,24.99,0
strap,web,7.49,2.10,526,5.49,8.99,0
"""


@pytest.fixture
def contract() -> SimpleNamespace:
    """The contract's example as CSV texts: sales, products, offers."""
    return SimpleNamespace(sales=SALES, products=PRODUCTS, offers=OFFERS)


@pytest.fixture
def load(tmp_path: Path) -> Callable[..., Tables]:
    """load(sales=text, offers=text, policy={...}, frequency=...): writes the CSV texts and loads them."""

    def run(sales: str | pd.DataFrame = SALES, *, policy: dict | None = None, **rest) -> Tables:
        tables = {"sales": sales, **{name: rest.pop(name) for name in ("products", "stores", "offers") if name in rest}}
        for name, content in tables.items():
            if isinstance(content, str):
                path = tmp_path / f"{name}.csv"
                path.write_text(content, encoding="utf-8", newline="")
                tables[name] = str(path)
        return load_tables(DataSettings(policy=PolicySettings(**(policy or {})), **rest), **tables)

    return run


@pytest.fixture
def rows() -> Callable[..., pd.DataFrame]:
    """rows(("2024-05-06", "milk", 2.0, 5), ...): sales of date, product, price, units, perhaps more by name."""

    def build(*cells: tuple, **more: list) -> pd.DataFrame:
        frame = pd.DataFrame(cells, columns=["date", "product", "price", "units"])
        return frame.assign(date=pd.to_datetime(frame["date"]), **more)

    return build
