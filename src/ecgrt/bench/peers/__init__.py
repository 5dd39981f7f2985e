"""The engines that ecgrt is measured beside: a file each, in its best configuration."""

from __future__ import annotations

from collections.abc import Sequence

from ..agreement import told
from ..engine import UnavailableError
from ..models import Model
from .base import Peer
from .lite_rt import LiteRt, LiteRtInt8
from .onnx_runtime import OnnxRuntime
from .openvino import OpenVino, OpenVinoBf16
from .pytorch import PyTorch
from .tensorflow import TensorFlow

__all__ = ["PEERS", "peers_for"]

#: By name; TensorFlow's comes before those that use TensorFlow, for it sets the threads.
PEERS: dict[str, type[Peer]] = {
    peer.name: peer
    for peer in (OnnxRuntime, OpenVino, OpenVinoBf16, TensorFlow, LiteRt, LiteRtInt8, PyTorch)
}


def peers_for(
    model: Model, names: Sequence[str], fs: float | None, threads: int, notes: list[str]
) -> list[Peer]:
    """Return the peers of a model; a line in `notes` says why another is left out."""
    if model.onnx is None:
        if names:
            notes.append(f"{model.name}: peers are left out, for no ONNX model of it was given")
        return []
    peers = []
    for name in names:
        try:
            peers.append(PEERS[name](model, fs, threads))
        except (UnavailableError, ModuleNotFoundError) as error:
            notes.append(f"{model.name}: {name}: left out, {error}")
        except Exception as error:  # noqa: BLE001 (each peer has its own kinds)
            notes.append(f"{model.name}: {name}: {told(error)}")
    return peers
