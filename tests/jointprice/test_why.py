"""Whose change matters most is judged by the run's own objective."""

import numpy as np
import pandas as pd
import pytest

from jointprice.report.formats import Formats
from jointprice.why import Run, explain_offers


@pytest.mark.parametrize(("objective", "first"), [("profit", "s1"), ("revenue", "s2"), ("units", "s3")])
def test_the_stores_of_a_product_are_told_by_what_the_objective_gains(objective, first):
    rows = pd.DataFrame(
        {
            "product": "tea",
            "store": ["s1", "s2", "s3"],
            "current_price": 10.0,
            "price": [12.0, 15.0, 5.0],
            "units_current": 100.0,
            "units": [95.0, 90.0, 200.0],
            "profit_current": 100.0,
            "profit": [190.0, 120.0, 110.0],
            "status": "held",
            "note": "kept",
            "reason": "",
        }
    )
    run = Run(rows, None, {}, Formats("EUR", 2, objective))
    assert explain_offers(run, "tea", None)[0]["store"] == first
    lost = rows.assign(units=np.nan, profit=np.nan)
    assert len(explain_offers(Run(lost, None, {}, run.formats), "tea", None)) == 3
