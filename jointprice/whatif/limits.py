"""What a request must be before anything reads it: from an allowed host and page, with the token, small and in time.

One ASGI middleware in front of the whole application. Not for what requests mean.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

MOST_BYTES = 2_000_000
MOST_SECONDS = 10.0  # until the whole body is here
MOST_AT_ONCE = 24


class Limits:
    """Wraps an ASGI application.

    Args:
        application: what answers requests that pass.
        hosts: values of the Host header that are ours, with their port: any other is a name made to point here (DNS
            rebinding).
        token: that every request must bring, in `Authorization: Bearer …` or, for the page, as ?token=…; None = none.
    """

    def __init__(self, application: Callable, hosts: frozenset[str], token: str | None):
        self.application, self.hosts, self.token = application, hosts, token
        self.origins = frozenset(f"http://{host}" for host in hosts)
        self.running = 0

    async def __call__(self, scope: dict, receive: Callable, send: Callable) -> None:
        if scope["type"] != "http":  # no websockets; lifespan goes on
            if scope["type"] == "lifespan":
                await self.application(scope, receive, send)
            return
        refused = self._refused(scope)
        if refused is None and self.running >= MOST_AT_ONCE:
            refused = 429, "too many requests at once"
        if refused is not None:
            await _answer(send, *refused)
            return
        self.running += 1
        try:
            body = await asyncio.wait_for(_whole(receive), MOST_SECONDS)
            if body is None:
                await _answer(send, 413, f"more than {MOST_BYTES:,} bytes")
                return
            await self.application(scope, _replay(body, receive), send)
        except TimeoutError:
            await _answer(send, 408, f"the request took more than {MOST_SECONDS:g} seconds to arrive")
        finally:
            self.running -= 1

    def _refused(self, scope: dict) -> tuple[int, str] | None:
        """Status and reason, or None."""
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if headers.get("host") not in self.hosts:
            return 400, "this host is not served here"
        origin = headers.get("origin")
        if origin is not None and origin not in self.origins:
            return 403, "requests from other pages are refused"
        if self.token is not None and not hmac.compare_digest(_token(scope, headers).encode(), self.token.encode()):
            return 401, "the token is missing or wrong"
        if scope["method"] == "POST" and headers.get("content-type", "").split(";")[0].strip() != "application/json":
            return 415, "send application/json"
        length = headers.get("content-length", "0")
        return (413, f"more than {MOST_BYTES:,} bytes") if length.isdigit() and int(length) > MOST_BYTES else None


def _token(scope: dict, headers: dict[str, str]) -> str:
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value
    given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])
    return given[0] if scope["method"] == "GET" else ""


async def _whole(receive: Callable) -> bytes | None:
    """The body, None where it is too large."""
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        parts.append(message.get("body", b""))
        size, more = size + len(parts[-1]), message.get("more_body", False)
        if size > MOST_BYTES:
            return None
    return b"".join(parts)


def _replay(body: bytes, receive: Callable) -> Callable:
    """A `receive` that gives the body, then what comes after it."""
    given = False

    async def again() -> dict[str, Any]:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _answer(send: Callable, status: int, words: str) -> None:
    body = json.dumps({"detail": words}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
