"""Heads whose products touch each other through prices alone: elasticity and linear. Not for priors or fitting.

y_j = −own_j f_λ(z_j) + Σ_k x_jk f_λ(z_k), x ≥ 0;  elasticity: log units = level + V + y;  linear (λ = 1): units fall
in y itself, softly above zero. Arrays [..., J]; a structure is of one block and one draw.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp

TINY = 1e-30
SHARP, FLOOR = 20.0, 1e-3  # of the soft plus that keeps linear demand positive


def curve(z: jax.Array, bend: jax.Array) -> jax.Array:
    """f_λ(z) = (e^{λz} − 1)/λ (Box & Cox 1964), by its series z + λz²/2 where λ is tiny."""
    tiny = jnp.abs(bend) < 1e-3
    safe = jnp.where(tiny, 1.0, bend)
    return jnp.where(tiny, z + 0.5 * bend * z * z, jnp.expm1(safe * z) / safe)


def own_effect(shared: dict, dev: jax.Array, block) -> jax.Array:
    """[J] own_j = exp(k0 + k1 · dearness + dev_j)."""
    return jnp.exp(shared["own"] + shared["dearness"] * block.dearness + dev)


def structure(shared: dict, dev: jax.Array, cross: jax.Array, block) -> dict:
    """own [J] > 0, cross [J, J] >= 0 with diagonal 0, bend []."""
    usual = jnp.where(block.same, shared["inside"], shared["outside_group"])
    return {
        "own": own_effect(shared, dev, block),
        "cross": jnp.exp(usual + cross) * block.rivals,
        "bend": shared.get("bend", jnp.ones(())),
    }


def homogeneous(structure: dict, competitor: jax.Array) -> dict:
    """The structure with cross effects no larger than leave all prices together, the competitor's [J, C] too, nothing
    to sell more by: demand that only relative prices and incomes move cannot rise when everything becomes dearer."""
    room = jnp.maximum(structure["own"] - competitor.sum(-1), 0.0)
    total = structure["cross"].sum(-1)
    return structure | {"cross": structure["cross"] * jnp.minimum(1.0, room / jnp.maximum(total, 1e-9))[:, None]}


def _index(s: dict, z: jax.Array) -> jax.Array:
    effect = curve(z, s["bend"])
    return jnp.einsum("...k,jk->...j", effect, s["cross"]) - s["own"] * effect


def _log_linear(y: jax.Array) -> jax.Array:
    """Log of 1 + y, soft above zero, 0 at y = 0."""

    def log_soft(value):
        return jnp.log(jax.nn.softplus(SHARP * (1 + value)) / SHARP + FLOOR)

    return log_soft(y) - log_soft(jnp.zeros(()))


def elasticity_units(s: dict, block, log_level: jax.Array, z: jax.Array, shift: jax.Array) -> jax.Array:
    """Log units at z, demand shifted by V = `shift` in log units."""
    return log_level + shift + _index(s, z)


def diverted_units(s: dict, block, log_level: jax.Array, z: jax.Array, shift: jax.Array) -> jax.Array:
    """elasticity_units where prices are asked that history need not have seen: products that gain because rivals became
    dearer gain together no more than the dearer ones lost. Constant cross effects would let them gain many times that.
    """
    effect = curve(z, s["bend"])
    usual, own = log_level + shift, -s["own"] * effect
    cross = jnp.einsum("...k,jk->...j", effect, s["cross"])
    alone, gain = jnp.exp(usual + own), jnp.expm1(cross)
    lost = jnp.sum(jnp.maximum(jnp.exp(usual) - alone, 0), -1, keepdims=True)
    gained = jnp.sum(alone * jnp.maximum(gain, 0), -1, keepdims=True)
    room = jnp.minimum(1.0, lost / jnp.maximum(gained, TINY))
    return usual + own + jnp.where(gain > 0, jnp.log1p(jnp.maximum(gain, 0) * room), cross)


def linear_units(s: dict, block, log_level: jax.Array, z: jax.Array, shift: jax.Array) -> jax.Array:
    """Log units at z, demand shifted by V = `shift` in log units."""
    return log_level + shift + _log_linear(_index(s, z))
