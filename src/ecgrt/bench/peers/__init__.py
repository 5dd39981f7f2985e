"""The engines that ecgrt is measured beside: a file each, in its best configuration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..engine import Engine, Normaliser
from .onnx_runtime import OnnxRuntime
from .openvino import OpenVino, OpenVinoBf16
from .tensorflow import TensorFlow

__all__ = ["OnnxRuntime", "OpenVino", "OpenVinoBf16", "TensorFlow", "peers_for"]


def peers_for(
    onnx: str | Path | None, keras: str | Path | None, normalise: Normaliser, threads: int
) -> tuple[list[Engine], list[str]]:
    """Return the peers that are installed and have a model, and why the others are left out.

    Raises
    ------
    FileNotFoundError
        If a model that is named does not exist.
    """
    makers: dict[str, tuple[str, str | Path | None, Callable[[Path], Engine]]] = {
        "onnxruntime": ("--onnx", onnx, lambda model: OnnxRuntime(model, normalise)),
        "openvino": ("--onnx", onnx, lambda model: OpenVino(model, normalise)),
        "openvino, bf16": ("--onnx", onnx, lambda model: OpenVinoBf16(model, normalise)),
        "tensorflow": ("--keras", keras, lambda model: TensorFlow(model, normalise, threads)),
    }
    engines: list[Engine] = []
    left_out = []
    for name, (option, model, make) in makers.items():
        if model is None:
            left_out.append(f"{name}: left out, no {option} was given")
            continue
        if not Path(model).is_file():
            raise FileNotFoundError(f"there is no model {model}")
        try:
            engines.append(make(Path(model)))
        except ModuleNotFoundError as error:
            left_out.append(f"{name}: left out, {error}")
    return engines, left_out
