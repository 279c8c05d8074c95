"""Jitted, vmapped inference: forecasts at the prices in the inputs, and responses for the search.

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
from ensemble.batches import pack, take, with_padding
from ensemble.member import Structure, forecast, structure
from ensemble.member import respond as respond_one
from ensemble.types import Group, Sizes

BIN_SERIES = 128


def predict(groups: tuple[Group, ...], sizes: Sizes, inputs: Inputs, lead: np.ndarray) -> np.ndarray:
    """Expected (scaled) units [K, T, S] at the prices and promotions in `inputs`; lead [T] periods since the last
    known sale."""
    bins = pack(np.asarray(inputs.choice_set), BIN_SERIES)
    padded = jax.tree.map(jnp.asarray, with_padding(inputs))
    parts = [
        np.asarray(
            _predict(structure(group.body, group.head, sizes), group.parameters, padded, bins.rows, bins.sets, lead)
        )
        for group in groups
    ]
    found = np.concatenate(parts)  # [K, B, T, N]
    units = np.zeros((len(found), found.shape[2], len(inputs.level) + 1), np.float32)
    units[:, :, bins.rows] = np.moveaxis(found, 1, 2)
    return units[..., :-1]


@partial(jax.jit, static_argnums=0)
def _predict(member: Structure, parameters, inputs: Inputs, rows, sets, lead):
    def one(parameters):
        def run(batch):
            return jnp.exp(forecast(member, parameters, take(inputs, *batch), lead, rows.shape[1]))

        return jax.lax.map(run, (rows, sets))

    return jax.vmap(one)(parameters)


def respond(group: Group, sizes: Sizes, inputs: Inputs, lead: np.ndarray) -> Any:
    """The group's responses; every leaf begins with the axis K, those over time go on with T."""
    member = structure(group.body, group.head, sizes)
    return _respond(member, group.parameters, jax.tree.map(jnp.asarray, inputs), jnp.asarray(lead))


@partial(jax.jit, static_argnums=0)
def _respond(member: Structure, parameters, inputs: Inputs, lead):
    return jax.vmap(lambda one: respond_one(member, one, inputs, lead))(parameters)
