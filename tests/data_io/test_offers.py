"""Offers: the default ones, and how given ones are completed."""

from __future__ import annotations

import numpy as np
import pytest

from data_io.errors import InputError
from data_io.settings import FeatureSettings

HEADER = "date,product,store,price,units,cost,stock,deal\n"
DEAL = FeatureSettings(promotion=["deal"])
HISTORY = HEADER + (
    "2024-05-06,a,s,3,5,1,,0\n"
    "2024-05-13,a,s,3.333,5,1.5,9,0\n"
    "2024-05-20,a,s,2,50,,8,1\n"
    "2024-05-06,a,t,4,5,2,,0\n"
    "2024-05-06,b,s,7,5,,,1\n"
    "2024-05-20,b,s,7,0,,,1\n"
)


def by_key(tables) -> dict:
    return tables.offers.set_index(["store", "product"]).to_dict("index")


def test_a_default_offer_is_the_last_regular_price_the_last_cost_and_stock_without_promotion(load):
    offer = by_key(load(HISTORY, features=DEAL))["s", "a"]
    assert (offer["current_price"], offer["cost"], offer["stock"], offer["deal"]) == (3.33, 1.5, 8.0, 0.0)
    assert (offer["min_price"], offer["max_price"], offer["age"]) == (0.0, np.inf, 0.0)
    assert "2024-05-13" in offer["note"]
    assert "in the last week" in offer["note"]


def test_a_default_offer_always_on_deal_keeps_its_last_price_and_has_no_limit_of_stock(load):
    offer = by_key(load(HISTORY, features=DEAL))["s", "b"]
    assert (offer["current_price"], offer["stock"], offer["age"]) == (7.0, np.inf, 2.0)
    assert np.isnan(offer["cost"])
    assert "2 weeks before the last" in offer["note"]


@pytest.mark.parametrize(("max_age", "expected"), [(1, 1), (2, 1), (3, 3)])
def test_default_offers_are_the_series_sold_lately(load, max_age, expected):
    assert len(load(HISTORY, features=DEAL, offers_max_age=max_age).offers) == expected


def test_when_nothing_sold_lately_there_is_nothing_to_price(load):
    with pytest.raises(InputError, match="no series sold in the last 8 weeks"):
        load(HEADER + "2024-01-01,a,s,3,5,1,,0\n2024-05-06,a,s,3,0,1,,0\n", frequency="week")


def test_the_observed_range_is_over_all_stores(load):
    for offer in by_key(load(HISTORY, features=DEAL, offers="product,current_price\na,3\n")).values():
        assert (offer["observed_min"], offer["observed_max"]) == (2.0, 4.0)


def test_a_row_without_a_store_applies_to_every_store_and_a_row_with_one_goes_first(load):
    offers = by_key(load(HISTORY, features=DEAL, offers="product,store,current_price\na,,9\na,t,8\n"))
    assert {key: offer["current_price"] for key, offer in offers.items()} == {("s", "a"): 9.0, ("t", "a"): 8.0}


def test_blanks_are_filled_from_what_is_last_known(load):
    text = "product,store,current_price,cost,stock,min_price,max_price,deal\na,s,,,,,,\nb,s,6.5,3,4,5,8,1\n"
    offers = by_key(load(HISTORY, features=DEAL, offers=text))
    assert offers["s", "a"]["current_price"] == 3.33
    assert offers["s", "a"]["cost"] == 1.5
    assert (offers["s", "a"]["stock"], offers["s", "a"]["max_price"]) == (np.inf, np.inf)
    assert (offers["s", "a"]["min_price"], offers["s", "a"]["deal"]) == (0.0, 0.0)
    assert offers["s", "a"]["note"] == "current price: regular price of 2024-05-13; cost: last known"
    own = offers["s", "b"]
    assert (own["current_price"], own["cost"], own["stock"], own["min_price"], own["max_price"], own["deal"]) == (
        *(6.5, 3.0, 4.0, 5.0, 8.0, 1.0),
    )


def test_a_new_product_is_offered_in_every_store_without_age_or_range(load):
    tables = load(HISTORY, features=DEAL, offers="product,current_price\na,3\nnew,5\n")
    new = tables.offers[tables.offers["product"] == "new"]
    assert new["store"].tolist() == ["s", "t"]
    assert new[["age", "observed_min", "observed_max", "cost"]].isna().all(axis=None)
    assert set(new["note"]) == {"no sales history"}
    assert any("2 offers without sales history" in sentence for sentence in tables.warnings)


def test_a_known_product_in_a_new_store_takes_the_usual_cost_of_the_others(load):
    offer = by_key(load(HISTORY, features=DEAL, offers="product,store,current_price\na,new,3\n"))["new", "a"]
    assert offer["cost"] == 1.75
    assert offer["observed_max"] == 4.0
    assert np.isnan(offer["age"])


def test_offers_carry_the_attributes_of_products_stores_and_their_own(load, contract):
    tables = load(
        contract.sales,
        products=contract.products,
        stores="store,zone\nweb,north\n",
        offers="product,family,shelf\nstrap,,7\ncase-red,mine,8\n",
    )
    offers = tables.offers.set_index("product")
    assert offers["zone"].tolist() == ["north", "north"]
    assert offers["family"].to_dict() == {"case-red": "mine", "strap": "strap"}
    assert offers["shelf"].to_dict() == {"case-red": 8.0, "strap": 7.0}
    assert offers["category"].to_dict() == {"case-red": "cases", "strap": "accessories"}


def test_offers_are_sorted_by_store_and_product_with_the_documented_columns_first(load):
    offers = load(HISTORY, features=DEAL, offers="product,current_price\nb,3\na,3\n").offers
    assert offers[["store", "product"]].to_numpy().tolist() == [["s", "a"], ["s", "b"], ["t", "a"]]
    assert offers.columns.tolist() == [
        *("product", "store", "category", "current_price", "cost", "stock", "min_price", "max_price"),
        *("competitor_price", "deal", "observed_min", "observed_max", "age", "note"),
    ]
    numbers = offers.drop(columns=["product", "store", "category", "note"])
    assert (numbers.dtypes == np.float64).all()
