"""Averaged checkpoints: the mean of every weight, written where export finds it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from family import make_metadata
from tiny_training import TINY_NETWORK

from ecgrt._extras import require_keras
from ecgrt.training.config import NetworkConfig
from ecgrt.training.network import build_network

pytest.importorskip("tensorflow", reason='needs pip install "ecgrt[train]"')

METADATA = make_metadata(256, 1, mean=8.0, std=235.0, training_records=2)


def save(path: Path, records: Sequence[str] = ("r1", "r2"), **fields: int) -> list[np.ndarray]:
    """Write a checkpoint, and beside it what it was trained on."""
    path.parent.mkdir(exist_ok=True)
    model = build_network(NetworkConfig(**{**TINY_NETWORK, **fields}))
    rng = np.random.default_rng(len(path.name))
    model.set_weights([rng.uniform(1, 2, size=w.shape) for w in model.get_weights()])
    model.save(path)
    path.with_name("training_records").write_text("".join(f"{name}\n" for name in records))
    weights: list[np.ndarray] = model.get_weights()
    return weights


def describe(checkpoint: Path, **changes: Any) -> None:
    text = replace(METADATA, **changes).to_json()
    checkpoint.with_name("preprocessing.json").write_text(text)


def test_every_weight_is_the_mean(tmp_path: Path) -> None:
    from average_checkpoints import average

    paths = [tmp_path / "a.keras", tmp_path / "bb.keras", tmp_path / "run" / "ccc.keras"]
    expected = [np.mean(values, axis=0) for values in zip(*map(save, paths), strict=True)]
    describe(paths[-1])  # the others need not have it
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


def test_records_that_the_average_would_not_tell_of(tmp_path: Path) -> None:
    from average_checkpoints import average

    first, last = tmp_path / "first" / "a.keras", tmp_path / "run" / "b.keras"
    save(first, ["r1", "r3"])
    save(last, ["r1", "r2"])
    with pytest.raises(ValueError, match=r"a\.keras was trained on r3, .*b\.keras was not"):
        average([first, last])
    first.with_name("training_records").unlink()
    with pytest.raises(FileNotFoundError, match="training_records is missing"):
        average([first, last])
    assert not last.with_name("average.keras").exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("classes", ("N", "A", "O", "~")),
        ("sampling_rate", 250.0),
        ("samples_per_segment", 128),
        ("context_segments", 2),
        ("mean", 80.0),
        ("std", 1.0),
    ],
)
def test_networks_that_see_or_say_something_else(tmp_path: Path, field: str, value: Any) -> None:
    from average_checkpoints import average

    first, last = tmp_path / "first" / "a.keras", tmp_path / "run" / "b.keras"
    save(first)
    save(last)
    describe(last)
    describe(first, **{field: value})
    with pytest.raises(ValueError, match=rf"a\.keras .*{field}"):
        average([first, last])


def test_statistics_may_differ_a_little(tmp_path: Path) -> None:
    """As where the second was trained on some records more."""
    from average_checkpoints import average

    first, last = tmp_path / "first" / "a.keras", tmp_path / "run" / "b.keras"
    save(first, ["r1"])
    save(last)
    describe(last)
    describe(first, mean=7.0, std=240.0, label_version="v2", training_records=1)
    assert average([first, last]).exists()
