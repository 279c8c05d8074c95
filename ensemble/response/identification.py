"""Every figure that verdicts rest on, one row per product. Not for judging: see verdicts.

Time grows with rows and products; products are taken in parts, so memory does not.
"""

from __future__ import annotations

import pandas as pd

from data_io.types import SalesPanel
from ensemble.response.diagnostics import dynamics, movement, robustness_value, sales_spread
from ensemble.response.instrument import instrument
from ensemble.response.orthogonal import columns_of, shrunk, slopes
from ensemble.response.pooled import pools


def identification(panel: SalesPanel) -> pd.DataFrame:
    """One row per product, sorted by product; figures that the history cannot give are NaN.

    Columns: product, category, stores (that sold it), rows, periods; price_points, residual_sd, explained,
    price_changes (see Movement); elasticity, elasticity_se, elasticity_shrunk (the orthogonal stage), sales_sd (of
    what is left of log units), robustness_value; cost_correlation, first_stage_f, iv_elasticity, iv_se,
    ols_elasticity, hausman_t, iv_periods (see Instrument); lead, lead_t, lag, lag_t, lead_periods (see Dynamics).
    """
    code, names = pd.factorize(panel.series["product"], sort=True)
    columns = columns_of(panel)
    found = []
    for series, products, pool in pools(code):
        own = columns.of(series)
        observed, log_price = panel.observed[series], columns.log_price[series]
        moved = movement(observed, log_price, own, pool)
        stage = slopes(own, pool)
        costs, neighbours = instrument(own, pool), dynamics(own, pool)
        found.append(
            {
                "product": names[products],
                "category": panel.series["category"].to_numpy()[series][pool.starts],
                "stores": pool.sum(observed.any(1).astype(int)),
                "rows": moved.rows,
                "periods": moved.periods,
                "price_points": moved.points,
                "residual_sd": moved.spread,
                "explained": moved.explained,
                "price_changes": moved.changes,
                "elasticity": stage.coefficient[:, 0],
                "elasticity_se": stage.error[:, 0],
                "sales_sd": sales_spread(own, pool),
                "robustness_value": robustness_value(stage.t[:, 0], stage.freedom),
                "cost_correlation": costs.correlation,
                "first_stage_f": costs.first_stage_f,
                "iv_elasticity": costs.elasticity,
                "iv_se": costs.error,
                "ols_elasticity": costs.least_squares,
                "hausman_t": costs.hausman_t,
                "iv_periods": costs.periods,
                "lead": neighbours.lead,
                "lead_t": neighbours.lead_t,
                "lag": neighbours.lag,
                "lag_t": neighbours.lag_t,
                "lead_periods": neighbours.periods,
            }
        )
    table = pd.concat([pd.DataFrame(part) for part in found], ignore_index=True)
    table = table.sort_values("product", ignore_index=True)
    drawn = shrunk(*(table[name].to_numpy() for name in ("elasticity", "elasticity_se", "category")))
    table.insert(table.columns.get_loc("elasticity_se") + 1, "elasticity_shrunk", drawn)
    return table
