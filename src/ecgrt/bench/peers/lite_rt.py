"""LiteRT, which was TensorFlow Lite, as a peer: in single precision, and with weights of 8 bits."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from ..._extras import require, require_keras
from ..engine import Array, Run
from ..models import Model
from .base import Peer, last_of
from .keras_network import saved_network


class LiteRt(Peer):
    """LiteRT with its XNNPACK kernels, converted for the exact shape by TensorFlow."""

    name = "litert"
    cold_start = """\
from ai_edge_litert.interpreter import Interpreter
interpreter = Interpreter(model, num_threads=threads)
x = numpy.load(signal)[None, None, :, None]
place = interpreter.get_input_details()[0]["index"]
interpreter.resize_tensor_input(place, x.shape)
interpreter.allocate_tensors()
interpreter.set_tensor(place, x)
interpreter.invoke()
"""

    def __init__(self, source: Model, fs: float | None, threads: int) -> None:
        super().__init__(source, fs, threads)
        self._litert: Any = require("ai_edge_litert.interpreter", extra="bench")
        self._keras = require_keras()
        self._tf: Any = require("tensorflow", extra="train")
        self._network = self._keras.saving.load_model(saved_network(source), compile=False)
        self._folder = source.folder

    def version(self) -> str:
        """Return the version of LiteRT."""
        return str(require("ai_edge_litert", extra="bench").__version__)

    def open(self, x: Array, threads: int) -> Run:
        """Return what answers records with so many threads."""
        rows = x[:, None]
        path = self._convert(rows.shape)
        if len(x) == 1:
            self.model = path
        interpreter = self._litert.Interpreter(str(path), num_threads=threads)
        interpreter.allocate_tensors()
        place = interpreter.get_input_details()[0]["index"]
        answer = interpreter.get_output_details()[0]["index"]

        def run() -> Array:
            interpreter.set_tensor(place, rows)
            interpreter.invoke()
            return last_of(interpreter.get_tensor(answer))

        return run

    def optimise(self, converter: Any) -> None:
        """Tell the converter how to store weights."""

    def _convert(self, shape: tuple[int, ...]) -> Path:
        path = self._folder / f"{self.name}-{'x'.join(map(str, shape))}.tflite"
        if not path.exists():
            given = self._keras.Input(batch_shape=shape)
            fixed = self._keras.Model(given, self._network(given))
            converter = self._tf.lite.TFLiteConverter.from_keras_model(fixed)
            self.optimise(converter)
            with redirect_stdout(io.StringIO()):  # Keras tells what it saves on the way
                path.write_bytes(converter.convert())
        return path


class LiteRtInt8(LiteRt):
    """LiteRT with weights of 8 bits, and tensors rounded to 8 bits as they come."""

    name = "litert, int8"
    precision = "int8"

    def optimise(self, converter: Any) -> None:
        """Ask for weights of 8 bits."""
        converter.optimizations = [self._tf.lite.Optimize.DEFAULT]
