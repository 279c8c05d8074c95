"""Bad tables: each fault is told once, with its place and its mend, and all of them together."""

from __future__ import annotations

import pandas as pd
import pytest

from data_io.errors import ConfigError, InputError
from data_io.settings import FeatureSettings

FIRST = "2024-05-06,case-red,web,19.99,41,9.50,300,0\n"


def changed(text: str, old: str, new: str) -> str:
    """The text with the first occurrence replaced."""
    assert old in text
    return text.replace(old, new, 1)


def refusal(load, *arguments, **rest) -> tuple:
    with pytest.raises(InputError) as caught:
        load(*arguments, **rest)
    assert all(problem.mend for problem in caught.value.problems)
    return caught.value.problems


@pytest.mark.parametrize(
    ("new", "policy", "code", "column"),
    [
        ("2024-05-06,case-red,web,cheap,41,9.50,300,0\n", {}, "not-a-number", "price"),
        ("2024-05-06,case-red,web,NaN,41,9.50,300,0\n", {}, "not-a-number", "price"),
        ("2024-05-06,case-red,web,1e400,41,9.50,300,0\n", {}, "not-finite", "price"),
        ("2024-05-06,case-red,web,,41,9.50,300,0\n", {}, "blank-price", "price"),
        ("2024-05-06,case-red,web,0,41,9.50,300,0\n", {}, "price-not-positive", "price"),
        ("2024-05-06,case-red,web,-1,41,9.50,300,0\n", {}, "price-not-positive", "price"),
        ("2024-05-06,case-red,web,19.99,,9.50,300,0\n", {}, "blank", "units"),
        ("2024-05-06,,web,19.99,41,9.50,300,0\n", {}, "blank", "product"),
        ("2024-05-06,case-red, ,19.99,41,9.50,300,0\n", {}, "blank", "store"),
        (",case-red,web,19.99,41,9.50,300,0\n", {}, "blank", "date"),
        ("06/05/2024,case-red,web,19.99,41,9.50,300,0\n", {}, "unreadable-date", "date"),
        ("2024-05-06,case-red,web,19.99,-41,9.50,300,0\n", {"returns": "refuse"}, "negative-units", "units"),
        ("2024-05-06,case-red,web,19.99,41,0.01,300,0\n", {"absurd_cost": "refuse"}, "absurd-cost", "cost"),
        ("2024-05-06,case-red,web,19.99,41,9.50,many,0\n", {}, "not-a-number", "stock"),
        ("2024-05-06,case-red,web,19.99,41,9.50,300,BOGO\n", {}, "not-a-number", "promo"),
    ],
)
def test_a_faulty_sales_cell_is_refused_with_its_line_and_column(load, new, policy, code, column, contract):
    (problem,) = refusal(load, changed(contract.sales, FIRST, new), policy=policy)
    assert (problem.code, problem.row, problem.column) == (code, 2, column)
    assert problem.file.endswith("sales.csv")


def test_a_message_names_the_users_own_column_the_value_and_the_product(load, contract):
    text = changed(changed(contract.sales, "19.99", "teuer"), "price", "preis")
    with pytest.raises(InputError, match=r"sales.csv, line 2, column preis, product case-red: .*'teuer'"):
        load(text, columns={"price": "preis"})


def test_a_repeated_key_is_refused_under_its_policy(load, contract):
    (problem,) = refusal(load, contract.sales + FIRST, policy={"duplicates": "refuse"})
    assert (problem.code, problem.row, problem.product or problem.value) == ("duplicate-key", 14, "case-red")


def test_a_missing_column_is_told_with_the_closest_one_there_is(load, contract):
    (problem,) = refusal(load, changed(contract.sales, "units", "unit"))
    assert (problem.code, problem.column) == ("column-missing", "units")
    assert "Did you mean unit?" in problem.mend


def test_every_fault_of_every_table_is_told_at_once(load, contract):
    problems = refusal(
        load,
        changed(contract.sales, FIRST, "x,case-red,web,y,z,9.50,300,0\n"),
        products=contract.products + "strap,a,b,c,1\n",
        offers=changed(contract.offers, "15.99,24.99", "25.99,24.99").replace("526", "-1"),
    )
    assert {(problem.file.rsplit("/")[-1], problem.code, problem.row) for problem in problems} == {
        ("sales.csv", "unreadable-date", 2),
        ("sales.csv", "not-a-number", 2),
        ("products.csv", "duplicate-key", 5),
        ("offers.csv", "bounds-crossed", 2),
        ("offers.csv", "negative-stock", 4),
    }
    assert len(problems) == 6


