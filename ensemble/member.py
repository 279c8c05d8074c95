"""One member: a body and a head. Pure functions of (parameters, inputs) on top of flax's modules."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from data_io.features import Inputs
from ensemble.bodies import BODIES
from ensemble.heads.base import Prices
from ensemble.heads.registry import HEADS
from ensemble.losses import LOSSES, at_least, class_at_least, cross_entropy
from ensemble.types import Sizes


class Member(nnx.Module):
    """Body and head; its parameters are what training changes."""

    def __init__(self, body: str, head: str, sizes: Sizes, *, rngs: nnx.Rngs):
        self.body = BODIES[body](sizes, rngs=rngs)
        self.head = HEADS[head].module(sizes, rngs=rngs)

    def respond(self, inputs: Inputs, lead: jax.Array) -> Any:
        """The response of every series in every period; lead [T]."""
        return self.head(self.body(inputs, lead), inputs)


class Structure(NamedTuple):
    """A member without its parameters: hashable, so that equal members share compiled code."""

    body: str
    head: str
    graph: Any


@lru_cache(maxsize=64)
def structure(body: str, head: str, sizes: Sizes) -> Structure:
    """The structure of members of this body, head and sizes."""
    return Structure(body, head, nnx.split(nnx.eval_shape(lambda: Member(body, head, sizes, rngs=nnx.Rngs(0))))[0])


def initial(key: jax.Array, body: str, head: str, sizes: Sizes) -> Any:
    """Fresh parameters of one member: a pure function of its key."""
    return nnx.split(Member(body, head, sizes, rngs=nnx.Rngs(key)))[1]


def respond(member: Structure, parameters: Any, inputs: Inputs, lead: jax.Array) -> Any:
    """One member's response for all series and periods."""
    return nnx.merge(member.graph, parameters).respond(inputs, lead)


def forecast(member: Structure, parameters: Any, inputs: Inputs, lead: jax.Array, sets: int) -> jax.Array:
    """One member's log expected (scaled) units [T, S] at the prices and the traffic in `inputs`; heads know
    those at the usual traffic."""
    found = HEADS[member.head].log_units(respond(member, parameters, inputs, lead), prices_of(inputs, sets))
    return found + inputs.traffic.T


def row_loss(member: Structure, parameters: Any, inputs: Inputs, lead: jax.Array, sets: int, loss: str) -> jax.Array:
    """One member's loss per row [T, S]; heads over classes have cross-entropy, the others the loss named. Rows that
    sold out have its one-sided kind."""
    kind, response = HEADS[member.head], respond(member, parameters, inputs, lead)
    if kind.logits is not None:
        rows = kind.logits(response, prices_of(inputs, sets)), inputs.demand_class.T
        exact, censored = cross_entropy(*rows), class_at_least(*rows)
    else:
        rows = kind.log_units(response, prices_of(inputs, sets)) + inputs.traffic.T, inputs.units.T
        exact, censored = LOSSES[loss](*rows), at_least(loss, *rows)
    return jnp.where(inputs.censored.T > 0, censored, exact)


def penalty(member: Structure, parameters: Any) -> jax.Array:
    """Negative log prior of one member's head."""
    return nnx.merge(member.graph, parameters).head.penalty()


def prices_of(inputs: Inputs, sets: int) -> Prices:
    """The prices in `inputs`, periods as candidates [T, S]."""
    return Prices(inputs.log_price.T, inputs.weight, inputs.choice_set, jnp.zeros(sets), inputs.class_means)


def decays(parameters: Any) -> Any:
    """1 where weight decay applies (kernels and embeddings), else 0: biases, and the head's terms with priors."""
    return _marked(parameters, ("kernel", "embedding"))


def hierarchical(parameters: Any) -> Any:
    """1 for the head's few terms with priors, else 0."""
    network = _marked(parameters, ("body", "kernel", "bias"))
    return jax.tree.map(lambda mark: 1.0 - mark, network)


def _marked(parameters: Any, words: tuple[str, ...]) -> Any:
    return jax.tree_util.tree_map_with_path(
        lambda path, _: float(any(word in jax.tree_util.keystr(path) for word in words)), parameters
    )
