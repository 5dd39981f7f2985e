"""TensorFlow as a peer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..._extras import require, require_keras
from ..engine import Array, Normaliser, Run, UnavailableError
from .ways import batch_size, open_model


class TensorFlow:
    """TensorFlow's graph of a Keras checkpoint."""

    name = "tensorflow"
    precision = "fp32"
    cold_start = """\
import os
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import tensorflow, keras
tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
network = keras.saving.load_model(model, compile=False)
x = tensorflow.constant(numpy.load(signal)[None, :, None])
tensorflow.function(lambda: network(x, training=False))().numpy()
"""

    def __init__(self, checkpoint: Path, normalise: Normaliser, threads: int) -> None:
        self.model = checkpoint
        self._normalise = normalise
        self._keras = require_keras()
        self._tf = require("tensorflow", extra="train")
        self._threads = threads
        self._tf.config.threading.set_intra_op_parallelism_threads(threads)
        self._network = open_model(
            checkpoint, lambda path: self._keras.saving.load_model(path, compile=False)
        )

    def version(self) -> str:
        """Return the version of TensorFlow."""
        return str(self._tf.__version__)

    def prepare(self, signal: Array, threads: int) -> Run:
        """Return what answers one signal."""
        graph = self._graph(self._normalise(signal), threads)
        return lambda: np.asarray(graph().numpy()[0])

    def prepare_batch(self, signal: Array, count: int, threads: int) -> Mapping[str, Run]:
        """Return: one after another; batches."""
        x = self._normalise(signal)
        one = self._graph(x, threads)
        size = batch_size(count)
        batch = self._graph(np.repeat(x, size, axis=0), threads)
        return {
            "one by one": lambda: np.asarray([one().numpy() for _ in range(count)][-1][0]),
            f"batches of {size}": lambda: np.asarray(
                [batch().numpy() for _ in range(count // size)][-1][0]
            ),
        }

    def _graph(self, x: Array, threads: int) -> Any:
        if threads != self._threads:
            raise UnavailableError(
                f"on {self._threads} threads only, for a process sets TensorFlow's once"
            )
        constant = self._tf.constant(x)
        graph = self._tf.function(lambda given: self._network(given, training=False))
        concrete = graph.get_concrete_function(constant)
        return lambda: concrete(constant)
