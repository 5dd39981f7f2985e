"""TensorFlow as a peer."""

from __future__ import annotations

from typing import Any

from ..._extras import require, require_keras
from ..engine import Array, Run, UnavailableError
from ..models import Model
from .base import Peer, last_of
from .keras_network import saved_network


class TensorFlow(Peer):
    """TensorFlow's graph of the network as Keras layers."""

    name = "tensorflow"
    cold_start = """\
import os
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import tensorflow, keras
tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
network = keras.saving.load_model(model, compile=False)
x = tensorflow.constant(numpy.load(signal)[None, None, :, None])
tensorflow.function(lambda: network(x, training=False))().numpy()
"""

    def __init__(self, source: Model, fs: float | None, threads: int) -> None:
        super().__init__(source, fs, threads)
        keras = require_keras()
        self._tf: Any = require("tensorflow", extra="train")
        self._threads = threads
        self._tf.config.threading.set_intra_op_parallelism_threads(threads)
        self.model = saved_network(source)
        self._network = keras.saving.load_model(self.model, compile=False)

    def version(self) -> str:
        """Return the version of TensorFlow."""
        return str(self._tf.__version__)

    def open(self, x: Array, threads: int) -> Run:
        """Return what answers records, on the threads that it was made with."""
        if threads != self._threads:
            raise UnavailableError(
                f"on {self._threads} threads only, for a process sets TensorFlow's once"
            )
        constant = self._tf.constant(x[:, None])
        graph = self._tf.function(lambda given: self._network(given, training=False))
        concrete = graph.get_concrete_function(constant)
        return lambda: last_of(concrete(constant).numpy())
