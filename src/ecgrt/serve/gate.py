"""What every request passes: its rate, its body's size and pace; then it is counted and logged.

An ASGI middleware, for a body must be stopped while it comes. The log has method, path, status and
time: no query, no header, no address, nothing of a record.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from .limits import Limits
from .metrics import Metrics

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Paths that are counted under their name; all others are one.
PATHS = frozenset(
    {"/predict", "/predict/file", "/timeline", "/timeline/file", "/health", "/metrics"}
)
#: A monitor asks often, and costs little.
_FREE = frozenset({"/health", "/metrics"})

_log = logging.getLogger("ecgrt.serve")


class _BodyError(Exception):
    """A body of which no more is read."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.answer = status, detail


class Gate:
    """The middleware."""

    def __init__(self, app: App, limits: Limits, metrics: Metrics) -> None:
        self._app = app
        self._limits = limits
        self._metrics = metrics
        self._rate = MovingWindowRateLimiter(MemoryStorage())
        self._item = RateLimitItemPerMinute(max(limits.requests_a_minute, 1))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin = time.perf_counter()
        path = scope["path"] if scope["path"] in PATHS else "other"
        status = 500

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._pass(scope, receive, note, path)
        finally:
            seconds = time.perf_counter() - begin
            self._metrics.requests.labels(path, str(status)).inc()
            self._metrics.seconds.labels(path).observe(seconds)
            _log.info("%s %s %d %.1f ms", scope["method"], path, status, 1e3 * seconds)

    async def _pass(self, scope: Scope, receive: Receive, send: Send, path: str) -> None:
        client = (scope.get("client") or ("",))[0]
        most = self._limits.requests_a_minute
        if most and path not in _FREE and not self._rate.hit(self._item, client):
            await _refuse(send, 429, f"more than {most} requests a minute; slow down", retry=True)
            return
        body = _Body(receive, self._limits)

        async def unless_refused(message: Message) -> None:
            # What reads the body may take the refusal for a fault in it, and say so.
            if body.refused is None:
                await send(message)

        try:
            body.check_length(dict(scope["headers"]).get(b"content-length", b"0"))
            await self._app(scope, body.receive, unless_refused)
        except _BodyError:
            pass
        if body.refused is not None:
            await _refuse(send, *body.refused.answer)


class _Body:
    """A request's body, as long as it is neither too large nor too slow."""

    def __init__(self, receive: Receive, limits: Limits) -> None:
        self._receive = receive
        self._limits = limits
        self._deadline = time.monotonic() + limits.body_seconds
        self._received = 0
        self._whole = False
        self.refused: _BodyError | None = None

    def check_length(self, stated: bytes) -> None:
        if not stated.isdigit() or int(stated) > self._limits.body_bytes:
            self._refuse_size()

    async def receive(self) -> Message:
        if self._whole:  # what comes now is the news that the client has gone
            return await self._receive()
        rest = max(self._deadline - time.monotonic(), 0)
        try:
            message = await asyncio.wait_for(self._receive(), rest)
        except asyncio.TimeoutError:
            text = f"the body took longer than {self._limits.body_seconds:g} s; send it faster"
            self.refused = _BodyError(408, text)
            raise self.refused from None
        self._received += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._received > self._limits.body_bytes:
            self._refuse_size()
        return message

    def _refuse_size(self) -> None:
        text = f"the body is larger than {self._limits.body_bytes} bytes; send less at a time"
        self.refused = _BodyError(413, text)
        raise self.refused


async def _refuse(send: Send, status: int, detail: str, retry: bool = False) -> None:
    body = json.dumps({"detail": detail}).encode()
    headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
    headers.append((b"content-length", str(len(body)).encode()))
    if retry:
        headers.append((b"retry-after", b"10"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
