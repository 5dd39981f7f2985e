"""The engines that ecgrt is measured beside: one class each, in its best configuration."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from .._extras import require, require_keras
from .engine import Array, Engine, Normaliser, Run, UnavailableError


def batch_size(count: int) -> int:
    """Return the largest batch, of at most eight, that divides `count`."""
    return max(size for size in range(1, 9) if count % size == 0)


def _open(model: Path, read: Callable[[str], Any]) -> Any:
    """Turn whatever an engine raises for a file that it cannot open into one kind of error."""
    try:
        return read(os.fspath(model))
    except Exception as error:
        raise ValueError(f"{model} is not a model that can be opened: {error}") from error


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
        return _open(
            self.model, lambda path: self._ort.InferenceSession(path, options, providers=providers)
        )

    @staticmethod
    def _run(session: Any, x: Array) -> Run:
        feed = {session.get_inputs()[0].name: x}
        return lambda: np.asarray(session.run(None, feed)[0][0])


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
        model = _open(self.model, self._core.read_model)
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
        self._network = _open(
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


def peers_for(
    onnx: str | Path | None, keras: str | Path | None, normalise: Normaliser, threads: int
) -> tuple[list[Engine], list[str]]:
    """Return the peers that are installed and have a model, and why the others are left out.

    Raises
    ------
    FileNotFoundError
        If a model that is named does not exist.
    """
    makers: dict[str, tuple[str, str | Path | None, Callable[[Path], Engine]]] = {
        "onnxruntime": ("--onnx", onnx, lambda model: OnnxRuntime(model, normalise)),
        "openvino": ("--onnx", onnx, lambda model: OpenVino(model, normalise)),
        "openvino, bf16": ("--onnx", onnx, lambda model: OpenVinoBf16(model, normalise)),
        "tensorflow": ("--keras", keras, lambda model: TensorFlow(model, normalise, threads)),
    }
    engines: list[Engine] = []
    left_out = []
    for name, (option, model, make) in makers.items():
        if model is None:
            left_out.append(f"{name}: left out, no {option} was given")
            continue
        if not Path(model).is_file():
            raise FileNotFoundError(f"there is no model {model}")
        try:
            engines.append(make(Path(model)))
        except ModuleNotFoundError as error:
            left_out.append(f"{name}: left out, {error}")
    return engines, left_out
