"""ONNX to the plan that suits this machine, checked before it takes its name."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

TARGETS = ("auto", "cpu", "tensorrt")


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
        ``"fp32"`` or ``"fp16"``: of the weights, on TensorRT of the arithmetic too. For the CPU
        also ``"bf16"``, see :func:`ecgrt.compile.cpu_plan.build_cpu_plan`.
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
        An impossible option, or a model that cannot be compiled, as one for which the engine
        answers otherwise than ONNX Runtime.
    ModuleNotFoundError
        A package is missing; the message says which extra brings it.
    """
    if target not in TARGETS:
        raise ValueError(f"target must be one of {TARGETS}, not {target!r}")
    if target == "auto":
        target, _ = choose_target()
    if target == "cpu":
        from .cpu_plan import build_cpu_plan

        checked = build_cpu_plan(onnx_path, plan_path, precision=precision, opt_seconds=opt_seconds)
        return BuiltPlan(Path(plan_path), target, checked.backend, checked.difference)
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
