"""Prices that lose are told, with what to do about it."""

from types import SimpleNamespace

import pandas as pd
import pytest

from jointprice import steps


@pytest.mark.parametrize(
    ("value", "scope", "stores", "mend"),
    [
        (-5.0, "product", ["a", "b"], "try search.scope=store_product"),
        (-5.0, "product", ["a", "a"], "relax them"),
        (-5.0, "store_product", ["a", "b"], "relax them"),
        (0.0, "product", ["a", "b"], None),
    ],
)
def test_prices_that_earn_less_than_holding_are_told_with_the_mend(value, scope, stores, mend):
    told = []
    session = SimpleNamespace(
        config=SimpleNamespace(search=SimpleNamespace(scope=scope)), progress=SimpleNamespace(note=told.append)
    )
    offers = pd.DataFrame({"store": stores})
    pricing = SimpleNamespace(solution=SimpleNamespace(value=value), problem=SimpleNamespace(offers=offers))
    found = steps.losing_scope(session, pricing)
    assert told == [f"note: {warning}" for warning in found]
    if mend is None:
        assert not found
    else:
        (warning,) = found
        assert "earn 5.00 less than holding prices" in warning
        assert mend in warning
