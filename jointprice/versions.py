"""Versions of what a run is computed with. Not for choosing any."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("jointprice", "jax", "flax", "optax", "numpy", "pandas", "deap")


def installed(package: str) -> str:
    """Its version; `not installed` for what runs from a folder of sources."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def versions() -> dict[str, str]:
    """Version of each of PACKAGES."""
    return {package: installed(package) for package in PACKAGES}
