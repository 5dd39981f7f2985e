"""An engine that gives a fixed answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ecgrt.bench.agreement import Field
from ecgrt.bench.engine import NETWORK, Array, Engine, Run

ANSWER = np.full((2, 4), 0.25)


class Fake:
    """Counts its calls; raises `error` when it is prepared, if there is one."""

    task = NETWORK
    cold_start = ""
    model = Path()

    def __init__(
        self,
        name: str,
        answer: Array = ANSWER,
        precision: str = "fp32",
        error: Exception | None = None,
    ) -> None:
        self.name, self.answer, self.precision, self.error = name, answer, precision, error
        self.calls = 0

    def version(self) -> str:
        return "1"

    def given(self, signal: Array) -> Array:
        return signal

    def prepare(self, signal: Array, threads: int) -> Run:
        if self.error:
            raise self.error

        def run() -> Array:
            self.calls += 1
            return self.answer

        return run

    def prepare_batch(self, signal: Array, count: int, threads: int) -> Mapping[str, Run]:
        return {"one": self.prepare(signal, threads), "two": self.prepare(signal, threads)}


def field(*engines: Any, model: str = "m") -> Field:
    """Engines of one model, and a signal that they do not look at."""
    listed: list[Engine] = list(engines)
    return Field(model, listed, np.zeros(512, np.int16))
