"""What the benchmark asks of an engine, and ecgrt as one.

An engine prepares a signal once and returns a function that does the measured work, so that
nothing but inference (for ecgrt also its preprocessing) lies between two readings of the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from .. import Classifier, __version__

Array = npt.NDArray[Any]
Run = Callable[[], Array]


class UnavailableError(Exception):
    """Why an engine is not measured in one setting; the others are."""


class Engine(Protocol):
    """What the benchmark asks of an engine.

    Attributes
    ----------
    name
        For the tables.
    cold_start
        A Python program that imports the engine, opens `model` and answers the signal in
        `signal` (.npy, float32 (n,), normalised except for ecgrt) on `threads` threads.
    model
        The file that it opens.
    """

    name: str
    cold_start: str
    model: Path

    def version(self) -> str:
        """Return the engine's version."""
        ...

    def prepare(self, signal: Array, threads: int) -> Run:
        """Return what answers float32 (n,) microvolts with float (segments, classes)."""
        ...

    def prepare_batch(self, signal: Array, count: int, threads: int) -> Mapping[str, Run]:
        """Return ways to answer `count` such signals, by a word for the way; each returns the last.

        Whoever measures takes the fastest.
        """
        ...


class Ecgrt:
    """ecgrt itself, preprocessing included."""

    name = "ecgrt"
    cold_start = (
        "import ecgrt\necgrt.Classifier(model, threads=threads).predict(numpy.load(signal))\n"
    )

    def __init__(self, plan: Path) -> None:
        self.model = plan

    def version(self) -> str:
        """Return the version of ecgrt."""
        return str(__version__)

    def prepare(self, signal: Array, threads: int) -> Run:
        """Return what answers one signal."""
        classifier = Classifier(self.model, threads=threads)
        return lambda: np.asarray(classifier.predict(signal).segment_probabilities)

    def prepare_batch(self, signal: Array, count: int, threads: int) -> Mapping[str, Run]:
        """Return ``predict_batch``."""
        classifier = Classifier(self.model, threads=threads)
        signals = [signal] * count
        return {
            "predict_batch": lambda: np.asarray(
                classifier.predict_batch(signals)[-1].segment_probabilities
            )
        }


class Normaliser:
    """Turns microvolts into a network's input: whole segments, zero mean, unit variance."""

    def __init__(self, metadata: Mapping[str, Any]) -> None:
        self.metadata = metadata

    def __call__(self, signal: Array) -> Array:
        """Return float32 (1, n, 1) of float32 (n,)."""
        segment = self.metadata["samples_per_segment"]
        whole = signal[: len(signal) // segment * segment].astype(np.float64)
        normal: Array = (whole - self.metadata["mean"]) / self.metadata["std"]
        return normal.astype(np.float32)[None, :, None]
