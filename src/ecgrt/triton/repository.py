"""Writing a model repository."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from os import PathLike
from pathlib import Path

from .. import Classifier, __version__
from .._scratch import scratch_beside
from ..shipped import PLAN

#: The models of a repository, and the class of :mod:`ecgrt.triton.backend` that runs each.
MODELS = {"ecgrt": "EcgModel", "ecgrt_stream": "EcgStreamModel"}
VERSION = "1"
PLAN_NAME = "model.plan"

_COMMON = """\
# Written by ecgrt-triton.
name: "{name}"
backend: "python"
max_batch_size: {batch}
instance_group [ {{ kind: KIND_CPU, count: 1 }} ]
parameters {{ key: "ecgrt_version" value {{ string_value: "{version}" }} }}
parameters {{ key: "threads" value {{ string_value: "{threads}" }} }}
parameters {{ key: "device" value {{ string_value: "{device}" }} }}
input [
  {{ name: "SIGNAL", data_type: TYPE_FP32, dims: [ -1 ], allow_ragged_batch: true }},
  {{ name: "FS", data_type: TYPE_FP64, dims: [ 1 ] }},
  {{ name: "UNIT", data_type: TYPE_STRING, dims: [ 1 ] }}
]
"""
# Requests of any lengths go to the core together, which runs one on each thread.
_PREDICT = """\
dynamic_batching {{ max_queue_delay_microseconds: 500 }}
output [
  {{ name: "LABEL", data_type: TYPE_STRING, dims: [ 1 ] }},
  {{ name: "CONFIDENCE", data_type: TYPE_FP32, dims: [ 1 ] }},
  {{ name: "PROBABILITIES", data_type: TYPE_FP32, dims: [ {classes} ] }},
  {{ name: "ANSWER", data_type: TYPE_STRING, dims: [ 1 ] }}
]
"""
_STREAM = """\
sequence_batching {{
  max_sequence_idle_microseconds: 120000000
  oldest {{ max_candidate_sequences: {sequences} }}
  control_input [
    {{ name: "START", control [ {{ kind: CONTROL_SEQUENCE_START, fp32_false_true: [ 0, 1 ] }} ] }},
    {{ name: "END", control [ {{ kind: CONTROL_SEQUENCE_END, fp32_false_true: [ 0, 1 ] }} ] }},
    {{ name: "CORRID", control [ {{ kind: CONTROL_SEQUENCE_CORRID, data_type: TYPE_UINT64 }} ] }}
  ]
}}
parameters {{ key: "sequences" value {{ string_value: "{sequences}" }} }}
output [
  {{ name: "ANSWER", data_type: TYPE_STRING, dims: [ 1 ] }}
]
"""
_MODEL = '''\
"""Written by ecgrt-triton. The server's Python needs ecgrt: pip install ecgrt=={version}"""

from ecgrt.triton.backend import {kind} as TritonPythonModel

__all__ = ["TritonPythonModel"]
'''


def write_repository(
    folder: str | PathLike[str],
    plan: str | PathLike[str] | None = None,
    *,
    threads: int = 0,
    device: int = 0,
    batch: int = 64,
    sequences: int = 1024,
) -> list[Path]:
    """Write the models ``ecgrt`` (records) and ``ecgrt_stream`` (sequences) of one plan.

    Parameters
    ----------
    folder
        The repository; made if there is none. It may hold other models, but none of these names.
    plan
        For the CPU or TensorRT, as of :class:`ecgrt.Classifier`; None: the compact model.
    threads, device
        As of :class:`ecgrt.Classifier`; 0 threads: its default.
    batch
        Requests that Triton hands over together.
    sequences
        Streams at a time.

    Returns
    -------
    list of Path
        The folders of the models.

    Raises
    ------
    FileExistsError
        If a model of that name is there.
    PlanError, BackendUnavailableError
        If the plan is none that runs here; it is loaded first.
    ValueError
        If a number is out of range.
    """
    for name, value, least in (
        ("threads", threads, 0),
        ("batch", batch, 1),
        ("sequences", sequences, 1),
    ):
        if value < least:
            raise ValueError(f"{name} is {value}; it must be at least {least}")
    source = Path(PLAN if plan is None else plan)
    classes = len(Classifier(source, threads=threads or None, device=device).classes)
    values = {"version": __version__, "threads": threads, "device": device, "batch": batch}
    values |= {"classes": classes, "sequences": sequences}
    models = [Path(folder) / name for name in MODELS]
    Path(folder).mkdir(parents=True, exist_ok=True)
    with scratch_beside(models[0]) as scratch:
        made = [_write_model(scratch / name, source, values) for name in MODELS]
        _check_free(models, made)
        for new, model in zip(made, models, strict=True):
            if not model.exists():
                os.rename(new, model)
    return models


def _write_model(model: Path, plan: Path, values: Mapping[str, object]) -> Path:
    name = model.name
    rest = {"ecgrt": _PREDICT, "ecgrt_stream": _STREAM}[name]
    version = model / VERSION
    version.mkdir(parents=True)
    shutil.copyfile(plan, version / PLAN_NAME)
    text = _MODEL.format(kind=MODELS[name], version=__version__)
    (version / "model.py").write_text(text, encoding="utf-8")
    config = (_COMMON + rest).format(name=name, **values)
    (model / "config.pbtxt").write_text(config, encoding="utf-8")
    return model


def _check_free(models: list[Path], made: list[Path]) -> None:
    """Refuse models that are there; but a run that ended between two of them can be done again."""
    there = [(model, new) for model, new in zip(models, made, strict=True) if model.exists()]
    for model, new in there:
        if len(there) == len(models) or _files(model) != _files(new):
            raise FileExistsError(f"{model} is there already; remove it, or name another folder")


def _files(folder: Path) -> dict[Path, bytes]:
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
