"""Export: from a Keras checkpoint to an ONNX model that carries its metadata."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .._extras import require, require_keras
from .._files import check_writable, replacing
from ..metadata import ONNX_KEY, ONNX_TRAINING_RECORDS_KEY, Metadata
from ..records.manifest import read_manifest
from ..training.examples import prepare
from .answers import load_checkpoint
from .config import TrainConfig
from .examples import Floats
from .network import RECORD_LAYER
from .record_head import RecordHead
from .runs import Run, best

#: Largest difference between a probability of Keras and of ONNX Runtime that is let pass, the one
#: that a plan may have: rounding alone has reached 1.7e-5 where training was short and the
#: activations are large, and what is wrong differs by hundredths.
TOLERANCE = 1e-4
OPSET = 17
#: Outputs of a model, the latter with a record head only.
PROBABILITIES, EVIDENCE = "probabilities", "evidence"
#: Records on which the two are compared, from the shortest to the longest of dev.
CHECKED_RECORDS = 32


def export(checkpoint: str | Path, out: str | Path, *, tolerance: float = TOLERANCE) -> str:
    """Export a checkpoint, after ONNX Runtime has agreed with Keras on records of its dev set.

    Where the dev records cannot be found, synthetic signals take their place.

    Parameters
    ----------
    checkpoint
        A ``.keras`` file in its run folder, or the run folder for its best checkpoint.
    out
        The ONNX model to write; an existing one is replaced, at once and as a whole.
    tolerance
        Largest difference of a probability between the two that is let pass.

    Returns
    -------
    str
        What was compared, and the largest difference, in a sentence.

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        If the checkpoint, or a file of its run folder, is missing, or `out` cannot be written.
    ValueError
        If the checkpoint cannot be read, is not of its run, or would be replaced, or the check
        fails.
    """
    check_writable(out, checkpoint)
    if not 0 < tolerance < 1:
        raise ValueError(f"the tolerance is a difference of probability, from 0 to 1: {tolerance}")
    checkpoint, run = _locate(Path(checkpoint))
    metadata = run.metadata()
    model = load_checkpoint(checkpoint)
    signals, origin = _dev_signals(run, metadata)
    difference = save_onnx(
        model, metadata, run.training_records(), out, signals, tolerance=tolerance
    )
    return (
        f"{out}: {checkpoint.name}; ONNX Runtime and Keras differ by at most {difference:.1e} "
        f"in a probability, over {len(signals)} {origin}"
    )


def save_onnx(
    model: Any,
    metadata: Metadata,
    training_records: Sequence[str],
    path: str | Path,
    signals: Sequence[Floats],
    *,
    tolerance: float = TOLERANCE,
) -> float:
    """Write a network as ONNX once ONNX Runtime agrees with Keras.

    Parameters
    ----------
    model
        The Keras network, (N, T, 1) -> (N, segments, classes), as
        :func:`ecgrt.training.network.build_network` builds it.
    metadata, training_records
        What the model is to say of itself, and the names of the records that it has seen.
    path
        The file to write.
    signals
        Preprocessed signals, float32 (n,) each, to compare the two on; at least one.
    tolerance
        Largest difference of a probability that is let pass.

    Returns
    -------
    float
        The largest difference of a probability, and of a record head's evidence relative to its
        largest value, at most `tolerance`.

    Raises
    ------
    ValueError
        If the network's shapes are not those of the metadata, or the two differ by more.
    """
    path = Path(path)
    network = _served(model, metadata)
    if network is not model:
        kernel, bias = model.get_layer(RECORD_LAYER).get_weights()
        head = RecordHead.linear(kernel, bias).to_dict()
        metadata = replace(metadata, record_head=head, decision="mean")
    content = _convert(network, metadata, training_records)
    difference = _difference(network, content, signals)
    if not difference <= tolerance:
        raise ValueError(
            f"ONNX Runtime differs from Keras by {difference:.1e} in a probability, more than "
            f"{tolerance:.0e}; {path} was not written (a larger --tolerance lets it pass)"
        )
    with replacing(path) as part:
        part.write_bytes(content)
    return difference


def synthetic_signals(samples_per_segment: int) -> list[Floats]:
    """Return preprocessed-looking noise, 1 to 71 segments long, for lack of records."""
    rng = np.random.default_rng(2017)
    lengths = [segments * samples_per_segment for segments in (1, 2, 10, 35, 71)]
    return [np.convolve(rng.normal(size=n), [1, 2, 1], "same").astype(np.float32) for n in lengths]


def _locate(path: Path) -> tuple[Path, Run]:
    """Return the checkpoint and the run folder that it lies in."""
    if path.is_dir():
        history = Run(path).history()
        if not history:
            raise FileNotFoundError(f"{path} is no run folder with a complete epoch")
        config = TrainConfig.load(path / "config.json")
        path = path / best(history, config.checkpoint).checkpoint
    if not path.is_file():
        raise FileNotFoundError(f"no such checkpoint: {path}")
    for name in ("preprocessing.json", "training_records"):
        if not (path.parent / name).is_file():
            raise FileNotFoundError(
                f"{path.parent / name} is missing; export a checkpoint from within its run folder"
            )
    return path, Run(path.parent)


def _dev_signals(run: Run, metadata: Metadata) -> tuple[list[Floats], str]:
    try:
        config = TrainConfig.load(run.folder / "config.json")
        records = read_manifest(config.dev, metadata.classes)
    except FileNotFoundError as error:
        return (
            synthetic_signals(metadata.samples_per_segment),
            f"synthetic signals (not on real records: {error})",
        )
    records.sort(key=lambda item: item.record.signal.size)
    chosen = np.linspace(0, len(records) - 1, min(len(records), CHECKED_RECORDS)).astype(int)
    return [prepare(records[i], metadata).signal for i in chosen], "dev records"


def _served(model: Any, metadata: Metadata) -> Any:
    """Return the network as it is served: with a record head, whose own part is in the metadata,
    from the signal to probabilities and evidence."""
    heads, outputs = isinstance(model.output, dict), len(metadata.classes)
    inputs = tuple(model.inputs[0].shape)
    found = tuple((model.output[PROBABILITIES] if heads else model.output).shape)
    if inputs != (None, None, 1) or found != (None, None, outputs):
        raise ValueError(
            f"the network maps {inputs} to {found}; its run has "
            f"{outputs} classes, (None, None, 1) to (None, None, {outputs})"
        )
    if not heads:
        return model
    served = {name: model.output[name] for name in (PROBABILITIES, EVIDENCE)}
    return require_keras().Model(model.inputs[0], served)


def _convert(model: Any, metadata: Metadata, training_records: Sequence[str]) -> bytes:
    """Return the serialised ONNX model; time and batch are its free axes."""
    tf = require("tensorflow", extra="train")
    tf2onnx = require("tf2onnx", extra="train")
    onnx = require("onnx", extra="train")
    signature = [tf.TensorSpec((None, None, 1), tf.float32, name="signal")]
    heads = isinstance(model.output, dict)

    def answer(signal: Any) -> dict[str, Any]:
        answers = model(signal, training=False)
        return answers if heads else {PROBABILITIES: answers}

    function = tf.function(answer, input_signature=signature)
    converted, _ = tf2onnx.convert.from_function(function, signature, opset=OPSET)
    _tidy(converted.graph)
    _leave_unpadded(onnx, converted.graph)
    properties = {
        ONNX_KEY: metadata.to_json(),
        ONNX_TRAINING_RECORDS_KEY: " ".join(sorted(training_records)),
    }
    onnx.helper.set_model_props(converted, properties)
    onnx.checker.check_model(converted)
    content: bytes = converted.SerializeToString()
    return content


def _tidy(graph: Any) -> None:
    """Name the free axes, and the constants by their order: tf2onnx's names vary run by run."""
    outputs = sorted(graph.output, key=lambda value: value.name != PROBABILITIES)
    del graph.output[:]
    graph.output.extend(outputs)
    for value in (*graph.input, *graph.output):
        time_axis = "samples" if value.name == "signal" else "segments"
        batch, time, _ = value.type.tensor_type.shape.dim
        batch.dim_param, time.dim_param = "batch", time_axis
    constants = {tensor.name for tensor in graph.initializer}
    numbers: dict[str, int] = {}
    for node in graph.node:
        for position, value in enumerate(node.input):
            if value in constants:
                number = numbers.setdefault(value, len(numbers))
                node.input[position] = f"constant{number}"
    graph.initializer.sort(key=lambda tensor: numbers[tensor.name])
    for tensor in graph.initializer:
        tensor.name = f"constant{numbers[tensor.name]}"


