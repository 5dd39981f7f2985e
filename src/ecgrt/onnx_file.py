"""An ONNX model as a file, and what it says of itself; the graph is for :mod:`ecgrt.compile`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ._extras import require
from .metadata import ONNX_TRAINING_RECORDS_KEY


def load_model(path: str | Path) -> Any:
    """Return the ``onnx.ModelProto`` in a file that exists; raise ValueError if it is none."""
    onnx = require("onnx", extra="build")
    try:
        return onnx.load(str(path))
    except Exception as error:  # protobuf's own exception types differ between versions
        raise ValueError(f"{path} is not an ONNX model: {error}") from error


def properties(model: Any) -> dict[str, str]:
    """Return the texts that a model carries, by key."""
    return {entry.key: entry.value for entry in model.metadata_props}


def training_records(model: Any) -> frozenset[str]:
    """Return the names of the records that a model was trained on; none if it does not say."""
    return frozenset(properties(model).get(ONNX_TRAINING_RECORDS_KEY, "").split())
