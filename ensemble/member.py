"""One member: a body and a head. Pure functions of (parameters, inputs) on top of flax's modules."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jax
from flax import nnx

from data_io.features import Inputs
from ensemble.bodies import BODIES
from ensemble.heads.elasticity import ElasticityHead, Response, log_units
from ensemble.types import Sizes

HEADS = {"elasticity": ElasticityHead}


class Member(nnx.Module):
    """Body and head; its parameters are what training changes."""

    def __init__(self, body: str, head: str, sizes: Sizes, *, rngs: nnx.Rngs):
        self.body = BODIES[body](sizes, rngs=rngs)
        self.head = HEADS[head](sizes, rngs=rngs)

    def respond(self, inputs: Inputs, lead: jax.Array) -> Response:
        """The response of every series in every period; lead [T]."""
        return self.head(self.body(inputs, lead), inputs)


@lru_cache(maxsize=32)
def graph(body: str, head: str, sizes: Sizes) -> Any:
    """The member's static structure, cached so that equal members share compiled code."""
    return nnx.split(nnx.eval_shape(lambda: Member(body, head, sizes, rngs=nnx.Rngs(0))))[0]


def initial(key: jax.Array, body: str, head: str, sizes: Sizes) -> Any:
    """Fresh parameters of one member: a pure function of its key."""
    return nnx.split(Member(body, head, sizes, rngs=nnx.Rngs(key)))[1]


def responses(structure: Any, parameters: Any, inputs: Inputs, lead: jax.Array) -> Response:
    """One member's Response for all series and periods."""
    return nnx.merge(structure, parameters).respond(inputs, lead)


def forecast(structure: Any, parameters: Any, inputs: Inputs, lead: jax.Array, sets: int) -> jax.Array:
    """One member's log expected (scaled) units [T, S] at the prices in `inputs`."""
    response = responses(structure, parameters, inputs, lead)
    return log_units(response, inputs.log_price.T, inputs.weight, inputs.choice_set, sets)


def penalty(structure: Any, parameters: Any) -> jax.Array:
    """Negative log prior of one member's head."""
    return nnx.merge(structure, parameters).head.penalty()


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
