"""One member: a body and a head. Pure functions of (parameters, inputs) on top of flax's modules."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import nnx

from data_io.features import Inputs
from ensemble.bodies import BODIES
from ensemble.heads.base import Prices, baseline_layer
from ensemble.heads.registry import HEADS
from ensemble.losses import HURDLE, LOSSES, at_least, class_at_least, cross_entropy, hurdle, hurdle_at_least
from ensemble.types import Sizes

ZEROS_START = -2.0  # logit


class Zeros(nnx.Module):
    """Logits of the chance that nothing sells: from the context, and falling with the expected units."""

    def __init__(self, sizes: Sizes, *, rngs: nnx.Rngs):
        self.layer = baseline_layer(sizes, 1, rngs)
        self.fall = nnx.Param(jnp.zeros(()))

    def __call__(self, context: jax.Array, log_mean: jax.Array) -> jax.Array:
        """[T, S] from context [T, S, H] and log expected units [T, S]."""
        return self.layer(context)[..., 0] + ZEROS_START - nnx.softplus(self.fall[...]) * log_mean


class Member(nnx.Module):
    """Body and head, and of a hurdle the chance of zeros; its parameters are what training changes."""

    def __init__(self, body: str, head: str, sizes: Sizes, loss: str, *, rngs: nnx.Rngs):
        self.body = BODIES[body](sizes, rngs=rngs)
        self.head = HEADS[head].module(sizes, rngs=rngs)
        self.zeros = Zeros(sizes, rngs=rngs) if loss == HURDLE else None

    def respond(self, inputs: Inputs, lead: jax.Array) -> Any:
        """The response of every series in every period; lead [T]."""
        return self.head(self.body(inputs, lead), inputs)


class Structure(NamedTuple):
    """A member without its parameters: hashable, so that equal members share compiled code."""

    body: str
    head: str
    loss: str
    graph: Any


@lru_cache(maxsize=64)
def structure(body: str, head: str, sizes: Sizes, loss: str) -> Structure:
    """The structure of members of this body, head, sizes and loss."""
    member = nnx.eval_shape(lambda: Member(body, head, sizes, loss, rngs=nnx.Rngs(0)))
    return Structure(body, head, loss, nnx.split(member)[0])


def initial(key: jax.Array, body: str, head: str, sizes: Sizes, loss: str) -> Any:
    """Fresh parameters of one member: a pure function of its key."""
    return nnx.split(Member(body, head, sizes, loss, rngs=nnx.Rngs(key)))[1]


def respond(member: Structure, parameters: Any, inputs: Inputs, lead: jax.Array) -> Any:
    """One member's response for all series and periods."""
    return nnx.merge(member.graph, parameters).respond(inputs, lead)


def forecast(member: Structure, parameters: Any, inputs: Inputs, lead: jax.Array, sets: int) -> jax.Array:
    """One member's log expected (scaled) units [T, S] at the prices and the traffic in `inputs`; heads know
    those at the usual traffic."""
    found = HEADS[member.head].log_units(respond(member, parameters, inputs, lead), prices_of(inputs, sets))
    return found + inputs.traffic.T


def row_loss(member: Structure, parameters: Any, inputs: Inputs, lead: jax.Array, sets: int) -> jax.Array:
    """One member's loss per row [T, S]; heads over classes have cross-entropy, the others its own loss. Rows that
    sold out have the one-sided kind."""
    kind, whole = HEADS[member.head], nnx.merge(member.graph, parameters)
    context = whole.body(inputs, lead)
    response = whole.head(context, inputs)
    if kind.logits is not None:
        rows = kind.logits(response, prices_of(inputs, sets)), inputs.demand_class.T
        exact, censored = cross_entropy(*rows), class_at_least(*rows)
    else:
        rows = kind.log_units(response, prices_of(inputs, sets)) + inputs.traffic.T, inputs.units.T
        if whole.zeros is not None:
            logits = whole.zeros(context, rows[0])
            exact, censored = hurdle(*rows, logits), hurdle_at_least(*rows, logits)
        else:
            exact, censored = LOSSES[member.loss](*rows), at_least(member.loss, *rows)
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
