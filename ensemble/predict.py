"""Compiled inference: forecasts at the prices in the inputs, and responses for the search.

Not for training, noise or aggregation. Series run in bins, so that memory does not grow with the table.
Axes: K members, T periods, S series, B bins of N series.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from data_io.features import Inputs
from ensemble import forms
from ensemble.batches import Bins, pack, take, with_padding
from ensemble.member import Structure, forecast, structure
from ensemble.member import respond as respond_one
from ensemble.types import Group, Sizes

BIN_SERIES = 128  # at most


def predict(groups: tuple[Group, ...], sizes: Sizes, inputs: Inputs, lead: np.ndarray) -> np.ndarray:
    """Expected (scaled) units [K, T, S] at the prices and promotions in `inputs`; lead [T] periods since the last
    known sale."""
    bins = pack(np.asarray(inputs.choice_set), min(BIN_SERIES, len(inputs.choice_set)))
    asked = jax.tree.map(jnp.asarray, (with_padding(inputs), bins, lead))
    found = np.concatenate([part for group in groups for part in in_bins(group, sizes, *asked)])  # [K, B, T, N]
    units = np.zeros((len(found), found.shape[2], len(inputs.level) + 1), np.float32)
    units[:, :, bins.rows] = np.moveaxis(found, 1, 2)
    return units[..., :-1]


def in_bins(group: Group, sizes: Sizes, padded: Inputs, bins: Bins, lead: jax.Array) -> list[jax.Array]:
    """predict() of one group from inputs with padding: per block of members units [k, B, T, N]."""
    member = structure(group.body, group.head, sizes, group.loss)

    def one(block: slice) -> jax.Array:
        return _predict(member, block.stop - block.start, group.parameters, block.start, padded, bins, lead)

    return forms.run(one, forms.blocks(group.members, rows=bins.rows.size * len(lead)))


@partial(jax.jit, static_argnums=(0, 1))
def _predict(member: Structure, members: int, parameters, first, inputs: Inputs, bins: Bins, lead):
    own = jax.tree.map(lambda leaf: jax.lax.dynamic_slice_in_dim(leaf, first, members), parameters)
    return forms.over_members(lambda one: member_bins(member, one, inputs, *bins, lead), own)


def member_bins(member: Structure, parameters, inputs: Inputs, rows, sets, lead) -> jax.Array:
    """One member's units [B, T, N], not compiled."""

    def run(batch):
        return jnp.exp(forecast(member, parameters, take(inputs, *batch), lead, rows.shape[1]))

    return jax.lax.map(run, (rows, sets))


def respond(group: Group, sizes: Sizes, inputs: Inputs, lead: np.ndarray) -> Any:
    """The group's responses; every leaf begins with the axis K, those over time go on with T."""
    member = structure(group.body, group.head, sizes, group.loss)
    return _respond(member, group.parameters, jax.tree.map(jnp.asarray, inputs), jnp.asarray(lead))


@partial(jax.jit, static_argnums=0)
def _respond(member: Structure, parameters, inputs: Inputs, lead):
    return jax.vmap(lambda one: respond_one(member, one, inputs, lead))(parameters)
