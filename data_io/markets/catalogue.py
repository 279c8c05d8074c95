"""Names of the known-truth markets. Not for drawing them: one file a market does that."""

from __future__ import annotations

from data_io.errors import ConfigError
from data_io.markets import loglog
from data_io.markets.types import Market

MARKETS = {"loglog": loglog}


def make_market(name: str, variant: str, seed: int) -> Market:
    """Draw a market by name; ConfigError names the markets and variants there are."""
    if name not in MARKETS:
        raise ConfigError(f"data.market={name} is not a known market. Choose one of {', '.join(MARKETS)}.")
    variants = MARKETS[name].VARIANTS
    if variant not in variants:
        raise ConfigError(f"data.variant={variant} is not a variant of {name}. Choose one of {', '.join(variants)}.")
    return MARKETS[name].make(variant, seed)
