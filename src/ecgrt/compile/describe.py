"""Gives an ONNX model of other origin the metadata that a plan needs."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import onnx_file
from .._files import check_writable, read_json, replacing
from ..metadata import ONNX_KEY, ONNX_TRAINING_RECORDS_KEY, Metadata, digest_records
from .cpu_plan import build_cpu_plan
from .fusion import FusedNetwork, fuse
from .onnx_graph import load_graph

#: What nothing but the maker of a model knows.
REQUIRED = ("classes", "sampling_rate")


def describe_model(
    model_path: str | os.PathLike[str],
    fields_path: str | os.PathLike[str],
    out: str | os.PathLike[str],
) -> Metadata:
    """Write a model again with metadata in it, once a plan of it answers as ONNX Runtime does.

    Parameters
    ----------
    model_path
        An ONNX model of the network family, float32 (batch, samples, 1) to probabilities (batch,
        segments, classes).
    fields_path
        A JSON object of fields of :class:`ecgrt.metadata.Metadata`. ``classes``, in the order of
        the outputs, and ``sampling_rate`` are required, and ``mean`` and ``std`` unless ``signal``
        has the scale ``"local"``. ``training_records`` is the list of the records' names that the
        model was trained on, by which an evaluation notices them; none if it is left out.
        ``samples_per_segment`` and ``context_segments`` follow from the network.
    out
        The ONNX model to write.

    Returns
    -------
    Metadata
        What the model says of itself now.

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        If a file is missing, or `out` cannot be written.
    UnsupportedModelError
        If the model is not of the family, or the engine does not answer as ONNX Runtime. A
        ValueError.
    TypeError
        If the fields are no JSON object.
    ValueError
        If the model has metadata already, or a field is missing, unknown or impossible.
    """
    check_writable(out, model_path, fields_path)
    for path in (model_path, fields_path):
        if not Path(path).is_file():
            raise FileNotFoundError(f"there is no file {path}")
    model = onnx_file.load_model(Path(model_path))
    if ONNX_KEY in onnx_file.properties(model):
        raise ValueError(f"{model_path} has {ONNX_KEY!r} metadata already; it can be used as it is")
    fields = read_json(Path(fields_path))
    if not isinstance(fields, dict):
        raise TypeError(f"{fields_path} must hold a JSON object, not {type(fields).__name__}")
    network = fuse(load_graph(model))
    try:
        metadata, names = _complete(fields, network, Path(model_path).stem)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{fields_path}: {error}") from error
    for key, value in (
        (ONNX_KEY, metadata.to_json()),
        (ONNX_TRAINING_RECORDS_KEY, " ".join(sorted(names))),
    ):
        model.metadata_props.add(key=key, value=value)
    with replacing(out) as part, tempfile.TemporaryDirectory() as folder:
        part.write_bytes(model.SerializeToString())
        build_cpu_plan(part, Path(folder, "model.plan"))
    return metadata


def _complete(
    fields: Mapping[str, Any], network: FusedNetwork, name: str
) -> tuple[Metadata, Sequence[str]]:
    """Return metadata of these fields and of what follows from the network, and the records."""
    signal = fields.get("signal")
    local = isinstance(signal, dict) and signal.get("scale") == "local"
    required = REQUIRED if local else (*REQUIRED, "mean", "std")
    if missing := [field for field in required if field not in fields]:
        raise ValueError(f"the field {missing[0]!r} is missing; required are {', '.join(required)}")
    size = network.samples_per_segment
    if fields.get("samples_per_segment", size) != size:
        raise ValueError(f"samples_per_segment is {size} in the network; leave the field out")
    names = fields.get("training_records", [])
    named = isinstance(names, list) and all(isinstance(n, str) and n.split() == [n] for n in names)
    if not named:
        raise ValueError("training_records must be a list of names without blanks")
    values = {
        "model": name,
        "mean": 0.0,
        "std": 1.0,
        "context_segments": network.context_segments,
        "label_version": "unknown",
        **fields,
        "samples_per_segment": size,
        "training_digest": digest_records(names),
        "training_records": len(names),
    }
    return Metadata.from_json(json.dumps(values)), names
