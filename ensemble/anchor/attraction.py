"""Heads whose products share a store's shoppers, who may also buy nothing: nested attraction and latent classes.

Both are written from the shares at the reference prices, so that neither intercepts nor the market size are needed:
Q_j units at the reference, buying nothing a share s0 of N = Σ Q / (1 − s0) shoppers. Arrays [..., J].

Nested: utilities move by a_j = V_j − own_j f_λ(z_j); with q the shares of units at the reference,
D_g = log Σ_{k in g} q_k e^{a_k} − log Σ_{k in g} q_k and q_g = Σ_{k in g} q_k,
log units = log Q_j + a_j − σ D_g − log(s0 + (1 − s0) Σ_g q_g e^{(1 − σ) D_g}).

Classes: w_c of the shoppers weigh prices m_c times (Σ w m = 1) and have tastes for groups (Σ w taste = 0), each class a
nested logit with the same σ. At the reference prices they already differ by −κ (m_c − 1) own_j: who minds prices buys
what is cheap or nothing (κ = 1 if utility is linear in price). The utilities that give Q at the reference prices are
found by Berry's contraction (Berry, Levinsohn & Pakes 1995); what it leaves is added to log units.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

from ensemble.anchor.separable import curve, own_effect

CONTRACTIONS = 10
TINY = 1e-30


def nested_structure(shared: dict, dev: jax.Array, cross, block) -> dict:
    """own [J] > 0, bend [], outside [] = s0, nest [] = σ."""
    return {
        "own": own_effect(shared, dev, block),
        "bend": shared["bend"],
        "outside": jax.nn.sigmoid(shared["outside"]),
        "nest": jax.nn.sigmoid(shared["nest"]),
    }


def class_structure(shared: dict, dev: jax.Array, cross, block) -> dict:
    """own [J] > 0, bend [], outside [] = s0, nest [] = σ, chance [C], multiple [C], taste [C, J]."""
    chance = jax.nn.softmax(shared["chance"])
    multiple = jnp.exp(shared["spread"])
    multiple = multiple / (chance @ multiple)
    taste = shared["taste"].reshape(len(chance), -1)
    own = own_effect(shared, dev, block)
    return {
        "own": own,
        "bend": shared["bend"],
        "outside": jax.nn.sigmoid(shared["outside"]),
        "nest": jax.nn.sigmoid(shared["nest"]),
        "chance": chance,
        "multiple": multiple,
        "taste": (taste - chance @ taste) @ block.group.T - shared["sorting"] * jnp.outer(multiple - 1, own),
    }


def nested_units(s: dict, block, log_level: jax.Array, z: jax.Array, shift: jax.Array) -> jax.Array:
    """Log units at z, utilities shifted by V = `shift`."""
    return _nested(s, block, log_level, shift - s["own"] * curve(z, s["bend"]), s["outside"])


def class_units(s: dict, block, log_level: jax.Array, z: jax.Array, shift: jax.Array) -> jax.Array:
    """Log units at z, utilities shifted by V = `shift`."""
    s = s | class_utilities(s, block, log_level)
    return s["left"] + _log_shares(s, block, s["utility"] + shift, s["own"] * curve(z, s["bend"]))


def class_utilities(s: dict, block, log_level: jax.Array) -> dict:
    """utility [..., J] at the reference prices, and left, what the contraction leaves of log units; those that the
    structure holds already, where it does."""
    if "utility" in s:
        return {name: s[name] for name in ("utility", "left")}
    outside, nest = s["outside"], s["nest"]
    log_share = jax.nn.log_softmax(log_level, -1) + jnp.log1p(-outside)
    none = jnp.zeros_like(log_level)
    utility = log_share - jnp.log(outside)
    utility = utility + nest / (1 - nest) * (_inclusive(utility, block) @ block.group.T)  # if shoppers did not differ
    utility = jax.lax.fori_loop(
        0, CONTRACTIONS, lambda _, at: at + log_share - _log_shares(s, block, at, none), utility
    )
    return {"utility": utility, "left": log_level - _log_shares(s, block, utility, none)}


def _nested(s: dict, block, base: jax.Array, move: jax.Array, outside: jax.Array) -> jax.Array:
    q = jax.nn.softmax(base, -1)
    top = jax.lax.stop_gradient(jnp.max(move, -1, keepdims=True))  # it cancels; a compiled maximum may tie with none
    before = q @ block.group
    after = (q * jnp.exp(move - top)) @ block.group
    inclusive = jnp.where(before > TINY, jnp.log(after + TINY) - jnp.log(before + TINY), 0.0) + top
    sold = jnp.sum(before * jnp.exp((1 - s["nest"]) * inclusive), -1, keepdims=True)
    return base + move - s["nest"] * (inclusive @ block.group.T) - jnp.log(outside + (1 - outside) * sold)


def _inclusive(each: jax.Array, block) -> jax.Array:
    """[..., G] D_g = log Σ_{k in g} e^{u_k}."""
    top = jax.lax.stop_gradient(jnp.max(each, -1, keepdims=True))
    return jnp.log(jnp.exp(each - top) @ block.group + TINY) + top


def _log_shares(s: dict, block, utility: jax.Array, price: jax.Array) -> jax.Array:
    """[..., J] log share of all shoppers that buys each product."""
    nest = s["nest"]
    each = utility[..., None, :] + s["taste"] - s["multiple"][:, None] * price[..., None, :]
    value = _inclusive(each, block)
    sold = (1 - nest) * value
    top = jax.lax.stop_gradient(jnp.maximum(jnp.max(sold, -1, keepdims=True), 0))
    log_sum = top + jnp.log(jnp.exp(-top) + jnp.sum(jnp.exp(sold - top), -1, keepdims=True))
    log_chance = jnp.log(s["chance"])[:, None]
    return jax.nn.logsumexp(each - nest * (value @ block.group.T) - log_sum + log_chance, -2)
