"""Drives the builder of TensorRT (10 and 11) and TensorRT-RTX; the two share one Python interface.

The package is an argument everywhere (`trt`), for which of the two is installed is known only when
it runs, and so are the base classes of the logger and the progress monitor.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from .._extras import require
from .._files import replacing

#: How hard the enterprise builder searches (0 to 5); 5 takes minutes and gives the lowest latency.
BUILDER_LEVEL = 5
#: Largest finite float16; a weight beyond it cannot be converted.
FLOAT16_MAX = 65504.0

Shape = tuple[int, int, int]


def to_fp16(model: Any) -> Any:
    """Return an ONNX model in float16, its softmax, input and output left in float32.

    Written out here because onnxconverter-common 1.16 leaves the output in float16 when softmax
    is to stay in float32.

    Raises
    ------
    ValueError
        If a weight is too large for float16, or the first output is not the network's one softmax.
    """
    onnx = require("onnx", extra="build")
    single, half = onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16
    converted = onnx.ModelProto()
    converted.CopyFrom(model)
    graph = converted.graph
    del graph.value_info[:]  # types that no longer hold
    for tensor in graph.initializer:
        _halve(onnx, tensor)
    signal, evidence = graph.input[0].name, [output.name for output in graph.output[1:]]
    inner = {name: f"{name}/fp16" for name in (signal, *evidence)}
    nodes = [onnx.helper.make_node("Cast", [signal], [inner[signal]], to=half)]
    for node in graph.node:
        node.input[:] = [inner.get(name, name) for name in node.input]
        node.output[:] = [inner.get(name, name) for name in node.output]
        for attribute in node.attribute:
            if node.op_type == "Constant" and attribute.name == "value":
                _halve(onnx, attribute.t)
            if node.op_type == "Cast" and attribute.i == single:
                attribute.i = half
        if node.op_type == "Softmax":
            logits = f"{node.input[0]}/fp32"
            nodes.append(onnx.helper.make_node("Cast", [node.input[0]], [logits], to=single))
            node.input[0] = logits
        nodes.append(node)
    nodes += [onnx.helper.make_node("Cast", [inner[name]], [name], to=single) for name in evidence]
    del graph.node[:]
    graph.node.extend(nodes)
    try:
        onnx.checker.check_model(converted, full_check=True)
    except onnx.shape_inference.InferenceError as error:
        raise ValueError(f"this network cannot be converted to float16: {error}") from error
    return converted


def join_outputs(model: Any) -> Any:
    """Return an ONNX model whose outputs are one, side by side: probabilities, then evidence."""
    onnx = require("onnx", extra="tensorrt")
    joined = type(model)()
    joined.CopyFrom(model)
    graph = joined.graph
    names = [output.name for output in graph.output]
    graph.node.append(onnx.helper.make_node("Concat", names, ["answers"], axis=2))
    widths = [output.type.tensor_type.shape.dim[2].dim_value for output in graph.output]
    shape = ["batch", "segments", sum(widths)]
    answers = onnx.helper.make_tensor_value_info("answers", onnx.TensorProto.FLOAT, shape)
    del graph.output[:]
    graph.output.append(answers)
    return joined


def _halve(onnx: Any, tensor: Any) -> None:
    """Turn a float32 tensor into float16, in place; leave any other alone."""
    if tensor.data_type != onnx.TensorProto.FLOAT:
        return
    values = onnx.numpy_helper.to_array(tensor)
    if abs(values).max(initial=0.0) > FLOAT16_MAX:
        raise ValueError(f"the weights {tensor.name} do not fit float16; build with fp32")
    tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype("float16"), tensor.name))


def compile_network(
    trt: Any, model: Any, name: str, shapes: tuple[Shape, Shape, Shape], timing_cache: Path | None
) -> bytes:
    """Return the plan of an ONNX model with one input.

    Parameters
    ----------
    trt
        The module ``tensorrt`` or ``tensorrt_rtx``.
    model
        The ``onnx.ModelProto``; its types are the precision that TensorRT computes in.
    name
        Name that the network gets.
    shapes
        Smallest, tuned and largest shape of the input.
    timing_cache
        File that keeps what the builder measured, None for a flavour that measures nothing.

    Raises
    ------
    ValueError
        If TensorRT refuses the model, in its own words.
    """
    log = _make_log(trt)
    builder = trt.Builder(log)
    # On 11 every network is strongly typed and the flag means nothing.
    typed = getattr(trt.NetworkDefinitionCreationFlag, "STRONGLY_TYPED", None)
    network = builder.create_network(0 if typed is None else 1 << int(typed))
    parser = trt.OnnxParser(network, log)
    if not parser.parse(model.SerializeToString()):
        errors = [str(parser.get_error(i)) for i in range(parser.num_errors)]
        raise ValueError("TensorRT cannot read this model: " + "; ".join(errors or log.errors))
    tensors = [network.get_input(i) for i in range(network.num_inputs)]
    tensors += [network.get_output(i) for i in range(network.num_outputs)]
    if len(tensors) != 2 or any(tensor.dtype != trt.float32 for tensor in tensors):
        found = ", ".join(f"{tensor.name} {tensor.dtype}" for tensor in tensors)
        raise ValueError(f"the model needs one input and one output in float32, not {found}")
    network.name = name
    if network.name != name:  # a longer one than it keeps is dropped without a word
        raise ValueError(f"TensorRT keeps no network name of {len(name.encode())} bytes")
    config = _configure(trt, builder, network, shapes)
    if timing_cache is not None:
        _load_timings(config, timing_cache)
    plan = builder.build_serialized_network(network, config)
    if plan is None:
        raise ValueError("TensorRT cannot build this model: " + "; ".join(log.errors))
    if timing_cache is not None:
        timing_cache.parent.mkdir(parents=True, exist_ok=True)
        with replacing(timing_cache) as part:
            part.write_bytes(bytes(config.get_timing_cache().serialize()))
    return bytes(plan)


def _configure(trt: Any, builder: Any, network: Any, shapes: tuple[Shape, Shape, Shape]) -> Any:
    config = builder.create_builder_config()
    profile = builder.create_optimization_profile()
    profile.set_shape(network.get_input(0).name, *shapes)
    config.add_optimization_profile(profile)
    config.clear_flag(trt.BuilderFlag.TF32)  # on by default, with 10 bits of mantissa
    # Without it RTX may allocate while it runs, which no CUDA graph can capture.
    if hasattr(trt.BuilderFlag, "REQUIRE_USER_ALLOCATION"):
        config.set_flag(trt.BuilderFlag.REQUIRE_USER_ALLOCATION)
    config.builder_optimization_level = BUILDER_LEVEL
    config.max_aux_streams = 0  # the network is one chain
    if sys.stderr.isatty():
        config.progress_monitor = _make_monitor(trt)
    return config


def _load_timings(config: Any, path: Path) -> None:
    known = path.read_bytes() if path.is_file() else b""
    # TensorRT itself refuses what another version or GPU measured; then it starts afresh.
    if not config.set_timing_cache(config.create_timing_cache(known), False):
        config.set_timing_cache(config.create_timing_cache(b""), False)


def _make_log(trt: Any) -> Any:
    class Log(trt.ILogger):  # type: ignore[misc]
        """Keeps the errors for an exception and shows nothing."""

        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.errors: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            if severity in (trt.ILogger.INTERNAL_ERROR, trt.ILogger.ERROR):
                self.errors.append(message)

    return Log()


def _make_monitor(trt: Any) -> Any:
    class Monitor(trt.IProgressMonitor):  # type: ignore[misc]
        """Shows the phase that the builder is in on stderr."""

        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self.steps: dict[str, int] = {}

        def phase_start(self, phase: str, parent: str | None, steps: int) -> None:
            self.steps[phase] = steps

        def step_complete(self, phase: str, step: int) -> bool:
            print(f"\r{phase}: {step + 1} of {self.steps[phase]}\x1b[K", end="", file=sys.stderr)
            return True  # False would stop the build

        def phase_finish(self, phase: str) -> None:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)

    return Monitor()