def test_unreadable_files_are_told_together(load, tmp_path):
    problems = refusal(load, "", products="product\n", offers=tmp_path / "none.csv")
    assert [problem.code for problem in problems] == ["file-empty", "no-rows", "file-missing"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("19.99,9.55,121", "0,9.55,121", "current-price-not-positive"),
        ("15.99,24.99", "-1,24.99", "negative-min-price"),
        ("15.99,24.99", "15.99,0", "max-price-not-positive"),
        ("15.99,24.99", "25,24.99", "bounds-crossed"),
        ("9.55,121", "9.55,-121", "negative-stock"),
        ("9.55,121", "-9.55,121", "negative-cost"),
        ("case-blue", "case-red", "duplicate-key"),
        ("case-red", "", "blank"),
    ],
)
def test_a_faulty_offer_is_refused(load, old, new, code, contract):
    assert code in [problem.code for problem in refusal(load, offers=changed(contract.offers, old, new))]


def test_offers_without_history_are_refused_under_their_policy_and_held_otherwise(load, contract):
    offers = contract.offers + "case-green,web,19.99,9.55,1,1,99,0\nstrap,shop,7.49,2.10,1,1,99,0\n"
    problems = refusal(load, offers=offers, policy={"new_products": "refuse"})
    assert [(problem.code, problem.row) for problem in problems] == [("no-history", 5), ("no-history", 6)]
    assert len(load(offers=offers).offers) == 5


def test_an_offer_with_neither_price_nor_history_is_refused(load):
    (problem,) = refusal(load, offers="product,current_price\nstrap,\ncase-green,\n")
    assert (problem.code, problem.row) == ("no-current-price", 3)


@pytest.mark.parametrize("name", ["duplicates", "returns", "new_products", "absurd_cost", "missing_periods"])
def test_a_policy_outside_its_values_is_refused_naming_them(load, name):
    with pytest.raises(ConfigError, match=rf"data\.policy\.{name} must be one of .*got 'maybe'"):
        load(policy={name: "maybe"})


def test_settings_outside_their_values_are_refused(load):
    with pytest.raises(ConfigError, match="day, week, month"):
        load(frequency="hour")
    with pytest.raises(ConfigError, match="at least 1"):
        load(offers_max_age=0)


def test_no_sales_at_all_is_refused():
    from data_io.load import load_tables
    from data_io.settings import DataSettings

    with pytest.raises(ConfigError, match=r"data\.sales is not set"):
        load_tables(DataSettings())


def test_a_mapped_column_that_no_table_has_is_refused(load):
    (problem,) = refusal(load, columns={"competitor_price": "rival"})
    assert (problem.code, problem.column) == ("mapped-column-missing", "rival")
    (problem,) = refusal(load, columns={"units": "unitz"})
    assert (problem.code, problem.column) == ("mapped-column-missing", "unitz")


def test_a_mapping_for_offers_may_wait_for_offers(load):
    assert len(load(columns={"current_price": "price_now"}).offers) == 3


def test_a_declared_feature_that_is_nowhere_is_refused(load):
    (problem,) = refusal(load, features=FeatureSettings(promotion=["promoo"]))
    assert problem.code == "feature-missing"
    assert "Did you mean promo?" in problem.mend
    (problem,) = refusal(load, features=FeatureSettings(numeric=["temperature"]))
    assert problem.column == "temperature"


def test_text_in_a_numeric_feature_is_refused(load, contract):
    (problem, *_) = refusal(load, products=contract.products, features=FeatureSettings(numeric=["brand"]))
    assert (problem.code, problem.column) == ("not-a-number", "brand")


@pytest.mark.parametrize(
    "features",
    [{"numeric": ["units"]}, {"promotion": ["cost"]}, {"numeric": ["promo"], "categorical": ["promo"]}],
)
def test_a_feature_with_two_meanings_is_refused(load, features):
    with pytest.raises(ConfigError, match=r"data\.features"):
        load(features=FeatureSettings(**features))


def test_an_attribute_in_two_tables_is_refused(load, contract):
    (problem,) = refusal(load, products=contract.products, stores="store,brand\nweb,x\n")
    assert (problem.code, problem.column) == ("attribute-twice", "brand")
    promo = contract.products.replace("brand", "rain")
    sales = contract.sales.replace("stock", "rain")
    (problem,) = refusal(load, sales, products=promo, features=FeatureSettings(categorical=["rain"]))
    assert (problem.code, problem.column) == ("attribute-twice", "rain")


def test_an_attribute_may_stand_in_the_sales_where_it_is_not_read(load, contract):
    tables = load(contract.sales.replace("stock", "brand"), products=contract.products)
    assert "brand" not in tables.sales
    assert tables.products["brand"].tolist() == ["hull", "hull", "loop"]


def test_a_faulty_frame_is_refused_with_its_row(load):
    frame = pd.DataFrame({"date": ["2024-05-06"] * 2, "product": [1, 2], "price": [1.0, float("nan")], "units": [1, 1]})
    (problem,) = refusal(load, frame)
    assert (problem.file, problem.row, problem.product) == ("sales", 3, "2")
