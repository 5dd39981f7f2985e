"""Runs a TensorRT plan through TensorRT's Python interface and PyCUDA.

It shares nothing with the C++ backend but the plan, so that the two can be held against each other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class PycudaRunner:
    """One engine on CUDA device 0.

    Parameters
    ----------
    trt
        The module ``tensorrt`` or ``tensorrt_rtx`` that built the plan.
    plan
        The plan.
    """

    def __init__(self, trt: Any, plan: Path) -> None:
        import pycuda.driver as cuda

        self._cuda = cuda
        cuda.init()
        # The primary context is the one that the CUDA runtime, and so the C++ backend, uses.
        self._device_context = cuda.Device(0).retain_primary_context()
        self._device_context.push()
        try:
            self._log = trt.Logger(trt.Logger.ERROR)
            self._engine = trt.Runtime(self._log).deserialize_cuda_engine(plan.read_bytes())
            assert self._engine is not None, f"TensorRT refuses {plan}"
            self._context = self._engine.create_execution_context()
            self._stream = cuda.Stream()
        finally:
            self._device_context.pop()
        names = [self._engine.get_tensor_name(i) for i in range(self._engine.num_io_tensors)]
        modes = {self._engine.get_tensor_mode(name): name for name in names}
        self._input = modes[trt.TensorIOMode.INPUT]
        self._output = modes[trt.TensorIOMode.OUTPUT]

    def run(self, samples: Floats) -> Floats:
        """Return the probabilities (N, S, C) of normalised signals (N, T)."""
        cuda, context = self._cuda, self._context
        self._device_context.push()
        try:
            signal = np.ascontiguousarray(samples[:, :, None], dtype=np.float32)
            assert context.set_input_shape(self._input, signal.shape)
            answer = np.empty(tuple(context.get_tensor_shape(self._output)), dtype=np.float32)
            device_signal = cuda.mem_alloc(signal.nbytes)
            device_answer = cuda.mem_alloc(answer.nbytes)
            context.set_tensor_address(self._input, int(device_signal))
            context.set_tensor_address(self._output, int(device_answer))
            cuda.memcpy_htod_async(device_signal, signal, self._stream)
            assert context.execute_async_v3(self._stream.handle)
            cuda.memcpy_dtoh_async(answer, device_answer, self._stream)
            self._stream.synchronize()
            return answer
        finally:
            self._device_context.pop()
