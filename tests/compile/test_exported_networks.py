"""The whole road of a network: Keras, tf2onnx, the CPU plan, the engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from family import LABELS, make_metadata

import ecgrt
from ecgrt import _core
from ecgrt._extras import require_keras
from ecgrt.compile.cpu_plan import build_cpu_plan
from ecgrt.training.config import NetworkConfig
from ecgrt.training.export import save_onnx
from ecgrt.training.network import build_network

for module in ("tensorflow", "tf2onnx"):
    pytest.importorskip(module, reason='needs pip install "ecgrt[train]"')

CONFIGURATIONS: tuple[dict[str, Any], ...] = (
    {"conv_subsample_lengths": (1, 2) * 4, "conv_increase_channels_at": 2},
    {"conv_subsample_lengths": (2, 1, 3), "conv_filter_length": 7, "conv_num_skip": 1},
    {"conv_subsample_lengths": (4,), "conv_filter_length": 33, "conv_num_skip": 3},
    {"conv_subsample_lengths": (1, 3), "conv_filter_length": 70, "conv_increase_channels_at": 1},
    {"conv_subsample_lengths": (2, 2, 2), "conv_filter_length": 17, "is_regular_conv": True},
    {"conv_subsample_lengths": (1,), "conv_filter_length": 1, "conv_increase_channels_at": 1},
    {"conv_subsample_lengths": (3, 4), "conv_filter_length": 1, "conv_num_skip": 1},
)


def randomise(network: Any) -> None:
    """Weights as a training might leave them: no bias of 0, no statistics of 0 and 1."""
    rng = np.random.default_rng(4)
    for layer in network.layers:
        weights = layer.get_weights()
        if len(weights) == 4:  # batch normalisation: gamma, beta, mean, variance
            ranges = ((-1.5, 1.5), (-0.5, 0.5), (-0.5, 0.5), (0.3, 2.0))
            layer.set_weights(
                [rng.uniform(*r, w.shape) for r, w in zip(ranges, weights, strict=True)]
            )
        elif weights:  # kernel and bias
            layer.set_weights([weights[0], rng.normal(0, 0.2, weights[1].shape)])


@pytest.mark.parametrize("changes", CONFIGURATIONS, ids=str)
def test_engine_answers_as_keras(
    changes: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = NetworkConfig(conv_num_filters_start=6, **changes)
    size = config.samples_per_segment
    require_keras().utils.set_random_seed(5)
    network = build_network(config, 5)
    randomise(network)
    rng = np.random.default_rng(6)
    signals = [rng.normal(size=n * size).astype(np.float32) for n in (1, 2, 9, 40)]
    metadata = make_metadata(size, config.context_segments, classes=LABELS[:5], mean=0.0, std=1.0)
    save_onnx(network, metadata, ["A00001"], tmp_path / "model.onnx", signals)
    build_cpu_plan(tmp_path / "model.onnx", tmp_path / "model.plan")
    answers = [network.predict_on_batch(x[None, :, None])[0] for x in signals]
    for isa in _core.supported_isas():
        monkeypatch.setenv("ECGRT_FORCE_ISA", isa)
        classifier = ecgrt.Classifier(tmp_path / "model.plan")
        assert classifier.training_record_names == ["A00001"]
        for signal, answer in zip(signals, answers, strict=True):
            found = classifier.predict(signal).segment_probabilities
            np.testing.assert_allclose(found, answer, rtol=0, atol=1e-5)
