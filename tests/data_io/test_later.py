"""What comes after the sales: offers and future periods, completed from a saved history alone."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from data_io.errors import ConfigError, InputError
from data_io.history import from_record, history_of
from data_io.later import load_future, load_offers
from data_io.settings import DataSettings, PolicySettings


@pytest.fixture
def tables(load, contract):
    return load(contract.sales.replace("strap,web", "strap,shop"), products=contract.products)


@pytest.fixture
def history(tables):
    """As a saved model gives it back."""
    return from_record(json.loads(json.dumps(history_of(tables).record())))


def read(history, text: str, tmp_path) -> pd.DataFrame:
    path = tmp_path / "future.csv"
    path.write_text(text)
    return load_future(DataSettings(future=str(path)), history)


def test_a_saved_history_gives_the_same_default_offers_as_the_sales(tables, history):
    offers, inputs, _ = load_offers(DataSettings(), history)
    pd.testing.assert_frame_equal(offers, tables.offers)
    assert inputs == {}


def test_a_saved_history_completes_given_offers_as_the_sales_do(load, history, contract):
    text = "product,current_price,category,family\nstrap,,,\ncase-red,18,,mine\nnew,5,cases,\nodd,6,,\n"
    sales = contract.sales.replace("strap,web", "strap,shop")
    expected = load(sales, products=contract.products, offers=text)
    frame = pd.DataFrame([row.split(",") for row in text.split()[1:]], columns=text.split()[0].split(","))
    offers, inputs, told = load_offers(DataSettings(), history, offers=frame)
    pd.testing.assert_frame_equal(offers, expected.offers)
    assert inputs["offers"]["rows"] == 4
    assert any("4 offers without sales history" in sentence for sentence in told)


def test_faulty_and_unknown_offers_are_refused(history):
    crossed = pd.DataFrame({"product": ["strap"], "min_price": [3.0], "max_price": [2.0]})
    with pytest.raises(InputError, match="bounds-crossed"):
        load_offers(DataSettings(), history, offers=crossed)
    new = pd.DataFrame({"product": ["new"], "current_price": [3.0]})
    with pytest.raises(InputError, match="no-history"):
        load_offers(DataSettings(policy=PolicySettings(new_products="refuse")), history, offers=new)


def test_future_rows_are_typed_sorted_and_snapped_to_the_periods_of_the_history(history, tmp_path):
    future = read(
        history, "date,product,store,price,promo\n2024-06-11,strap,shop,7,1\n2024-06-03,strap,shop,8,\n", tmp_path
    )
    assert future.columns.tolist() == ["date", "product", "store", "price", "promo"]
    assert future["date"].tolist() == [pd.Timestamp("2024-06-03"), pd.Timestamp("2024-06-10")]
    assert future["price"].tolist() == [8.0, 7.0]
    assert future["promo"].tolist() == [0.0, 1.0]


def test_a_future_row_without_a_store_applies_where_the_product_has_history(history, tmp_path):
    future = read(history, "date,product,price\n2024-06-03,strap,8\n2024-06-03,case-red,20\n", tmp_path)
    assert future[["product", "store"]].to_numpy().tolist() == [["strap", "shop"], ["case-red", "web"]]
    assert future["promo"].tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("date,product,cost\n2024-06-03,strap,8\n", "column-missing"),
        ("date,product,price\nsoon,strap,8\n", "unreadable-date"),
        ("date,product,price\n2024-06-03,strap,\n", "blank"),
        ("date,product,price\n2024-06-03,strap,-1\n", "price-not-positive"),
        ("date,product,price\n2024-06-03,strap,8\n2024-06-04,strap,8\n", "duplicate-key"),
        ("date,product,price\n2024-06-03,new,8\n", "no-history"),
        ("date,product,store,price\n2024-06-03,strap,web,8\n", "no-history"),
    ],
)
def test_a_faulty_future_row_is_refused(history, tmp_path, text, code):
    with pytest.raises(InputError) as caught:
        read(history, text, tmp_path)
    assert [problem.code for problem in caught.value.problems] == [code]


def test_a_future_that_is_not_given_is_refused(history):
    with pytest.raises(ConfigError, match=r"data\.future is not set"):
        load_future(DataSettings(), history)
