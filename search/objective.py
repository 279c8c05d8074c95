"""What a unit sold is worth, and the risk-adjusted gain over holding prices. Not for rules."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np


def net_price(prices: Any, tax_rate: Any, fee_rate: Any) -> Any:
    """Prices [...] -> what the retailer keeps of them: price / (1 + tax_rate) × (1 - fee_rate)."""
    return prices / (1 + tax_rate) * (1 - fee_rate)


def unit_value(name: str, prices: jax.Array, cost: jax.Array, tax_rate: jax.Array, fee_rate: jax.Array) -> jax.Array:
    """Prices [..., S] and costs [S] -> what one unit sold adds to the objective [..., S], in money or units.

    An unknown cost (NaN, possible only for held offers) takes the offer out of the profit.
    """
    array = prices.__array_namespace__()  # numpy's or JAX's
    if name == "profit":
        known = ~array.isnan(cost)
        margin = net_price(prices, tax_rate, fee_rate) - array.where(known, cost, 0.0)
        return array.where(known, margin, 0.0)
    if name == "revenue":
        return prices / (1 + tax_rate)
    return array.ones_like(prices)


def paired_gain(sold: jax.Array, worth: jax.Array, sold_hold: jax.Array, worth_hold: jax.Array) -> jax.Array:
    """Gain over holding prices per member and candidate [K, P], from sales [K, P, S] and unit values [P, S].

    Summed as differences per offer: in float32 a total over thousands of offers would swallow the small gain.
    """
    return jnp.sum(sold * worth - sold_hold[:, None, :] * worth_hold, axis=-1)


def risk_adjusted(
    gain: jax.Array, risk: jax.Array, groups: tuple[int, ...] | None = None, tail: float | None = None
) -> jax.Array:
    """Gains [K, P] -> mean - risk × standard deviation over the members [P], with finite gradients at zero spread.

    With groups [K] it is the least of the groups' mean gains instead; with a tail, the mean of that share of the
    members that gain least (conditional value at risk, Rockafellar & Uryasev 2000), the last of them counted in part.
    """
    if groups is not None:
        number = np.asarray(groups)
        return jnp.stack([gain[number == group].mean(0) for group in np.unique(number)]).min(0)
    if tail is not None:
        size = tail * len(gain)
        part = np.clip(size - np.arange(len(gain)), 0, 1) / size
        return jnp.tensordot(jnp.asarray(part, gain.dtype), jnp.sort(gain, axis=0), 1)
    variance = jnp.var(gain, axis=0)
    spread = jnp.sqrt(jnp.where(variance > 0, variance, 1.0))
    return jnp.mean(gain, axis=0) - risk * jnp.where(variance > 0, spread, 0.0)
