"""ONNX to the plan that suits this machine, checked before it takes its name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from .. import Classifier, PlanError
from .._files import check_writable, replacing

TARGETS = ("auto", "cpu", "tensorrt")
#: Largest difference of probability from ONNX Runtime with which a new CPU plan passes.
TOLERANCE = {"fp32": 1e-4, "fp16": 5e-3}


@dataclass(frozen=True)
class BuiltPlan:
    """A plan that was built.

    Attributes
    ----------
    path
        The plan.
    target
        ``"cpu"`` or ``"tensorrt"``.
    backend
        What ran it to check it; None if it was not run, as of TensorRT.
    difference
        The largest difference from ONNX Runtime's probabilities that was found; likewise.
    """

    path: Path
    target: str
    backend: str | None = None
    difference: float | None = None


def build_plan(
    onnx_path: str | os.PathLike[str],
    plan_path: str | os.PathLike[str] = "model.plan",
    *,
    target: str = "auto",
    precision: str = "fp32",
    flavour: str = "auto",
    min_seconds: float = 0.0,
    opt_seconds: float = 30.0,
    max_seconds: float = 180.0,
    max_batch: int = 8,
) -> BuiltPlan:
    """Compile an ONNX model to a plan; it appears whole and checked, or not at all.

    Parameters
    ----------
    onnx_path
        A model written by ``ecgrt-export``.
    plan_path
        Where the plan goes.
    target
        ``"cpu"``, ``"tensorrt"``, or ``"auto"``: see :func:`choose_target`.
    precision
        ``"fp32"`` or ``"fp16"``: of the weights, on TensorRT of the arithmetic too.
    flavour
        Of TensorRT: ``"auto"``, ``"enterprise"`` or ``"rtx"``.
    min_seconds, max_seconds, max_batch
        Shortest and longest record in one piece, records at a time; for TensorRT only.
    opt_seconds
        Length of record to be fastest at.

    Raises
    ------
    FileNotFoundError, IsADirectoryError
        There is no such model, or the plan cannot be written.
    ValueError
        An impossible option, or a model that cannot be compiled.
    ecgrt.PlanError
        The plan's answers on this machine differ from ONNX Runtime's.
    ModuleNotFoundError
        A package is missing; the message says which extra brings it.
    """
    if target not in TARGETS:
        raise ValueError(f"target must be one of {TARGETS}, not {target!r}")
    if target == "auto":
        target, _ = choose_target()
    if target == "cpu":
        return _build_for_cpu(onnx_path, Path(plan_path), precision, opt_seconds)
    from . import tensorrt_plan

    tensorrt_plan.build_tensorrt_plan(
        onnx_path,
        plan_path,
        precision=precision,
        min_seconds=min_seconds,
        opt_seconds=opt_seconds,
        max_seconds=max_seconds,
        max_batch=max_batch,
        flavour=flavour,
    )
    return BuiltPlan(Path(plan_path), target)


def choose_target() -> tuple[str, str]:
    """Return TensorRT where a CUDA device answers and it is installed, else the CPU, and why."""
    from . import tensorrt_plan

    device = tensorrt_plan.cuda_device_name()
    if device is None:
        return "cpu", "no CUDA device answers"
    if not tensorrt_plan.installed_flavours():
        return "cpu", f'{device} would do, but TensorRT is missing: pip install "ecgrt[tensorrt]"'
    return "tensorrt", f"CUDA device: {device}"


def _build_for_cpu(
    onnx_path: str | os.PathLike[str], plan_path: Path, precision: str, opt_seconds: float
) -> BuiltPlan:
    """Build the plan beside its place, move it there once its answers are right."""
    from .cpu_plan import build_cpu_plan

    check_writable(plan_path, onnx_path)  # the builder only sees the path beside it
    with replacing(plan_path) as unchecked:
        build_cpu_plan(onnx_path, unchecked, precision=precision, opt_seconds=opt_seconds)
        classifier = Classifier(unchecked)
        difference = classifier.self_test()
        if not difference <= TOLERANCE[precision]:
            raise PlanError(
                f"the plan's probabilities differ by {difference:.1e} from ONNX Runtime's on this "
                f"machine ({classifier.backend}), more than {TOLERANCE[precision]:.0e}: "
                "it was not written; please report this"
            )
    return BuiltPlan(plan_path, "cpu", classifier.backend, difference)
