"""Compiles ONNX into a plan of the CPU engine, and checks it before it takes its name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .._extras import require
from .._files import check_writable, replacing
from ..metadata import ONNX_KEY, ONNX_TRAINING_RECORDS_KEY, Metadata
from .fusion import FusedNetwork, fuse
from .graph import Array, UnsupportedModelError
from .onnx_graph import load_graph
from .plan_file import FORMAT_VERSION, seal
from .plan_header import HeaderWriter

__all__ = ["FORMAT_VERSION", "PRECISIONS", "TOLERANCE", "CheckedPlan", "build_cpu_plan"]

PRECISIONS = ("fp32", "fp16", "bf16")
#: Largest difference of probability from ONNX Runtime with which a plan is written.
TOLERANCE = {"fp32": 1e-4, "fp16": 5e-3, "bf16": 3e-2}
GOLDEN_SEGMENTS = 6
#: Floats of all tensors together for the segments that ONNX Runtime answers: 1 GiB.
GOLDEN_FLOATS = 1 << 28


@dataclass(frozen=True)
class CheckedPlan:
    """What a new plan was checked with.

    Attributes
    ----------
    backend
        What ran it, such as ``"cpu/avx2"``.
    difference
        Largest difference of its probabilities from ONNX Runtime's on the example in the plan.
    """

    backend: str
    difference: float


def build_cpu_plan(
    onnx_path: str | os.PathLike[str],
    plan_path: str | os.PathLike[str],
    *,
    precision: str = "fp32",
    opt_seconds: float = 30.0,
    tolerance: float | None = None,
) -> CheckedPlan:
    """Compile an ONNX model into a plan for the native CPU engine.

    Parameters
    ----------
    onnx_path
        A model written by ``ecgrt-export``.
    plan_path
        Where the plan goes; written beside it first and then renamed.
    precision
        ``"fp32"``, or ``"fp16"`` to store the weights in half precision (the arithmetic stays
        fp32): half the file, less memory traffic. ``"bf16"`` rounds weights and layers' inputs to
        bfloat16 and sums in fp32: several times as fast on processors with AMX, slower on others.
    opt_seconds
        Length of record that the engine chooses its algorithms for; others work as well.
    tolerance
        Largest difference of probability from ONNX Runtime with which the plan is written;
        by default :data:`TOLERANCE` of the precision.

    Returns
    -------
    CheckedPlan
        What the plan was checked with: it was loaded and ran its example before it took its name.

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        There is no such model, or the plan cannot be written.
    UnsupportedModelError
        The model is not of the family, in which case the message names operator and node, or the
        engine does not answer as ONNX Runtime does. A ValueError.
    ValueError
        An impossible option, a file that is no ecgrt model, or a plan that would replace it.
    """
    check_writable(plan_path, onnx_path)
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {PRECISIONS}, not {precision!r}")
    if not 0 < opt_seconds <= 86_400:
        raise ValueError(f"opt_seconds must be from 0 to 86400 s, not {opt_seconds}")
    model = _load_model(Path(onnx_path))
    properties = {p.key: p.value for p in model.metadata_props}
    if ONNX_KEY not in properties:
        raise ValueError(
            f"{onnx_path} carries no {ONNX_KEY!r} metadata; write the model with ecgrt-export, one "
            "of other origin with its --metadata"
        )
    metadata = Metadata.from_json(properties[ONNX_KEY])
    network = fuse(load_graph(model))
    _check(network, metadata)
    golden = _golden(model, network)
    header, blobs = HeaderWriter(network, precision).describe()
    header |= {
        "metadata": metadata.to_json(),
        "training_records": properties.get(ONNX_TRAINING_RECORDS_KEY, ""),
        "precision": precision,
        "opt_samples": round(opt_seconds * metadata.sampling_rate),
        "golden": {"input": blobs.add(golden[0]), "probabilities": blobs.add(golden[1])},
    }
    with replacing(plan_path) as part:
        part.write_bytes(seal(header, blobs.content()))
        return _verify(part, TOLERANCE[precision] if tolerance is None else tolerance)


def _verify(plan: Path, tolerance: float) -> CheckedPlan:
    """Load a plan and run its example, so that none is written that cannot be read or is wrong."""
    from .._core import Classifier, PlanError

    try:
        classifier = Classifier(plan, threads=1)
    except PlanError as error:
        reason = str(error).replace(f"{plan}: ", "")
        raise UnsupportedModelError(f"the engine cannot run this model: {reason}") from error
    difference = classifier.self_test()
    if not difference <= tolerance:
        raise UnsupportedModelError(
            f"the plan's probabilities differ by {difference:.1e} from ONNX Runtime's on this "
            f"machine ({classifier.backend}), more than {tolerance:.0e}: it was not written. "
            "Weights of a million and more lose their precision; if there are none, please report "
            "this"
        )
    return CheckedPlan(classifier.backend, difference)


def _load_model(path: Path) -> Any:
    onnx = require("onnx", extra="build")
    if not path.is_file():
        raise FileNotFoundError(f"there is no model {path}")
    try:
        return onnx.load(path, load_external_data=False)  # what is refused need not be read
    except Exception as error:  # protobuf's own exception types differ between versions
        raise ValueError(f"{path} is not an ONNX model: {error}") from error


def _check(network: FusedNetwork, metadata: Metadata) -> None:
    found = (network.classes, network.samples_per_segment)
    stated = (len(metadata.classes), metadata.samples_per_segment)
    if found != stated:
        raise UnsupportedModelError(
            f"the network has {found[0]} classes and {found[1]} samples per segment, its metadata "
            f"says {stated[0]} and {stated[1]}"
        )
    if network.evidence != metadata.evidence:
        raise UnsupportedModelError(
            f"the network answers {network.evidence} channels of evidence, the record head of its "
            f"metadata reads {metadata.evidence}"
        )
    if network.context_segments > metadata.context_segments:
        raise UnsupportedModelError(
            f"the network's outputs depend on {network.context_segments} segments on either side, "
            f"its metadata says {metadata.context_segments}"
        )


def _golden(model: Any, network: FusedNetwork) -> tuple[Array, Array]:
    """A normalised input and what ONNX Runtime answers: every load can be checked against it."""
    onnxruntime = require("onnxruntime", extra="build")
    size = GOLDEN_SEGMENTS * network.samples_per_segment
    if sum(size // t.rate * t.channels for t in network.tensors) > GOLDEN_FLOATS:
        raise UnsupportedModelError(
            f"the network needs more than {GOLDEN_FLOATS} numbers for {GOLDEN_SEGMENTS} segments"
        )
    signal = np.random.default_rng(2017).standard_normal(size).astype(np.float32)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        name = session.get_inputs()[0].name
        answers = session.run(None, {name: signal[None, :, None]})
    except Exception as error:  # ONNX Runtime's exceptions have no common ancestor
        raise UnsupportedModelError(f"ONNX Runtime cannot run the model: {error}") from error
    expected = [
        (1, GOLDEN_SEGMENTS, width) for width in (network.classes, network.evidence) if width
    ]
    found = [answer.shape for answer in answers]
    if found != expected:
        raise UnsupportedModelError(
            f"ONNX Runtime answers {size} samples with shapes {found}, not {expected}"
        )
    return signal, np.concatenate([answer[0] for answer in answers], axis=1).astype(np.float32)
