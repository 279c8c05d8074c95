"""Names of the known-truth markets. Not for drawing them: one file a market does that."""

from __future__ import annotations

from data_io.errors import ConfigError
from data_io.markets import linear, logit, loglog, nested
from data_io.markets.types import Market

MARKETS = {"loglog": loglog, "logit": logit, "linear": linear, "nested": nested}
ON_REAL_PATHS = {"nested"}  # these need a folder with real data


def make_market(name: str, variant: str | None, seed: int, folder: str | None = None) -> Market:
    """Draw a market by name.

    Args:
        variant: None = the market's first.
        folder: where the real data lie that a market in ON_REAL_PATHS is built on.

    Raises:
        ConfigError: an unknown name, with those that there are, or a folder without the data.
    """
    if name not in MARKETS:
        raise ConfigError(f"data.market={name} is not a known market. Choose one of {', '.join(MARKETS)}.")
    market = MARKETS[name]
    if variant is None:
        variant = next(iter(market.VARIANTS))
    if variant not in market.VARIANTS:
        known = ", ".join(market.VARIANTS)
        raise ConfigError(f"data.variant={variant} is not a variant of {name}. Choose one of {known}.")
    return market.make(variant, seed, **({"folder": folder} if name in ON_REAL_PATHS else {}))
