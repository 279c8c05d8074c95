"""Names of the known-truth markets. Not for drawing them: one file a market does that."""

from __future__ import annotations

from data_io.errors import ConfigError
from data_io.markets import competitor, linear, logit, loglog, nested, promotions, season, stockout, stockpiling
from data_io.markets.types import Market

MARKETS = {
    "loglog": loglog,
    "logit": logit,
    "linear": linear,
    "nested": nested,
    "stockpiling": stockpiling,
    "stockout": stockout,
    "competitor": competitor,
    "promotions": promotions,
    "season": season,
}
ON_REAL_PATHS = {"nested"}  # these need a folder with real data


def make_market(name: str, variant: str | None, seed: int, folder: str | None = None) -> Market:
    """Draw a market by name.

    Args:
        variant: one of the market's own, with switches joined to it by + (data_io.markets.switches), as in
            ``exogenous+chain``; None = the market's first.
        folder: where the real data lie that a market in ON_REAL_PATHS is built on.

    Raises:
        ConfigError: an unknown name or variant, with those that there are, or a folder without the data.
    """
    if name not in MARKETS:
        raise ConfigError(f"data.market={name} is not a known market. Choose one of {', '.join(MARKETS)}.")
    market = MARKETS[name]
    if variant is None:
        variant = next(iter(market.VARIANTS))
    return market.make(variant, seed, **({"folder": folder} if name in ON_REAL_PATHS else {}))
