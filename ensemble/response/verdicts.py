"""Verdicts per product: does the history say enough about its price response to move its price, and how far?

`power` looks only at prices, never at sales: identified, weak or none. `exogeneity` is `tested` where a strong
instrument finds that prices did not follow demand, else `assumed`. Both and the red flags lead to a `tier`: full
move, small move, or hold. Not for the figures themselves: see identification.
"""

from __future__ import annotations

import pandas as pd
from scipy import stats

from data_io.traffic import at_usual_traffic
from data_io.types import SalesPanel
from ensemble.response.experiment import designs
from ensemble.response.identification import identification
from ensemble.response.instrument import STRONG

LEAST_ROWS, LEAST_PERIODS = 24, 12
LEAST_POINTS = 5  # distinct prices (to a half per cent)
LEAST_SPREAD = 0.03  # residual sd of log price on series means, season, trend and promotions
MOST_EXPLAINED = 0.95  # R² of log price on those controls
TIERS = {"identified": "full", "weak": "small", "none": "hold"}
DOUBT = 0.005  # two-sided p below which a test counts: clustered errors are a little small, tests are many
FORESIGHT_DOUBT = 0.001  # the same for next period's price: a false alarm all but fixes a price
WRONG_SIGN = 2.0  # standard errors above 0
MOST_PLACEBO = 0.25  # of the elasticity; the response errs by at most about twice what the placebo finds


def verdicts(panel: SalesPanel, *, corrected: bool = False) -> pd.DataFrame:
    """One row per product: product, power, exogeneity, tier, reason (why this tier, and what else was seen),
    exogeneity_reason, test_design, then identification's figures.

    Args:
        corrected: whether the price response corrects for prices that followed demand with costs as instrument;
            such products then keep the tier full.
    """
    table = identification(at_usual_traffic(panel))
    rows = [_judge(row, corrected) for row in table.to_dict("records")]
    judged = pd.DataFrame(rows, columns=["power", "exogeneity", "tier", "reason", "exogeneity_reason"])
    judged["test_design"] = designs(table, judged["tier"], panel.frequency)
    return pd.concat([table[["product"]], judged, table.drop(columns="product")], axis=1)


def significant(t: float, periods: int, doubt: float = DOUBT) -> bool:
    """Whether t, of an error clustered by this many periods, is beyond chance; NaN is not."""
    return bool(periods > 1 and abs(t) > stats.t.isf(doubt / 2, periods - 1))


def _judge(found: dict, corrected: bool) -> dict[str, str]:
    power, texts = _power(found)
    exogeneity, why, rejected = _exogeneity(found, corrected) if power != "none" else ("assumed", "", False)
    mended = corrected and rejected
    flags = _red_flags(found, rejected, mended) if power != "none" else []
    texts += flags
    if mended:
        texts.append("prices followed demand; corrected with costs as instrument")
    if power != "none" and _foretells(found) and _minor(found):
        size = f"{abs(found['lead']):.1f}"
        texts.append(f"the response may be off by some {size}: so much next period's price foretells")
    if power == "identified" and found["lag"] > 0 and significant(found["lag_t"], found["lead_periods"]):
        texts.append(f"shoppers seem to stock up on deals (last period's price enters at {found['lag']:+.2f})")
    return {
        "power": power,
        "exogeneity": exogeneity,
        "tier": "small" if power == "identified" and flags else TIERS[power],
        "reason": "; ".join(texts),
        "exogeneity_reason": why,
    }


def _power(found: dict) -> tuple[str, list[str]]:
    """The power, and what is short of what is needed."""
    points, spread, explained = found["price_points"], found["residual_sd"], found["explained"]
    short = []
    if points < LEAST_POINTS:
        short.append(f"{points} price point{'s' if points != 1 else ''} (at least {LEAST_POINTS} needed)")
    if spread < LEAST_SPREAD:
        short.append(f"residual price variation {spread:.1%} (at least {LEAST_SPREAD:.0%} needed)")
    if explained > MOST_EXPLAINED:
        short.append(f"season and promotions explain {explained:.0%} of the price")
    few_periods, few_rows = found["periods"] < LEAST_PERIODS, found["rows"] < LEAST_ROWS
    if few_periods:
        short.insert(0, f"{found['periods']} periods of sales (at least {LEAST_PERIODS} needed)")
    elif few_rows:
        short.insert(0, f"{found['rows']} rows of sales (at least {LEAST_ROWS} needed)")
    if points < 2 or few_periods or few_rows or spread < 0.2 * LEAST_SPREAD:
        return "none", short
    return "weak" if short else "identified", short


def _exogeneity(found: dict, corrected: bool) -> tuple[str, str, bool]:
    """tested or assumed, why in words, and whether a strong instrument rejects that prices ignored demand."""
    robustness = found["robustness_value"]
    undone = f"; an unseen cause of {robustness:.0%} of what is left of both price and sales would undo the response"
    unseen = undone if robustness == robustness else ""
    strength = found["first_stage_f"]
    if not strength >= STRONG:
        missing = "no costs that vary on their own between stores"
        weak = missing if strength != strength else f"costs are a weak instrument (F {strength:.1f}, needs {STRONG})"
        return "assumed", f"not tested: {weak}{unseen}", False
    pair = (
        f"elasticity {found['ols_elasticity']:.1f} as observed, {found['iv_elasticity']:.1f} where costs moved prices"
        f" (F {strength:.0f})"
    )
    if not significant(found["hausman_t"], found["iv_periods"]):
        return "tested", f"costs show no sign that prices followed demand: {pair}{unseen}", False
    return "tested" if corrected else "assumed", f"rejected by costs: {pair}", True


def _foretells(found: dict) -> bool:
    return significant(found["lead_t"], found["lead_periods"], FORESIGHT_DOUBT)


def _minor(found: dict) -> bool:
    """Whether what the next period's price foretells is small beside the response.

    Where prices follow last period's demand, a shock that lasts with share r from period to period leaves its trace on
    the next period's price, and r times that on this period's; blocks of periods take part of both.
    """
    return abs(found["lead"]) < MOST_PLACEBO * abs(found["elasticity"])


def _red_flags(found: dict, rejected: bool, mended: bool) -> list[str]:
    """Signs that the slope is not a response to prices."""
    flags = [] if mended or not rejected else ["prices followed demand"]
    if _foretells(found) and not _minor(found):
        size = f"{found['lead']:+.1f}, t {found['lead_t']:+.1f}"
        flags.append(f"next period's price foretells this period's sales ({size})")
    name, error = ("iv_elasticity", "iv_se") if mended else ("elasticity", "elasticity_se")
    if found[name] > WRONG_SIGN * found[error]:
        flags.append(f"wrong sign: sales rise with the price (elasticity {found[name]:+.1f})")
    return flags
