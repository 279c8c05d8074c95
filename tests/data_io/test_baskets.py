"""Order lines become baskets; what is wrong with them is told with file, row and mend."""

import pandas as pd
import pytest

from data_io.baskets import load_baskets
from data_io.errors import ConfigError, InputError
from data_io.settings import DataSettings


def lines(**columns) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "basket": ["a", "a", "b", "c", "c"],
            "date": ["2024-03-06", "2024-03-06", "2024-03-08", "2024-03-12", "2024-03-12"],
            "price": [10.0, 5.0, 8.0, 4.0, 4.0],
            "units": [2, 1, 1, 1, -1],
            "cost": [6.0, 2.0, 5.0, 2.0, 2.0],
        }
    )
    return table.assign(**columns)


def test_lines_add_up_to_baskets_of_a_week_and_returned_ones_are_left_out():
    found = load_baskets(DataSettings(), baskets=lines())
    assert found.frame["spend"].to_list() == [25.0, 8.0]
    assert found.frame["period"].to_list() == [pd.Timestamp("2024-03-04")] * 2
    assert found.warnings == ("1 baskets of baskets have nothing left in them: left out.",)
    assert found.inputs["baskets"]["rows"] == 5


def test_the_margin_is_net_of_tax_and_fee_over_what_was_spent():
    settings = DataSettings(tax_rate=0.25, fee_rate=0.1)
    found = load_baskets(settings, baskets=lines())
    spent, cost = 20 + 5 + 8 + 4, 12 + 2 + 5 + 2
    assert found.margin == pytest.approx((spent / 1.25 * 0.9 - cost) / spent)


def test_some_costs_may_be_missing_and_it_is_told():
    found = load_baskets(DataSettings(), baskets=lines(cost=[6.0, None, 5.0, 2.0, 2.0]))
    assert found.margin == pytest.approx((20 - 12 + 8 - 5 + 4 - 2) / 32)
    assert "86.5 % of spend" in " ".join(found.warnings).replace("86.5%", "86.5 %")
    with pytest.raises(ConfigError, match="at least 50% are needed"):
        load_baskets(DataSettings(), baskets=lines(cost=[None, None, 5.0, None, None]))


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (lines().drop(columns="cost"), "the column is missing"),
        (lines(basket=["a", "", "b", "c", "c"]), "line 3.*a value is needed here"),
        (lines(price=[10.0, None, 8.0, 4.0, 4.0]), "line 3.*the price is blank though units were sold"),
        (lines(price=[10.0, -5.0, 8.0, 4.0, 4.0]), "line 3.*the price is negative.*no row of their own"),
        (lines(date="soon"), "soon"),
    ],
)
def test_what_is_wrong_is_told_with_row_and_mend(table, words):
    with pytest.raises(InputError, match=f"(?s){words}"):
        load_baskets(DataSettings(), baskets=table)


def test_no_table_at_all_is_told():
    with pytest.raises(ConfigError, match=r"data\.baskets is not set"):
        load_baskets(DataSettings())
