"""Each peer on a small network: it answers as ONNX Runtime does, and as it is told."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from family import SMALL, Reference, make_network, save

from ecgrt.bench.agreement import BOUNDS, GROUPS
from ecgrt.bench.engine import UnavailableError
from ecgrt.bench.models import Model, gather
from ecgrt.bench.peers import PEERS, openvino, peers_for
from ecgrt.bench.peers.base import batch_size
from ecgrt.training.config import NetworkConfig

#: Of each peer, what has to be installed.
PACKAGES = {
    "onnxruntime": ["onnxruntime"],
    "openvino": ["openvino"],
    "openvino, bf16": ["openvino"],
    "tensorflow": ["tensorflow"],
    "litert": ["tensorflow", "ai_edge_litert"],
    "litert, int8": ["tensorflow", "ai_edge_litert"],
    "pytorch": ["torch"],
}


@pytest.fixture
def small(tmp_path: Path) -> Model:
    """A network with a shortcut that is pooled and widened."""
    path = save(make_network(SMALL), tmp_path / "small.onnx")
    return gather([path], ["fp32"], tmp_path)[0]


def signal_of(model: Model) -> np.ndarray[Any, Any]:
    size = model.metadata["samples_per_segment"]
    return np.random.default_rng(0).normal(12, 50, 40 * size).astype(np.int16)


def test_the_packages_of_every_peer_are_known() -> None:
    assert set(PACKAGES) == set(PEERS)


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_answers_as_onnxruntime(
    name: str, small: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    # PyTorch asks whether there is Triton, and would find the folder of tests of that name.
    monkeypatch.setitem(sys.modules, "triton", None)
    for package in PACKAGES[name]:
        pytest.importorskip(package)
    monkeypatch.setattr(openvino, "cpu_flags", lambda: {"avx512_bf16"})
    peer = PEERS[name](small, None, 1)
    signal = signal_of(small)
    assert small.onnx
    expected = Reference(small.onnx)(signal.astype(float))
    bound = BOUNDS[GROUPS[peer.precision]]
    np.testing.assert_allclose(peer.prepare(signal, 1)(), expected, atol=bound)
    for run in peer.prepare_batch(signal, 4, 1).values():
        np.testing.assert_allclose(run(), expected, atol=bound)
    assert peer.version()
    assert peer.given(signal).shape == signal.shape


def test_a_peer_that_is_not_installed_is_named(
    small: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    notes: list[str] = []
    assert peers_for(small, ["onnxruntime"], None, 1, notes) == []
    (note,) = notes
    assert note.startswith(f"{small.name}: onnxruntime: left out, this needs the package")
    assert 'pip install "ecgrt[bench]"' in note


def test_pytorch_that_is_not_installed_is_named(
    small: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of it no extra is named, for none brings it."""
    monkeypatch.setitem(sys.modules, "torch", None)
    notes: list[str] = []
    assert peers_for(small, ["pytorch"], None, 1, notes) == []
    (note,) = notes
    assert note.startswith(f"{small.name}: pytorch: left out, ")
    assert "torch" in note.removeprefix(f"{small.name}: pytorch")
    assert "pip install" not in note


def test_a_peer_that_cannot_be_made_is_named(small: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("no such kernel")

    monkeypatch.setitem(PEERS, "onnxruntime", fail)
    notes: list[str] = []
    assert peers_for(small, ["onnxruntime"], None, 1, notes) == []
    assert notes == [f"{small.name}: onnxruntime: failed, OSError: no such kernel"]


def test_openvino_computes_in_bfloat16_only_where_the_processor_does(
    small: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openvino, "cpu_flags", lambda: {"avx512f"})
    with pytest.raises(UnavailableError, match="does not multiply in bfloat16"):
        openvino.OpenVinoBf16(small, None, 1)


@pytest.mark.parametrize(("name", "hint"), [("openvino", "f32"), ("openvino, bf16", "bf16")])
def test_openvino_computes_as_it_is_told(
    name: str, hint: str, small: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = pytest.importorskip("openvino")
    monkeypatch.setattr(openvino, "cpu_flags", lambda: {"avx512_bf16"})
    peer: Any = PEERS[name](small, None, 1)
    compiled = peer.compile(np.zeros((1, 512, 1), np.float32), 1, "LATENCY")
    assert compiled.get_property("INFERENCE_PRECISION_HINT") == getattr(package.Type, hint)


def test_threads_of_a_peer_end_with_it(small: Model) -> None:
    pytest.importorskip("onnxruntime")
    before = threading.active_count()
    ways = PEERS["onnxruntime"](small, None, 2).prepare_batch(signal_of(small), 2, 2)
    ways["a record a thread"]()
    assert threading.active_count() > before
    del ways
    assert threading.active_count() == before


def test_batches_divide_the_records() -> None:
    assert [batch_size(count) for count in (1, 7, 12, 32)] == [1, 7, 6, 8]


def answer_of_tensorflow(model: Model, seen: Any) -> Any:
    from ecgrt.bench.peers.keras_network import keras_network

    return keras_network(model.network)(seen[:, None])


def answer_of_torch(model: Model, seen: Any) -> Any:
    import torch

    from ecgrt.bench.peers.torch_network import torch_network

    return torch_network(model.network)(torch.from_numpy(seen).transpose(1, 2))


@pytest.mark.parametrize("answer", [answer_of_tensorflow, answer_of_torch])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"conv_filter_length": 2, "conv_subsample_lengths": (3, 1)},
        {"is_regular_conv": True, "conv_filter_length": 4, "conv_subsample_lengths": (3, 2)},
    ],
    ids=["residual", "fewer taps than the stride", "plain"],
)
def test_layers_of_peers_are_the_network(
    changes: dict[str, Any], answer: Any, tmp_path: Path
) -> None:
    pytest.importorskip(answer.__name__.removeprefix("answer_of_"))
    config = NetworkConfig(
        **{
            "conv_subsample_lengths": (1, 2),
            "conv_num_filters_start": 5,
            "conv_increase_channels_at": 1,
        }
        | changes
    )
    path = save(make_network(config), tmp_path / "model.onnx")
    (model,) = gather([path], ["fp32"], tmp_path)
    signal = signal_of(model)
    seen = model.normaliser(None)(signal)
    found = answer(model, seen)
    np.testing.assert_allclose(found[0], Reference(path)(signal.astype(float)), atol=1e-5)
