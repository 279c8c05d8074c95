"""task=whatif: a page on this machine where a person moves prices and sees what follows, until it is interrupted."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data_io.errors import ConfigError
from jointprice import steps
from jointprice.schema import Config
from jointprice.session import open_session


def execute(config: Config, output: Path, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Load the model, propose prices as task=optimise, and serve the page. The summary, once it ends."""
    try:
        from jointprice.whatif.desk import Desk
        from jointprice.whatif.server import serve
    except ModuleNotFoundError as error:
        raise ConfigError(f"task=whatif needs {error.name}: pip install 'jointprice[whatif]'.") from None
    session = open_session(config, output, given)
    ensemble, offers, inputs, warnings = steps.model_and_offers(session)
    pricing = steps.price(session, ensemble, offers)
    summary = steps.pricing_summary(session, ensemble, pricing, None)
    desk = Desk(config, ensemble, pricing, output)
    desk.warm()

    def ready(address: str) -> None:
        print(f"what-if page: {address} (end it with Ctrl-C)", file=sys.stderr, flush=True)

    serve(desk, config.whatif, config.data.currency, ready)
    return session.finish(summary | {"inputs": inputs, "warnings": warnings})
