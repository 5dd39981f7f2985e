"""Averaged checkpoints: the mean of every weight, written where export finds it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tiny_training import TINY_NETWORK

from ecgrt.config import NetworkConfig
from ecgrt.extras import require_keras
from ecgrt.network import build_network

pytest.importorskip("tensorflow", reason='needs pip install "ecgrt[train]"')


def save(path: Path, **fields: int) -> list[np.ndarray]:
    model = build_network(NetworkConfig(**{**TINY_NETWORK, **fields}))
    rng = np.random.default_rng(len(path.name))
    model.set_weights([rng.uniform(1, 2, size=w.shape) for w in model.get_weights()])
    model.save(path)
    weights: list[np.ndarray] = model.get_weights()
    return weights


def test_every_weight_is_the_mean(tmp_path: Path) -> None:
    from average_checkpoints import average

    (tmp_path / "run").mkdir()
    paths = [tmp_path / "a.keras", tmp_path / "bb.keras", tmp_path / "run" / "ccc.keras"]
    expected = [np.mean(values, axis=0) for values in zip(*map(save, paths), strict=True)]
    out = average(paths)
    assert out == tmp_path / "run" / "average.keras"
    found = require_keras().saving.load_model(out, safe_mode=True).get_weights()
    for value, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-6)


def test_other_network(tmp_path: Path) -> None:
    from average_checkpoints import average

    save(tmp_path / "a.keras")
    save(tmp_path / "b.keras", conv_num_filters_start=8)
    with pytest.raises(ValueError, match=r"a\.keras and .*b\.keras are different networks"):
        average([tmp_path / "a.keras", tmp_path / "b.keras"])
