"""A what-if server on a small trained model, answering in a thread of the test process."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import NamedTuple

import pytest

from data_io.markets.catalogue import make_market
from jointprice import fit
from jointprice.compose import compose
from jointprice.pricing import price_offers
from jointprice.schema import WhatifSettings
from jointprice.whatif.desk import Desk
from jointprice.whatif.server import serve

QUICK = ("experiment=quick", "quiet=true", "search.scope=store_product")
HOSTILE = '<img src=x onerror="window.hit=1">=1+1'


class Answer(NamedTuple):
    status: int
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


@pytest.fixture(scope="session")
def fitted():
    """A trained model whose product names are hostile."""
    market = make_market("loglog", "exogenous", 0)
    tables = {"sales": market.sales, "products": market.products, "offers": market.offers}
    named = {name: table.replace({"product": {"product-01": HOSTILE}}) for name, table in tables.items()}
    return fit(**named, overrides=[*QUICK, "data.features.promotion=[promo]"])


@pytest.fixture(scope="session")
def make_desk(fitted) -> Callable[..., Desk]:
    """``make_desk(folder)``: with nothing saved."""
    config = compose(QUICK)
    pricing = price_offers(config, fitted.ensemble, fitted.offers)
    return lambda folder: Desk(config, fitted.ensemble, pricing, folder)


@pytest.fixture
def desk(make_desk, tmp_path) -> Desk:
    return make_desk(tmp_path)


def start(desk: Desk, **settings) -> str:
    """The address of a server that ends with the process."""
    heard, found = threading.Event(), []

    def ready(address: str) -> None:
        found.append(address)
        heard.set()

    arguments = (desk, WhatifSettings(port=0, **settings), "USD", ready)
    threading.Thread(target=serve, args=arguments, daemon=True).start()
    assert heard.wait(30)
    return found[0]


@pytest.fixture(scope="session")
def address(make_desk, tmp_path_factory) -> str:
    return start(make_desk(tmp_path_factory.mktemp("desk")))


@pytest.fixture(scope="session")
def ask(address) -> Callable[..., Answer]:
    """``ask("api/evaluate", {...})``: bytes are sent as they are, None is a GET."""

    def send(path: str, body=None, **headers: str) -> Answer:
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if data is not None:
            headers = {"Content-Type": "application/json"} | headers
        request = urllib.request.Request(address + path, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Answer(answer.status, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read())

    return send