def _leave_unpadded(onnx: Any, graph: Any) -> None:
    """Say of kernels shorter than their stride that they need no padding.

    ONNX Runtime takes 'same' there as a negative padding, and reads other samples than Keras.
    """
    for node in graph.node:
        if node.op_type != "Conv":
            continue
        values = {one.name: onnx.helper.get_attribute_value(one) for one in node.attribute}
        if values["kernel_shape"][-1] < values["strides"][-1]:
            for one in node.attribute:
                if one.name == "auto_pad":
                    one.s = b"VALID"


def _difference(model: Any, content: bytes, signals: Sequence[Floats]) -> float:
    """Return the largest difference of an output between Keras and ONNX Runtime.

    Evidence has no unit: a difference counts relative to the largest value, if that is above 1.
    """
    onnxruntime = require("onnxruntime", extra="train")
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    differences = []
    for signal in signals:
        batch = signal[np.newaxis, :, np.newaxis]
        expected = model.predict_on_batch(batch)
        if not isinstance(expected, dict):
            expected = {PROBABILITIES: expected}
        answers = session.run(list(expected), {"signal": batch})
        for answer, right in zip(answers, expected.values(), strict=True):
            differences.append(np.abs(answer - right).max() / max(1.0, np.abs(right).max()))
    return float(np.max(differences))
