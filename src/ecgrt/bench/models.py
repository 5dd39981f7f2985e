"""The networks to measure: their plans, and the ONNX models that peers run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from .. import Classifier, onnx_file
from ..compile.cpu_plan import build_cpu_plan
from ..compile.fusion import FusedNetwork, fuse
from ..compile.onnx_graph import load_graph
from ..metadata import ONNX_KEY, Metadata
from .engine import Normaliser


@dataclass
class Model:
    """A network, its plans and the ONNX model that they were built from.

    Attributes
    ----------
    name
        For the tables: the file that was named.
    metadata
        What the network says of itself.
    onnx
        For the peers; None if only plans were named.
    folder
        Where peers put what they make of it.
    plans
        What ecgrt runs.
    """

    name: str
    metadata: Mapping[str, Any]
    onnx: Path | None
    folder: Path
    plans: list[Path] = field(default_factory=list)

    @cached_property
    def network(self) -> FusedNetwork:
        """Its layers, for the peers that read no ONNX."""
        assert self.onnx is not None
        return fuse(load_graph(onnx_file.load_model(self.onnx)))

    def normaliser(self, fs: float | None) -> Normaliser:
        """Return what turns a signal of `fs` Hz (None: the model's rate) into the network's."""
        return Normaliser(self.metadata, fs)


def gather(files: Sequence[str | Path], precisions: Sequence[str], folder: Path) -> list[Model]:
    """Return the networks that some ONNX models and plans hold.

    A plan belongs to the ONNX model that says the same of itself. Of an ONNX model without one,
    plans are built.

    Parameters
    ----------
    files
        ONNX models, which end in ``.onnx``, and plans.
    precisions
        Of the plans to build.
    folder
        Where they are put.

    Raises
    ------
    FileNotFoundError, ecgrt.PlanError
        If a file is missing, or a plan is damaged or not a plan.
    ValueError
        If none is named, or a file is no ONNX model of ecgrt's.
    """
    paths = [Path(file) for file in files]
    if not paths:
        raise ValueError("give at least one model")
    if missing := [path for path in paths if not path.is_file()]:
        raise FileNotFoundError(f"there is no model {missing[0]}")
    models: list[Model] = []

    def add(path: Path, metadata: Mapping[str, Any], onnx: Path | None) -> Model:
        models.append(Model(str(path), metadata, onnx, folder / str(len(models))))
        models[-1].folder.mkdir()
        return models[-1]

    for path in (path for path in paths if path.suffix == ".onnx"):
        add(path, _metadata_of(path), path)
    for path in (path for path in paths if path.suffix != ".onnx"):
        metadata = Classifier(path).metadata
        same = (model for model in models if model.metadata == metadata)
        (next(same, None) or add(path, metadata, None)).plans.append(path)
    for model in models:
        if not model.plans and model.onnx:
            for precision in precisions:
                model.plans.append(model.folder / f"{precision}.plan")
                build_cpu_plan(model.onnx, model.plans[-1], precision=precision)
    return models


def _metadata_of(onnx: Path) -> Mapping[str, Any]:
    properties = onnx_file.properties(onnx_file.load_model(onnx))
    if ONNX_KEY not in properties:
        raise ValueError(f"{onnx} carries no {ONNX_KEY!r} metadata; ecgrt-export writes models")
    metadata: dict[str, Any] = json.loads(Metadata.from_json(properties[ONNX_KEY]).to_json())
    return metadata
