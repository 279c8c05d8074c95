"""Splits the periods in time: what comes later is never learnt from. Not for splitting series or products."""

from __future__ import annotations

from data_io.errors import ConfigError


def time_split(periods: int, validation: float, test: float, *, least: int = 1) -> tuple[slice, slice, slice]:
    """Slices over the period axis T: training, then validation, then test.

    Args:
        periods: T.
        validation, test: shares of T, rounded down; a part of fewer than `least` periods is left empty and its
            periods go to training, so that tiny histories train on everything.
        least: fewest periods of a part that is not empty, and of the training part.

    Raises:
        ConfigError: shares outside [0, 1), or fewer than `least` periods left to train on.
    """
    for name, share in (("validation", validation), ("test", test)):
        if not 0 <= share < 1:
            raise ConfigError(f"The {name} share of the periods must be at least 0 and below 1, got {share}.")
    held_out = [int(share * periods + 1e-9) for share in (validation, test)]
    held_out = [size if size >= least else 0 for size in held_out]
    train = periods - sum(held_out)
    if train < max(least, 1):
        raise ConfigError(
            f"{periods} periods leave {train} to train on beside {held_out[0]} for validation and {held_out[1]} for "
            f"test; at least {max(least, 1)} are needed. Lower the shares, or give a longer history."
        )
    return slice(0, train), slice(train, train + held_out[0]), slice(train + held_out[0], periods)
