"""What the benchmark asks of an engine, and ecgrt as one.

An engine prepares a signal once and returns a function that does the measured work, so that
nothing but inference (for ecgrt from end to end also what is around it) lies between two readings
of the clock.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from .. import Classifier, __version__, _core

Array = npt.NDArray[Any]
Run = Callable[[], Array]

#: What an engine's time is the time of.
END_TO_END, NETWORK = "int16 to label", "network"


class UnavailableError(Exception):
    """Why an engine is not measured in one setting; the others are."""


class Engine(Protocol):
    """What the benchmark asks of an engine.

    Attributes
    ----------
    name
        For the tables.
    precision
        Of its arithmetic, a key of ``agreement.GROUPS``: it says how far its answers may differ.
    task
        :data:`END_TO_END` or :data:`NETWORK`.
    cold_start
        A Python program that imports the engine, opens `model` and answers the signal in
        `signal` (.npy, (n,), as `given` returns it) on `threads` threads.
    model
        The file that it opens.
    """

    name: str
    precision: str
    task: str
    cold_start: str
    model: Path

    def version(self) -> str:
        """Return the engine's version."""
        ...

    def given(self, signal: Array) -> Array:
        """Return what of int16 (n,) microvolts a new process is given: that, or preprocessed."""
        ...

    def prepare(self, signal: Array, threads: int) -> Run:
        """Return what answers int16 (n,) microvolts with float (segments, classes)."""
        ...

    def prepare_batch(self, signal: Array, count: int, threads: int) -> Mapping[str, Run]:
        """Return ways to answer `count` such signals, by a word for the way; each returns the last.

        Whoever measures takes the fastest.
        """
        ...


class Normaliser:
    """Turns a signal of `fs` Hz (None: the model's rate) into what its network sees."""

    def __init__(self, metadata: Mapping[str, Any], fs: float | None = None) -> None:
        self._metadata = json.dumps(metadata)
        self._fs = fs

    def __call__(self, signal: Array) -> Array:
        """Return float32 (1, n, 1) of (n,) microvolts, by ecgrt's own preprocessing."""
        seen, _ = _core.preprocess(signal, self._fs, metadata=self._metadata)
        return seen[None, :, None]


class Ecgrt:
    """ecgrt itself, from samples of `fs` Hz (None: the model's rate) to the label."""

    task = END_TO_END

    def __init__(self, plan: Path, name: str, precision: str, fs: float | None = None) -> None:
        self.model, self.name, self.precision, self._fs = plan, name, precision, fs
        self.cold_start = (
            "import ecgrt\n"
            f"ecgrt.Classifier(model, threads=threads).predict(numpy.load(signal), fs={fs})\n"
        )

    def version(self) -> str:
        """Return the version of ecgrt."""
        return str(__version__)

    def given(self, signal: Array) -> Array:
        """Return the signal."""
        return signal

    def prepare(self, signal: Array, threads: int) -> Run:
        """Return what answers one signal."""
        classifier = Classifier(self.model, threads=threads)
        return lambda: np.asarray(classifier.predict(signal, self._fs).segment_probabilities)

    def prepare_batch(self, signal: Array, count: int, threads: int) -> Mapping[str, Run]:
        """Return ``predict_batch``."""
        classifier = Classifier(self.model, threads=threads)
        signals = [signal] * count
        return {
            "predict_batch": lambda: np.asarray(
                classifier.predict_batch(signals, self._fs)[-1].segment_probabilities
            )
        }


class EcgrtNetwork(Ecgrt):
    """ecgrt's network alone, which is what its peers are given to do."""

    task = NETWORK

    def __init__(self, whole: Ecgrt, normalise: Normaliser) -> None:
        super().__init__(whole.model, whole.name, whole.precision)
        self._normalise = normalise

    def prepare(self, signal: Array, threads: int) -> Run:
        """Return what answers one signal that has been preprocessed."""
        classifier = Classifier(self.model, threads=threads)
        x, classes = self._normalise(signal)[0, :, 0], len(classifier.classes)
        return lambda: _core.run_network(classifier, x)[:, :classes]
