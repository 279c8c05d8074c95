"""The table of optimisers by name. To add one: its module and its line here; one table of tests covers all."""

from __future__ import annotations

import difflib
from functools import partial

from data_io.errors import ConfigError
from search import exact, genetic, gradient, random_search
from search.settings import SearchSettings
from search.types import Optimiser

_GRADIENT = ("starts", "steps", "learning_rate", "population", "block")
_EVOLUTION = ("generations", "patience", "crossover", "mutation", "tournament", "elite", "seeds", *_GRADIENT)
OPTIMISERS = {
    "genetic": (
        genetic.optimise,
        (*_EVOLUTION, "refine", "checkpoint", "checkpoint_every"),
    ),
    "gradient": (gradient.optimise, _GRADIENT),
    "exact": (exact.optimise, ("population", "block")),
    "random": (random_search.optimise, ("evaluations", "population", "block")),
}
"""Name -> function and the SearchSettings that it takes."""
BLACK_BOX = tuple(name for name in OPTIMISERS if name != "exact")
"""Those that take any demand."""


def make_optimiser(settings: SearchSettings) -> Optimiser:
    """The optimiser with its settings bound.

    Raises:
        ConfigError: no optimiser has this name.
    """
    if settings.optimiser not in OPTIMISERS:
        close = difflib.get_close_matches(settings.optimiser, OPTIMISERS, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise ConfigError(f"search.optimiser is one of {', '.join(OPTIMISERS)}, not {settings.optimiser!r}.{hint}")
    function, names = OPTIMISERS[settings.optimiser]
    return partial(function, **{name: getattr(settings, name) for name in names})
