"""OpenVINO as a peer, in single precision and in bfloat16."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..._extras import require
from ..engine import Array, Normaliser, Run
from .ways import open_model


class OpenVino:
    """OpenVINO on the CPU, compiled for the exact shape.

    Told its precision: where the processor multiplies in bfloat16 it would do so by itself, and
    answer otherwise.
    """

    name = "openvino"
    hint = "f32"
    precision = "fp32"
    cold_start = """\
import openvino
core = openvino.Core()
network = core.read_model(model)
x = numpy.load(signal)[None, :, None]
network.reshape(list(x.shape))
hints = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads}
hints["INFERENCE_PRECISION_HINT"] = "f32"
core.compile_model(network, "CPU", hints).create_infer_request().infer([x])
"""

    def __init__(self, onnx: Path, normalise: Normaliser) -> None:
        self.model = onnx
        self._normalise = normalise
        self._ov = require("openvino", extra="bench")
        self._core = self._ov.Core()

    def version(self) -> str:
        """Return the version of OpenVINO."""
        return str(self._ov.__version__).partition("-")[0]

    def prepare(self, signal: Array, threads: int) -> Run:
        """Return what answers one signal."""
        x = self._normalise(signal)
        request = self._compile(x, threads, "LATENCY").create_infer_request()

        def run() -> Array:
            request.infer([x], share_inputs=True)
            return np.asarray(request.get_output_tensor(0).data[0])

        return run

    def prepare_batch(self, signal: Array, count: int, threads: int) -> Mapping[str, Run]:
        """Return: one after another on all threads; as many at a time as OpenVINO finds best."""
        x = self._normalise(signal)
        one = self.prepare(signal, threads)
        queue = self._ov.AsyncInferQueue(self._compile(x, threads, "THROUGHPUT"))

        def run() -> Array:
            for _ in range(count):
                queue.start_async([x], share_inputs=True)
            queue.wait_all()
            return np.asarray(queue[0].get_output_tensor(0).data[0])

        return {
            "one by one": lambda: [one() for _ in range(count)][-1],
            "asynchronous": run,
        }

    def _compile(self, x: Array, threads: int, hint: str) -> Any:
        model = open_model(self.model, self._core.read_model)
        model.reshape(list(x.shape))
        hints = {
            "PERFORMANCE_HINT": hint,
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": self.hint,
        }
        return self._core.compile_model(model, "CPU", hints)


class OpenVinoBf16(OpenVino):
    """OpenVINO in bfloat16."""

    name = "openvino, bf16"
    hint = "bf16"
    precision = "bf16"
    cold_start = OpenVino.cold_start.replace('"f32"', '"bf16"')
