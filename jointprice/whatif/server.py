"""The what-if server: typed requests in, the desk's answers out, on this machine alone unless a token is set.

Not for answers (desk) nor for what is refused before it is read (limits).
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from data_io.errors import JointpriceError
from jointprice.schema import WhatifSettings
from jointprice.whatif.approve import approve
from jointprice.whatif.desk import Desk
from jointprice.whatif.limits import Limits
from jointprice.whatif.plan import Approval, Plan, Scenario

MOST_TOLD = 20  # faults of one request
LOOPBACK = ("127.0.0.1", "::1", "localhost")
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"description": words}
    for status, words in {
        **{
            400: "malformed, or not this host",
            401: "no token",
            403: "another page",
            408: "slow",
            409: "no such prices",
        },
        **{413: "too large", 415: "not JSON", 429: "busy"},
    }.items()
}


def application(desk: Desk, currency: str) -> FastAPI:
    """The page and its questions. One model answers one question at a time; an optimisation beside another is refused
    (429), for it takes all that the machine has."""
    web = FastAPI(title="jointprice what-if", docs_url=None, redoc_url=None, responses=REFUSALS)
    one, optimising = threading.Lock(), threading.Lock()

    def answered(question: Callable[..., Any], *arguments: Any) -> Any:
        try:
            with one:
                return question(*arguments)
        except JointpriceError as error:
            raise HTTPException(409, str(error)) from None

    @web.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        """Without the input: it may hold what JSON cannot say."""
        told = [
            {"loc": [str(part) for part in one["loc"]], "msg": one["msg"], "type": one["type"]}
            for one in error.errors()[:MOST_TOLD]
        ]
        return JSONResponse({"detail": told}, 422)

    @web.get("/", response_class=HTMLResponse)
    def page() -> HTMLResponse:
        nonce = secrets.token_urlsafe(16)
        folder = Path(__file__).parent
        jinja = Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
        text = jinja.get_template("page.html.j2").render(nonce=nonce, currency=currency)
        policy = f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'"
        policy += "; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        headers = {"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"}
        return HTMLResponse(text, headers=headers | {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"})

    @web.get("/api/decisions")
    def decisions() -> JSONResponse:
        return JSONResponse({"decisions": desk.decisions(), "decimals": desk.problem.decimals})

    @web.post("/api/evaluate")
    def evaluate(plan: Plan) -> dict[str, Any]:
        return answered(desk.evaluate, plan)

    @web.post("/api/check")
    def check(plan: Plan) -> dict[str, Any]:
        return answered(desk.check, plan)

    @web.post("/api/optimise")
    def optimise(plan: Plan) -> dict[str, Any]:
        if not optimising.acquire(blocking=False):
            raise HTTPException(429, "another optimisation is running")
        try:
            return answered(desk.optimise, plan)
        finally:
            optimising.release()

    @web.post("/api/scenarios")
    def save(scenario: Scenario) -> list[dict[str, Any]]:
        return answered(desk.save, scenario.name, scenario.plan)

    @web.post("/api/approve")
    def approved(approval: Approval) -> dict[str, Any]:
        return answered(approve, desk, approval)

    return web


def token_of(settings: WhatifSettings) -> str | None:
    """The token that requests need: the one that is set; a new one where others than this machine can ask."""
    if settings.token or settings.host in LOOPBACK:
        return settings.token
    return secrets.token_urlsafe(18)


def serve(desk: Desk, settings: WhatifSettings, currency: str, ready: Callable[[str], None]) -> None:
    """Answer until interrupted; `ready` is told the address once requests are heard."""
    import socket

    import uvicorn

    token = token_of(settings)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((settings.host, settings.port))
    listening.listen(socket.SOMAXCONN)  # requests wait from here on
    port = listening.getsockname()[1]
    names = {settings.host, *(LOOPBACK if settings.host in LOOPBACK else ())}
    hosts = frozenset(f"[{name}]:{port}" if ":" in name else f"{name}:{port}" for name in names)
    web = Limits(application(desk, currency), hosts, token)
    options = {"log_level": "warning", "access_log": False, "timeout_keep_alive": 5, "server_header": False}
    server = uvicorn.Server(uvicorn.Config(web, lifespan="off", ws="none", **options))
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    ready(f"http://{shown}:{port}/" + (f"?token={token}" if token else ""))
    with listening, suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
