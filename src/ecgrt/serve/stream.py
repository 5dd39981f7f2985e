"""A stream over a WebSocket: samples in, decisions out as they become final.

The client sends binary messages, little-endian float32 samples, or JSON: ``{"samples": [...]}``,
``{"skip": seconds}``, ``{"finish": true}``. The server answers each with one JSON message:
``{"seconds": ..., "decisions": [...], "beats": [...]}``, or ``{"error": "..."}`` before it closes.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from fastapi import FastAPI, Query, WebSocket, WebSocketDisconnect

from .._core import Classifier, Stream
from .limits import Limits
from .metrics import Metrics
from .records import RefusalError

if TYPE_CHECKING:
    from .work import Workers

# Close codes of RFC 6455.
_DONE, _BAD_DATA, _POLICY, _TOO_LARGE, _TRY_LATER = 1000, 1007, 1008, 1009, 1013


class _CloseError(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def add_stream(
    app: FastAPI, classifier: Classifier, limits: Limits, metrics: Metrics, workers: Workers
) -> None:
    """Add the path ``/stream``."""
    opened = 0

    @app.websocket("/stream")
    async def stream(
        socket: WebSocket,
        fs: Annotated[float, Query(ge=10, le=100_000)],
        unit: Literal["uV", "mV", "V", "nV"],
        min_confidence: Annotated[float, Query(ge=0, le=1)] = 0.0,
    ) -> None:
        nonlocal opened
        await socket.accept()
        if opened >= limits.streams:
            await _end(
                socket, _CloseError(_TRY_LATER, "too many streams are open; try again later")
            )
            return
        opened += 1
        metrics.streams.set(opened)
        try:
            made = classifier.stream(fs, unit, min_confidence=min_confidence)
            await _serve(socket, made, limits, workers)
        except WebSocketDisconnect:
            pass
        except _CloseError as close:
            await _end(socket, close)
        finally:
            opened -= 1
            metrics.streams.set(opened)


async def _serve(socket: WebSocket, stream: Stream, limits: Limits, workers: Workers) -> None:
    while not stream.finished:
        message = await _receive(socket, limits)
        try:
            answer = await workers.run(lambda m=message: _step(stream, m))  # type: ignore[misc]
        except (ValueError, TypeError) as error:
            raise _CloseError(_BAD_DATA, str(error)) from None
        except RefusalError as refusal:
            raise _CloseError(_TRY_LATER, refusal.detail) from None
        await socket.send_json(answer)
    await socket.close(_DONE)


async def _receive(socket: WebSocket, limits: Limits) -> dict[str, Any]:
    try:
        message = await asyncio.wait_for(socket.receive(), limits.body_seconds)
    except asyncio.TimeoutError:
        text = f"nothing came for {limits.body_seconds:g} s"
        raise _CloseError(_POLICY, text) from None
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", _DONE))
    size = len(message.get("bytes") or message.get("text") or b"")
    if size > limits.body_bytes:
        raise _CloseError(_TOO_LARGE, f"a message is larger than {limits.body_bytes} bytes")
    return dict(message)


def _step(stream: Stream, message: dict[str, Any]) -> dict[str, Any]:
    """Do what a message asks of a stream, and return what became final."""
    if (samples := message.get("bytes")) is not None:
        if len(samples) % 4:
            raise ValueError("a binary message must be float32 samples, 4 bytes each")
        decisions = stream.push(np.frombuffer(samples, dtype="<f4"))
    else:
        decisions = _obey(stream, message.get("text") or "")
    return {
        "seconds": stream.seconds,
        "decisions": [decision.to_dict() for decision in decisions],
        "beats": stream.beats.tolist(),
    }


def _obey(stream: Stream, text: str) -> list[Any]:
    try:
        command = json.loads(text)
    except (ValueError, RecursionError):
        command = None
    match command:
        case {"samples": list() as samples}:
            try:
                values = np.array(samples, dtype=np.float64)
            except (ValueError, TypeError):
                raise ValueError("samples must be numbers, or null") from None
            return list(stream.push(values))
        case {"skip": int() | float() as seconds}:
            return list(stream.skip(float(seconds)))
        case {"finish": True}:
            return list(stream.finish())
    raise ValueError('a text message must be {"samples": [...]}, {"skip": 1.5} or {"finish": true}')


async def _end(socket: WebSocket, close: _CloseError) -> None:
    try:
        await socket.send_json({"error": close.reason})
        await socket.close(close.code, close.reason[:100])
    except (RuntimeError, WebSocketDisconnect):
        pass  # it is closed already
