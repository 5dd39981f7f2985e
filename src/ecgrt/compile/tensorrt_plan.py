"""ONNX to a TensorRT plan, by NVIDIA's TensorRT (10 or 11) or TensorRT-RTX."""

from __future__ import annotations

import ctypes
import importlib.util
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._extras import require
from .._files import check_writable, replacing, write_text
from ..metadata import ONNX_KEY, Metadata
from .tensorrt_builder import Shape, compile_network, join_outputs, to_fp16

PRECISIONS = ("fp32", "fp16")
#: A TensorRT network's name, in which the metadata travels, holds no more; else it lies beside.
MAX_NAME_BYTES = 4095


@dataclass(frozen=True)
class Flavour:
    """One of NVIDIA's two TensorRT products; neither reads the other's plans."""

    name: str  # for people
    package: str
    extra: str  # of ecgrt, which installs the package
    needs_device: bool  # to build a plan


FLAVOURS = {
    "enterprise": Flavour("TensorRT", "tensorrt", "tensorrt", needs_device=True),
    "rtx": Flavour("TensorRT-RTX", "tensorrt_rtx", "tensorrt-rtx", needs_device=False),
}


@dataclass(frozen=True)
class CudaDevice:
    """A GPU as the driver describes it."""

    name: str
    capability: tuple[int, int]


@dataclass(frozen=True)
class Profile:
    """Which shapes a plan takes: segments a record, and records a batch."""

    min_segments: int
    opt_segments: int
    max_segments: int
    max_batch: int

    @classmethod
    def from_seconds(
        cls,
        metadata: Metadata,
        *,
        min_seconds: float,
        opt_seconds: float,
        max_seconds: float,
        max_batch: int,
    ) -> Profile:
        """Count the whole segments in each length, at least one; raise ValueError if they clash."""
        if not 0 <= min_seconds <= opt_seconds <= max_seconds < math.inf or max_seconds == 0:
            raise ValueError(
                "the profile needs 0 <= min_seconds <= opt_seconds <= max_seconds, "
                f"not {min_seconds}, {opt_seconds} and {max_seconds}"
            )
        if max_batch < 1:
            raise ValueError(f"max_batch must be 1 or more, not {max_batch}")
        segment_seconds = metadata.samples_per_segment / metadata.sampling_rate
        # The small term keeps a length that is a whole number of segments from rounding down.
        shortest, tuned, longest = (
            max(1, math.floor(seconds / segment_seconds + 1e-6))
            for seconds in (min_seconds, opt_seconds, max_seconds)
        )
        return cls(shortest, tuned, longest, max_batch)

    def shapes(self, samples_per_segment: int) -> tuple[Shape, Shape, Shape]:
        """Return the smallest, the tuned and the largest shape (records, samples, 1)."""
        return (
            (1, self.min_segments * samples_per_segment, 1),
            (1, self.opt_segments * samples_per_segment, 1),
            (self.max_batch, self.max_segments * samples_per_segment, 1),
        )

    def describe(self, metadata: Metadata) -> str:
        """Return it in a line for people."""
        seconds = metadata.samples_per_segment / metadata.sampling_rate
        return (
            f"records of {self.min_segments} to {self.max_segments} segments "
            f"({self.min_segments * seconds:.1f} to {self.max_segments * seconds:.1f} s), "
            f"fastest at {self.opt_segments} ({self.opt_segments * seconds:.1f} s), "
            f"batches of 1 to {self.max_batch}"
        )


def build_tensorrt_plan(
    onnx_path: str | os.PathLike[str],
    plan_path: str | os.PathLike[str],
    *,
    precision: str = "fp32",
    min_seconds: float = 0.0,
    opt_seconds: float = 30.0,
    max_seconds: float = 180.0,
    max_batch: int = 8,
    flavour: str = "auto",
) -> None:
    """Build a plan; print flavour, version, precision and profile first.

    The plan is the raw engine, so trtexec and Triton load it too; the metadata travels as JSON in
    the network's name.

    Parameters
    ----------
    onnx_path
        A model by ``ecgrt-export``: input (N, T, 1) float32, output (N, T / samples per segment,
        classes) float32.
    plan_path
        Where the plan goes; written under another name first, so it is never half there.
    precision
        ``"fp32"`` (TF32 is off) or ``"fp16"`` (weights and arithmetic; softmax stays in float32).
    min_seconds, opt_seconds, max_seconds
        Shortest, most common and longest record in seconds; each becomes the whole segments in
        it, at least one. Longer records are run in overlapping windows of the longest.
    max_batch
        Records that may run together, 1 or more.
    flavour
        ``"enterprise"`` (the package tensorrt), ``"rtx"`` (the package tensorrt_rtx) or
        ``"auto"``: enterprise where a CUDA device answers, else RTX, each if it is installed.

    Raises
    ------
    ValueError
        If an argument is out of range, the model is not one of ours, TensorRT refuses it, or the
        plan would replace it.
    FileNotFoundError, IsADirectoryError
        If there is no such ONNX file, or the plan cannot be written.
    ModuleNotFoundError
        If the flavour, or what reads ONNX, is not installed.
    ecgrt.BackendUnavailableError
        If the enterprise flavour is to build and no CUDA device answers.
    """
    check_writable(plan_path, onnx_path)
    if precision not in PRECISIONS:
        hint = (
            '; plans in bfloat16 are for target="cpu" (--target cpu)' if precision == "bf16" else ""
        )
        raise ValueError(f"precision must be one of {PRECISIONS}, not {precision!r}{hint}")
    device = cuda_device()
    chosen = choose_flavour(flavour, device)
    model, metadata = _load_model(Path(onnx_path))
    profile = Profile.from_seconds(
        metadata,
        min_seconds=min_seconds,
        opt_seconds=opt_seconds,
        max_seconds=max_seconds,
        max_batch=max_batch,
    )
    trt = require(chosen.package, extra=chosen.extra)
    print(f"{chosen.name} {trt.__version__}, {precision}: {profile.describe(metadata)}", flush=True)
    for note in _notes(trt, chosen, device, metadata, profile):
        print(f"note: {note}", flush=True)
    if precision == "fp16":
        model = to_fp16(model)
    timings = _timing_cache(trt, device) if chosen.needs_device and device else None
    name = metadata.to_json()
    sidecar = None
    if len(name.encode()) > MAX_NAME_BYTES:
        name, sidecar = metadata.model[:80], name
    if metadata.evidence:
        model = join_outputs(model)
    plan = compile_network(trt, model, name, profile.shapes(metadata.samples_per_segment), timings)
    if name.encode() not in plan:
        raise ValueError("the plan does not hold the metadata: TensorRT dropped the network's name")
    if sidecar is not None:
        write_text(f"{os.fspath(plan_path)}.json", sidecar)
        print(f"note: the metadata is in {plan_path}.json; keep it beside the plan", flush=True)
    with replacing(plan_path) as part:
        part.write_bytes(plan)


