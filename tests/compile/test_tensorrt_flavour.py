"""Which TensorRT builds a plan, and which GPU is here."""

from __future__ import annotations

import ctypes
from typing import Any

import pytest

import ecgrt
from ecgrt.compile.tensorrt_plan import (
    CudaDevice,
    choose_flavour,
    cuda_device,
    cuda_device_name,
)

GPU = CudaDevice("NVIDIA L4", (8, 9))


def test_enterprise_without_a_gpu_names_the_ways_out() -> None:
    with pytest.raises(ecgrt.BackendUnavailableError, match="no CUDA device") as caught:
        choose_flavour("enterprise", None)
    assert "--flavour rtx" in str(caught.value)
    assert "--target cpu" in str(caught.value)


@pytest.mark.parametrize(
    ("device", "installed", "chosen"),
    [
        (GPU, {"tensorrt", "tensorrt_rtx"}, "tensorrt"),
        (GPU, {"tensorrt_rtx"}, "tensorrt_rtx"),
        (GPU, set(), "tensorrt"),
        (None, {"tensorrt", "tensorrt_rtx"}, "tensorrt_rtx"),
        (None, set(), "tensorrt_rtx"),
    ],
)
def test_automatic_flavour(
    monkeypatch: pytest.MonkeyPatch, device: CudaDevice | None, installed: set[str], chosen: str
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name in installed or None)
    assert choose_flavour("auto", device).package == chosen


class FakeDriver:
    """Answers as libcuda does for an NVIDIA L4, but fails in one call."""

    def __init__(self, failing: str | None) -> None:
        self.failing = failing

    def __getattr__(self, call: str) -> Any:
        def answer(*args: Any) -> int:
            if call == "cuDeviceGetName":
                args[0].value = b"NVIDIA L4"
            if call == "cuDeviceGetAttribute":
                args[0]._obj.value = {75: 8, 76: 9}[args[1]]
            return 100 if call == self.failing else 0

        return answer


@pytest.mark.parametrize(
    "failing", [None, "cuInit", "cuDeviceGet", "cuDeviceGetName", "cuDeviceGetAttribute"]
)
def test_cuda_device(monkeypatch: pytest.MonkeyPatch, failing: str | None) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: FakeDriver(failing))
    assert cuda_device() == (GPU if failing is None else None)
    assert cuda_device_name() == ("NVIDIA L4" if failing is None else None)


def test_no_cuda_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", missing)
    assert cuda_device_name() is None
