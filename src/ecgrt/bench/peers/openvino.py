"""OpenVINO as a peer, in single precision and in bfloat16."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._extras import require
from ..engine import Array, Run, UnavailableError
from ..machine import cpu_flags
from ..models import Model
from .base import Peer, last_of


class OpenVino(Peer):
    """OpenVINO on the CPU, compiled for the exact shape.

    Told its precision: where the processor multiplies in bfloat16 it would do so by itself, and
    answer otherwise.
    """

    name = "openvino"
    hint = "f32"
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

    def __init__(self, source: Model, fs: float | None, threads: int) -> None:
        super().__init__(source, fs, threads)
        self._ov: Any = require("openvino", extra="bench")
        self._core = self._ov.Core()

    def version(self) -> str:
        """Return the version of OpenVINO."""
        return str(self._ov.__version__).partition("-")[0]

    def open(self, x: Array, threads: int) -> Run:
        """Return what answers records with the LATENCY hint."""
        request = self.compile(x, threads, "LATENCY").create_infer_request()

        def run() -> Array:
            request.infer([x], share_inputs=True)
            return last_of(request.get_output_tensor(0).data)

        return run

    def more_ways(self, x: Array, count: int, threads: int) -> Mapping[str, Run]:
        """Return: as many at a time as OpenVINO finds best."""
        queue = self._ov.AsyncInferQueue(self.compile(x, threads, "THROUGHPUT"))

        def run() -> Array:
            for _ in range(count):
                queue.start_async([x], share_inputs=True)
            queue.wait_all()
            return last_of(queue[0].get_output_tensor(0).data)

        return {"asynchronous": run}

    def compile(self, x: Array, threads: int, hint: str) -> Any:
        """Return the model compiled for arrays like `x`."""
        model = self._core.read_model(str(self.model))
        model.reshape(list(x.shape))
        hints = {
            "PERFORMANCE_HINT": hint,
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": self.hint,
        }
        return self._core.compile_model(model, "CPU", hints)


class OpenVinoBf16(OpenVino):
    """OpenVINO in bfloat16, where the processor multiplies in it."""

    name = "openvino, bf16"
    hint = "bf16"
    precision = "bf16"
    cold_start = OpenVino.cold_start.replace('"f32"', '"bf16"')

    def __init__(self, source: Model, fs: float | None, threads: int) -> None:
        if not cpu_flags() & {"amx_bf16", "avx512_bf16", "bf16"}:
            raise UnavailableError("this processor does not multiply in bfloat16")
        super().__init__(source, fs, threads)
