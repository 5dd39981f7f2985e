"""ONNX Runtime as a peer; its single precision is what all answers are held against."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..._extras import require
from ..agreement import REFERENCE
from ..engine import Array, Run
from ..models import Model
from .base import Peer, last_of


class OnnxRuntime(Peer):
    """ONNX Runtime on the CPU."""

    name = REFERENCE
    cold_start = """\
import onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = threads
session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
session.run(None, {session.get_inputs()[0].name: numpy.load(signal)[None, :, None]})
"""

    def __init__(self, source: Model, fs: float | None, threads: int) -> None:
        super().__init__(source, fs, threads)
        self._ort: Any = require("onnxruntime", extra="bench")

    def version(self) -> str:
        """Return the version of ONNX Runtime."""
        return str(self._ort.__version__)

    def open(self, x: Array, threads: int) -> Run:
        """Return what answers records with so many intra-op threads."""
        options = self._ort.SessionOptions()
        options.intra_op_num_threads = threads
        session = self._ort.InferenceSession(
            str(self.model), options, providers=["CPUExecutionProvider"]
        )
        feed = {session.get_inputs()[0].name: x}
        return lambda: last_of(session.run(None, feed)[0])

    def more_ways(self, x: Array, count: int, threads: int) -> Mapping[str, Run]:
        """Return: a record a thread."""
        narrow = self.open(x, 1)
        pool = ThreadPoolExecutor(threads)

        def in_threads() -> Array:
            return list(pool.map(lambda _: narrow(), range(count)))[-1]

        # Not a pool for each call: to start threads is not what is timed.
        weakref.finalize(in_threads, pool.shutdown)
        return {"a record a thread": in_threads}
