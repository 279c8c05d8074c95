"""jointprice: prices for all products together, found by a genetic search on a neural demand ensemble.

In a notebook: ``jointprice.run``, ``fit``, ``optimise``, ``check`` (see jointprice.api). Importing this package loads
nothing heavy.
"""

from importlib import import_module

__all__ = ["check", "fit", "optimise", "run"]


def __getattr__(name: str):
    if name in __all__:
        return getattr(import_module("jointprice.api"), name)
    raise AttributeError(f"module 'jointprice' has no attribute {name!r}")
