"""What peers share: the network alone, one record after another or in batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..engine import NETWORK, Array, Normaliser, Run
from ..models import Model


class Peer(ABC):
    """An engine that runs a model's network on what ecgrt's preprocessing gives it.

    Making one imports its package, and makes what it needs of the ONNX model; whatever that
    raises names it in the notes of the report.
    """

    name: str
    precision = "fp32"
    task = NETWORK
    cold_start: str
    model: Path

    def __init__(self, source: Model, fs: float | None, threads: int) -> None:
        assert source.onnx is not None
        self.model = source.onnx
        self._normalise: Normaliser = source.normaliser(fs)

    @abstractmethod
    def version(self) -> str:
        """Return the engine's version."""

    @abstractmethod
    def open(self, x: Array, threads: int) -> Run:
        """Return what answers float32 (records, n, 1) with the last record's probabilities."""

    def given(self, signal: Array) -> Array:
        """Return the signal as the network sees it."""
        seen: Array = self._normalise(signal)[0, :, 0]
        return seen

    def prepare(self, signal: Array, threads: int) -> Run:
        """Return what answers one signal."""
        return self.open(self._normalise(signal), threads)

    def prepare_batch(self, signal: Array, count: int, threads: int) -> Mapping[str, Run]:
        """Return: one after another on all threads; batches; what else the engine has."""
        x = self._normalise(signal)
        size = batch_size(count)
        one, many = self.open(x, threads), self.open(np.repeat(x, size, axis=0), threads)
        return {
            "one by one": lambda: [one() for _ in range(count)][-1],
            f"batches of {size}": lambda: [many() for _ in range(count // size)][-1],
            **self.more_ways(x, count, threads),
        }

    def more_ways(self, x: Array, count: int, threads: int) -> Mapping[str, Run]:
        """Return further ways to answer so many records like (1, n, 1)."""
        return {}


def batch_size(count: int) -> int:
    """Return the largest batch, of at most eight, that divides `count`."""
    return max(size for size in range(1, 9) if count % size == 0)


def last_of(values: Any) -> Array:
    """Return the last record of what an engine answers."""
    answer: Array = np.asarray(values)[-1]
    return answer
