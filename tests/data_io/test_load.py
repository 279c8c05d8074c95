"""The whole way: what Tables hold after loading."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from data_io.load import load_tables
from data_io.settings import DataSettings, FeatureSettings

SIMPLE = "date,product,price,units\n2024-05-06,a,2,5\n2024-05-13,a,2,6\n2024-05-06,b,3,7\n"


def test_the_contracts_example_loads_complete(load, contract):
    tables = load(contract.sales, products=contract.products, offers=contract.offers)
    assert len(tables.sales) == 12
    assert tables.sales.columns.tolist() == [
        *("date", "product", "store", "category", "price", "units", "cost", "stock", "promo"),
    ]
    assert tables.offers["product"].tolist() == ["case-blue", "case-red", "strap"]
    assert (tables.frequency, tables.aggregated, tables.promotions) == ("week", False, ("promo",))
    assert tables.numeric == ("size_ml",)
    assert tables.categorical == ("category", "brand", "family")
    assert not tables.offers[["current_price", "cost", "stock", "observed_min", "age"]].isna().any(axis=None)


def test_without_store_and_category_columns_all_share_one_choice_set(load):
    tables = load(SIMPLE)
    assert set(tables.sales["store"]) == set(tables.sales["category"]) == {"all"}
    assert set(tables.offers["store"]) == {"all"}


def test_sales_are_sorted_by_store_product_and_date(load):
    cells = ("2024-05-13,b,s", "2024-05-06,b,s", "2024-05-06,a,s", "2024-05-06,z,r")
    text = "date,product,store,price,units\n" + "".join(f"{cell},1,1\n" for cell in cells)
    sales = load(text).sales
    assert sales["product"].tolist() == ["z", "a", "b", "b"]
    assert sales["date"].tolist()[2:] == [pd.Timestamp("2024-05-06"), pd.Timestamp("2024-05-13")]
    assert sales.index.tolist() == [0, 1, 2, 3]


def test_names_are_mapped_and_features_declared_by_the_users_names(load):
    text = "day,sku,shop,p,qty,ad,rain\n2024-05-06,1,s,2,5,1,3\n2024-05-13,1,s,2,6,0,\n"
    tables = load(
        text,
        columns={"date": "day", "product": "sku", "store": "shop", "price": "p", "units": "qty", "advertised": "ad"},
        features=FeatureSettings(promotion=["ad"], numeric=["rain"]),
    )
    assert tables.promotions == ("advertised",)
    assert tables.sales["advertised"].tolist() == [1.0, 0.0]
    assert tables.sales["rain"].tolist()[0] == 3.0
    assert tables.numeric == ("rain",)
    assert tables.sales["product"].tolist() == ["1", "1"]


def test_undeclared_columns_of_the_sales_are_not_features(load):
    text = "date,product,price,units,revenue\n2024-05-06,a,2,5,10\n"
    tables = load(text)
    assert "revenue" not in tables.sales
    assert tables.numeric == ()


def test_a_promo_column_is_a_promotion_unless_others_are_declared_and_says_so(load, contract):
    tables = load(contract.sales)
    assert any("promo read as promotion" in sentence for sentence in tables.warnings)
    text = contract.sales.replace("promo\n", "promo,deal\n").replace("0\n", "0,0\n").replace("1\n", "1,1\n")
    assert load(text, features=FeatureSettings(promotion=["deal"])).promotions == ("deal",)


def test_a_category_comes_from_products_else_sales_else_is_unknown(load):
    cells = ("2024-05-06,a,x", "2024-05-13,a,y", "2024-05-06,b,x", "2024-05-06,c,")
    text = "date,product,category,price,units\n" + "".join(f"{cell},2,5\n" for cell in cells)
    assert dict(load(text).products.to_numpy()) == {"a": "y", "b": "x", "c": "unknown"}
    tables = load(text, products="product,category\na,z\nb,\n")
    assert tables.products.set_index("product")["category"].to_dict() == {"a": "z", "b": "x", "c": "unknown"}
    assert any("1 product of the sales not in" in sentence and "c" in sentence for sentence in tables.warnings)


def test_attributes_are_numeric_where_every_value_is_a_number_or_declared_otherwise(load):
    products = "product,size,code,shade,category\na,1.5,007,3,k\nb,,12,,k\n"
    tables = load(SIMPLE, products=products)
    assert tables.numeric == ("size", "shade")
    assert tables.categorical == ("code", "category")
    assert tables.products["code"].tolist() == ["007", "12"]
    declared = load(SIMPLE, products=products, features=FeatureSettings(categorical=["shade"]))
    assert declared.categorical == ("code", "shade", "category")
    assert declared.products["shade"].tolist() == ["3", ""]


def test_attributes_that_bear_a_name_with_a_meaning_are_left_and_told(load):
    tables = load(SIMPLE, products="product,price,age,size\na,1,2,3\nb,1,2,3\n")
    assert tables.products.columns.tolist() == ["product", "size", "category"]
    assert sum("is not read" in sentence for sentence in tables.warnings) == 2


def test_codes_survive_from_file_to_offer(load):
    text = SIMPLE.replace(",a,", ",007,").replace(",b,", ",NA,")
    assert load(text).offers["product"].tolist() == ["007", "NA"]


def test_the_audit_names_rows_and_hash_of_every_input(load, contract):
    tables = load(contract.sales, products=contract.products)
    assert tables.inputs == {
        "sales": {"rows": 12, "sha256": hashlib.sha256(contract.sales.encode()).hexdigest()},
        "products": {"rows": 3, "sha256": hashlib.sha256(contract.products.encode()).hexdigest()},
    }


def test_settings_may_hold_the_paths(tmp_path, contract):
    (tmp_path / "sales.csv").write_text(contract.sales)
    tables = load_tables(DataSettings(sales=str(tmp_path / "sales.csv")))
    assert len(tables.sales) == 12


def test_a_frame_gives_the_same_tables_as_its_file(load, contract, tmp_path):
    from_file = load(contract.sales)
    frame = pd.read_csv(tmp_path / "sales.csv")
    before = frame.copy()
    from_frame = load(frame)
    pd.testing.assert_frame_equal(from_frame.sales, from_file.sales)
    pd.testing.assert_frame_equal(from_frame.offers, from_file.offers)
    pd.testing.assert_frame_equal(frame, before)


def test_orders_are_added_up_to_weeks_without_losing_a_unit(load, rows):
    days = pd.date_range("2024-01-01", "2024-03-31")
    frame = pd.concat(
        [rows(*((day, product, 2.0, 3) for day in days[start::11])) for start, product in enumerate("abcdefghijk")]
    )
    tables = load(frame)
    assert (tables.frequency, tables.aggregated) == ("week", True)
    assert tables.sales["units"].sum() == 3 * len(days)
    assert not tables.sales.duplicated(["store", "product", "date"]).any()


@given(
    st.lists(
        st.tuples(
            st.integers(0, 40), st.sampled_from("abc"), st.sampled_from("st"), st.integers(1, 500), st.integers(-3, 20)
        ),
        min_size=1,
        max_size=25,
    ).filter(lambda cells: max(units for *_, units in cells) > 0)
)
@settings(max_examples=40, deadline=None)
def test_whatever_the_orders_the_tables_keep_their_promises(cells):
    frame = pd.DataFrame(cells, columns=["date", "product", "store", "price", "units"])
    frame["date"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(frame["date"], unit="D")
    frame["price"] = frame["price"] / 100
    tables = load_tables(DataSettings(offers_max_age=1000), sales=frame)
    sales = tables.sales
    assert (sales["units"] >= 0).all()
    assert (sales["price"] > 0).all()
    assert sales[["store", "product", "date"]].equals(
        sales[["store", "product", "date"]].drop_duplicates().sort_values(["store", "product", "date"])
    )
    offers = tables.offers
    assert (offers["current_price"] > 0).all()
    assert (offers["stock"] == np.inf).all()
    assert offers[["store", "product"]].equals(offers[["store", "product"]].sort_values(["store", "product"]))
    sold = sales[sales["units"] > 0]
    assert set(zip(offers["store"], offers["product"], strict=True)) == set(
        zip(sold["store"], sold["product"], strict=True)
    )
