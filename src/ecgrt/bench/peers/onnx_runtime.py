"""ONNX Runtime as a peer."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from ..._extras import require
from ..engine import Array, Normaliser, Run
from .ways import batch_size, open_model


class OnnxRuntime:
    """ONNX Runtime on the CPU."""

    name = "onnxruntime"
    precision = "fp32"
    cold_start = """\
import onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = threads
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
session.run(None, {session.get_inputs()[0].name: numpy.load(signal)[None, :, None]})
"""

    def __init__(self, onnx: Path, normalise: Normaliser) -> None:
        self.model = onnx
        self._normalise = normalise
        self._ort = require("onnxruntime", extra="bench")

    def version(self) -> str:
        """Return the version of ONNX Runtime."""
        return str(self._ort.__version__)

    def prepare(self, signal: Array, threads: int) -> Run:
        """Return what answers one signal."""
        return self._run(self._session(threads), self._normalise(signal))

    def prepare_batch(self, signal: Array, count: int, threads: int) -> Mapping[str, Run]:
        """Return: one after another on all threads; a record a thread; batches."""
        x = self._normalise(signal)
        wide = self._run(self._session(threads), x)
        narrow = self._run(self._session(1), x)
        pool = ThreadPoolExecutor(threads)
        size = batch_size(count)
        batch = self._run(self._session(threads), np.repeat(x, size, axis=0))

        def in_threads() -> Array:
            return list(pool.map(lambda _: narrow(), range(count)))[-1]

        # Not a pool for each call: to start threads is not what is timed.
        weakref.finalize(in_threads, pool.shutdown)
        return {
            "one by one": lambda: [wide() for _ in range(count)][-1],
            "a record a thread": in_threads,
            f"batches of {size}": lambda: [batch() for _ in range(count // size)][-1],
        }

    def _session(self, threads: int) -> Any:
        options = self._ort.SessionOptions()
        options.intra_op_num_threads = threads
        providers = ["CPUExecutionProvider"]
        return open_model(
            self.model, lambda path: self._ort.InferenceSession(path, options, providers=providers)
        )

    @staticmethod
    def _run(session: Any, x: Array) -> Run:
        feed = {session.get_inputs()[0].name: x}
        return lambda: np.asarray(session.run(None, feed)[0][0])
