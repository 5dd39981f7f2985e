"""What a client may ask for."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Limits:
    """Bounds of what one request, and all of them together, may cost.

    Attributes
    ----------
    body_bytes
        Of a request's body, or of a message of a stream.
    body_seconds
        That a body may take to arrive, or a stream's next message.
    record_seconds
        That a record may last.
    answer_seconds
        That an answer may take, waiting included.
    workers
        Requests that are computed at the same time; more wait.
    waiting
        Requests that may wait; more are sent away.
    streams
        Streams that may be open.
    requests_a_minute
        Of one address; 0: any number.
    """

    body_bytes: int = 64 << 20
    body_seconds: float = 30.0
    record_seconds: float = 48 * 3600.0
    answer_seconds: float = 60.0
    workers: int = os.cpu_count() or 1
    waiting: int = 256
    streams: int = 256
    requests_a_minute: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            least = 0 if field.name in ("waiting", "streams", "requests_a_minute") else 1e-3
            if not value >= least:
                raise ValueError(f"{field.name} is {value:g}; it must be at least {least:g}")
