"""Which offers change their price, for joint rules that count changes. A rule of its own this is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from search.money import Money


def change_aids(offers: pd.DataFrame, decision: np.ndarray, decimals: int) -> dict[str, np.ndarray]:
    """kept: [S] prices of unchanged offers. priced: [S], 1 where the offer is not held. As JointRule.aids."""
    money = Money(decimals)
    kept = money.price(money.minor(offers["current_price"].to_numpy()))
    return {"kept": kept, "priced": (decision >= 0).astype(np.float64)}


def changed_and_priced(view: Any) -> tuple[Any, Any]:
    """[P, G] changed offers and [G] priced ones; the rule's aids are (also) change_aids."""
    import jax.numpy as jnp

    priced = view.aids["priced"]
    return view.totals(jnp.where(view.prices != view.aids["kept"], priced, 0.0)), view.totals(priced)