def installed_flavours() -> list[str]:
    """Return the flavours whose Python package is installed."""
    return [key for key, one in FLAVOURS.items() if importlib.util.find_spec(one.package)]


def choose_flavour(flavour: str, device: CudaDevice | None) -> Flavour:
    """Return the flavour to build with; the errors are those of :func:`build_tensorrt_plan`."""
    if flavour == "auto":
        order = ("enterprise", "rtx") if device else ("rtx", "enterprise")
        installed = [key for key in order if key in installed_flavours()]
        flavour = installed[0] if installed else order[0]
    if flavour not in FLAVOURS:
        raise ValueError(f"flavour must be one of {('auto', *FLAVOURS)}, not {flavour!r}")
    chosen = FLAVOURS[flavour]
    if chosen.needs_device and device is None:
        from .._core import BackendUnavailableError

        raise BackendUnavailableError(
            "TensorRT builds a plan only on the GPU that is to run it, and no CUDA device answers "
            "here. Two ways out: --flavour rtx (TensorRT-RTX builds without a GPU, for GeForce "
            'and RTX cards: pip install "ecgrt[tensorrt-rtx]"), or --target cpu'
        )
    return chosen


def cuda_device() -> CudaDevice | None:
    """Return CUDA device 0, None where no driver or no device answers."""
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return None
    device, major, minor = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    name = ctypes.create_string_buffer(256)
    # 75 and 76 are CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR of cuda.h
    answers = (
        cuda.cuInit(0) == 0
        and cuda.cuDeviceGet(ctypes.byref(device), 0) == 0
        and cuda.cuDeviceGetName(name, len(name), device) == 0
        and cuda.cuDeviceGetAttribute(ctypes.byref(major), 75, device) == 0
        and cuda.cuDeviceGetAttribute(ctypes.byref(minor), 76, device) == 0
    )
    return CudaDevice(name.value.decode(), (major.value, minor.value)) if answers else None


def cuda_device_name() -> str | None:
    """Return the name of CUDA device 0, None where no driver or no device answers."""
    device = cuda_device()
    return None if device is None else device.name


def _notes(
    trt: Any, flavour: Flavour, device: CudaDevice | None, metadata: Metadata, profile: Profile
) -> list[str]:
    """Return what a user should know of the plan before he waits for it."""
    notes = []
    overlap = 2 * metadata.context_segments
    if profile.max_segments <= overlap:
        seconds = (overlap + 1) * metadata.samples_per_segment / metadata.sampling_rate
        notes.append(
            f"this plan runs no longer records: windows that overlap by the {overlap} segments "
            f"of context would need --max-seconds {math.ceil(seconds)} or more"
        )
    if flavour is FLAVOURS["rtx"] and device is not None:
        capability = "SM{}{}".format(*device.capability)
        if not hasattr(trt.ComputeCapability, capability):
            notes.append(
                f"TensorRT-RTX {trt.__version__} does not run on this machine's {device.name} "
                f"({capability}): --flavour enterprise does"
            )
    return notes


def _load_model(path: Path) -> tuple[Any, Metadata]:
    onnx = require("onnx", extra="build")
    if not path.is_file():
        raise FileNotFoundError(f"there is no ONNX model {path}")
    try:
        model = onnx.load(path)
        onnx.checker.check_model(model)
    except Exception as error:  # protobuf's and onnx's exceptions have no common ancestor
        raise ValueError(f"{path} is not a sound ONNX model: {error}") from error
    properties = {entry.key: entry.value for entry in model.metadata_props}
    if ONNX_KEY not in properties:
        raise ValueError(f"{path} carries no {ONNX_KEY!r} metadata; write it with ecgrt-export")
    return model, Metadata.from_json(properties[ONNX_KEY])


def _timing_cache(trt: Any, device: CudaDevice) -> Path:
    """Return the file of what was measured on this kind of GPU by this version."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ecgrt"
    kind = "".join(c if c.isalnum() else "-" for c in device.name)
    return folder / f"tensorrt-{trt.__version__}-{kind}.timing"
