"""forecast.csv: units at known prices and promotions of the periods that follow the history."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from data_io.errors import InputError, Problem
from data_io.features import Inputs
from ensemble.aggregate import DemandClasses, combine, least_percentage
from ensemble.demand import leads, series_of, traffic_of
from ensemble.noise import interval
from ensemble.predict import predict
from ensemble.types import Ensemble, forecasts_percentages, forecasts_units


class Forecast(NamedTuple):
    """table: rows of forecast.csv; members [K, N] each member's prediction in the table's order, in units."""

    table: pd.DataFrame
    members: np.ndarray


def forecast(ensemble: Ensemble, future: pd.DataFrame | None = None, *, round_number: int = 0) -> Forecast:
    """Rows ``round, date, store, product, units, prediction, prediction_mape, p10, p90``, by store, product, date.

    Args:
        future: rows ``date, product, store, price``, promotion columns and perhaps traffic and ``units``
            (what came, for judging), all within the model's horizon; None = every series in every period of the
            horizon at its last price.

    Raises:
        InputError: rows of the future lie outside the horizon or the model does not know their series.
    """
    inputs = ensemble.inputs
    log_price, promotions, traffic = (np.array(part) for part in (inputs.log_price, inputs.promotions, inputs.traffic))
    came = np.nan
    if future is None:
        row, period = (axis.ravel() for axis in np.indices((len(ensemble.series), len(ensemble.periods))))
    else:
        row, period = _places(ensemble, future)
        at = (row, ensemble.window + period)
        log_price[at] = np.log(future["price"].to_numpy() / ensemble.spec.reference_price[row])
        if ensemble.promotion_names:
            promotions[at] = future[list(ensemble.promotion_names)].to_numpy(np.float32)
        traffic[at] = traffic_of(ensemble, future, *at)
        came = future["units"].to_numpy(np.float64) if "units" in future else np.nan
    asked = inputs._replace(log_price=log_price, promotions=promotions, traffic=traffic)
    units = predict(ensemble.groups, ensemble.sizes, asked, leads(ensemble))[:, ensemble.window + period, row]
    phi, scale, spec = ensemble.dispersion[row], ensemble.spec.units_scale, ensemble.spec
    forecasting = units[forecasts_units(ensemble.groups)]
    classes = DemandClasses(spec.class_edges, spec.class_means, spec.level[row], phi)
    prediction = np.asarray(combine(forecasting, ensemble.aggregation, classes), np.float64)
    prediction = _with_anchor(ensemble, asked, prediction, (period, row))
    low, high = interval(prediction[None] * scale, phi)
    least = least_percentage(units, forecasts_percentages(ensemble.groups), prediction)
    table = pd.DataFrame(
        {
            "round": round_number,
            "date": ensemble.periods[period],
            "store": ensemble.series["store"].to_numpy()[row],
            "product": ensemble.series["product"].to_numpy()[row],
            "units": came,
            "prediction": prediction * scale,
            "prediction_mape": least * ensemble.percentage_ratio[row] * scale,
            "p10": low,
            "p90": high,
        }
    )
    order = table.sort_values(["store", "product", "date"]).index
    return Forecast(table.loc[order].reset_index(drop=True), units[:, order] * scale)


def _with_anchor(
    ensemble: Ensemble, inputs: Inputs, prediction: np.ndarray, at: tuple[np.ndarray, np.ndarray]
) -> np.ndarray:
    """The networks' prediction [N] of cells `at` (period, row) with the anchor's share in it."""
    if ensemble.anchor is None or not ensemble.anchor_share:
        return prediction
    log_prices = inputs.log_price + np.log(ensemble.spec.reference_price)[:, None]
    context = ensemble.anchor.following(ensemble.periods, log_prices, inputs.promotions)
    asked = slice(ensemble.window, None)
    units = ensemble.anchor.units(log_prices[:, asked].T, context, inputs.traffic[:, asked].T)[at]
    share = ensemble.anchor_share
    return (1 - share) * prediction + share * units / ensemble.spec.units_scale


def _places(ensemble: Ensemble, future: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    row = series_of(ensemble, future)
    period = ensemble.periods.get_indexer(pd.DatetimeIndex(future["date"]))
    first, last = (str(ensemble.periods[at].date()) for at in (0, -1))
    problems = [
        Problem(
            "outside-horizon",
            f"the model forecasts the periods {first} to {last}",
            "Leave the row out, or train with a larger training.leads",
            file="future",
            column="date",
            value=str(pd.Timestamp(date).date()),
            product=str(product),
        )
        for date, product, at in zip(future["date"], future["product"], period, strict=True)
        if at < 0
    ]
    problems += [
        Problem("no-history", "the model has no such product in this store", "Leave the row out", file="future",
                column="product", value=str(store), product=str(product))
        for store, product, at in zip(future["store"], future["product"], row, strict=True)
        if at < 0
    ]  # fmt: skip
    if problems:
        raise InputError(problems)
    return row, period
