"""From out-of-fold answers to a model whose head knows rhythm: the core answers as was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_training import tiny_config, write_data

from ecgrt import _core
from ecgrt.calibration import record_calibration
from ecgrt.calibration.fit import load_model
from ecgrt.calibration.record_calibration import calibrate_record_head
from ecgrt.metadata import Metadata, digest_records
from ecgrt.records.manifest import read_manifest
from ecgrt.training.answers import read_teacher
from ecgrt.training.export import save_onnx
from ecgrt.training.network import build_network
from ecgrt.training.record_head import RecordHead, pooled

for module in ("tensorflow", "tf2onnx", "sklearn"):
    pytest.importorskip(module, reason='needs pip install "ecgrt[train]"')


@pytest.fixture
def exported(tmp_path: Path) -> tuple[Path, Path, dict[str, Any]]:
    """A network that has learnt nothing, and answers to 48 records that know the label."""
    write_data(tmp_path, train=48)
    manifest = tmp_path / "train.json"
    config = tiny_config(tmp_path, evidence=2, conv_normalization="after")
    records = read_manifest(manifest)
    names = [item.record.name for item in records]
    metadata = Metadata(
        model="tiny",
        classes=tuple("ANO~"),
        mean=0.0,
        std=200.0,
        sampling_rate=300.0,
        samples_per_segment=config.samples_per_segment,
        context_segments=config.context_segments,
        label_version="v3",
        training_digest=digest_records(names),
        training_records=len(names),
    )
    model = tmp_path / "model.onnx"
    signal = np.random.default_rng(1).normal(size=1024).astype(np.float32)
    save_onnx(build_network(config), metadata, names, model, [signal])
    labels = np.array(["ANO~".index(item.label) for item in records])
    order = np.random.default_rng(2).permutation(48)
    answers = {
        "names": np.array(names)[order],
        "probabilities": (0.1 + 0.6 * np.eye(4)[labels])[order],
        "labels": labels[order],
        "folds": (np.arange(48) % 3)[order],
    }
    return model, manifest, answers


def test_the_core_runs_what_was_fitted(
    exported: tuple[Path, Path, dict[str, Any]], tmp_path: Path
) -> None:
    model, manifest, answers = exported
    kept, out = tmp_path / "answers.npz", tmp_path / "calibrated.onnx"
    np.savez(kept, **answers)
    linear = RecordHead.from_dict(load_model(model)[1].record_head or {}, 4)
    report = calibrate_record_head(
        model, [manifest], kept, out, keep=tmp_path / "teacher.npz", steps=30
    )
    assert report.held_out.overall == 1.0
    assert report.before.log_loss == pytest.approx(-np.log(0.7))
    metadata = load_model(out)[1]
    assert metadata.record_head is not None
    head = RecordHead.from_dict(metadata.record_head, 4)
    assert head.features == tuple(_core.rhythm_feature_names())
    assert linear.features == ()
    taught = read_teacher(tmp_path / "teacher.npz")
    assert set(taught) == set(answers["names"].tolist())

    rng = np.random.default_rng(3)
    segments = np.hstack([rng.dirichlet(np.ones(4), 5), rng.normal(size=(5, 2))])
    features = rng.normal(size=len(head.features))
    _, p = _core.decide(metadata.to_json(), segments.astype(np.float32), rhythm=features)
    logits = head.logits(np.concatenate([pooled(segments[:, 4:]), features]))
    scaled = metadata.calibration_scale * logits + np.array(metadata.calibration_bias)
    expected = np.exp(scaled - scaled.max())
    np.testing.assert_allclose(p, expected / expected.sum(), atol=1e-5)


@pytest.mark.parametrize("change", ["record", "label"])
def test_answers_to_other_records_are_refused(
    exported: tuple[Path, Path, dict[str, Any]], tmp_path: Path, change: str
) -> None:
    model, manifest, answers = exported
    if change == "record":
        answers["names"][0] = "stranger"
    else:
        answers["labels"][0] = (answers["labels"][0] + 1) % 4
    np.savez(tmp_path / "answers.npz", **answers)
    with pytest.raises(ValueError, match=rf"(must be the same|differ in {change}s)"):
        calibrate_record_head(model, [manifest], tmp_path / "answers.npz", tmp_path / "out.onnx")
    assert not (tmp_path / "out.onnx").exists()


def test_a_head_with_features_is_not_given_them_twice(
    exported: tuple[Path, Path, dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, manifest, answers = exported
    np.savez(tmp_path / "answers.npz", **answers)
    out = tmp_path / "out.onnx"
    calibrate_record_head(model, [manifest], tmp_path / "answers.npz", out, steps=5)
    monkeypatch.setattr(record_calibration, "out_of_fold", None)
    with pytest.raises(ValueError, match="must have a record head without features"):
        calibrate_record_head(out, [manifest], tmp_path / "answers.npz", out)
