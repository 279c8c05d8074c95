"""Minor units are those of the decimal text, whatever a float's product would round to."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.money import Money, exact


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(0, 1e9) | st.integers(0, 10**7).map(lambda one: one * 0.005)), st.integers(0, 4))
def test_prices_are_rounded_as_their_decimal_text_half_to_even(prices, decimals):
    found = Money(decimals).minor(np.array(prices, np.float64))
    assert found.tolist() == [round(exact(price) * 10**decimals) for price in prices]


def test_ties_go_by_the_text_and_not_by_the_float():
    assert Money(2).minor(np.array([2.675, 1.005, 0.125, 8.325])).tolist() == [268, 100, 12, 832]


def test_what_is_no_number_is_no_price():
    with pytest.raises(ValueError, match="nan"):
        Money(2).minor(np.array([1.0, np.nan]))
