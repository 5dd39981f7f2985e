"""From a model and a manifest to the model with calibrated answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from commands import exit_code
from family import build, make_selector, save
from scipy.special import softmax

import ecgrt
from ecgrt.calibration.fit import calibrate_model
from ecgrt.calibration.report import to_text
from ecgrt.challenge.scoring import score
from ecgrt.metadata import ONNX_KEY, ONNX_TRAINING_RECORDS_KEY, Metadata, digest_records
from ecgrt.records.manifest import read_manifest

CLASSES = "ANO~"
#: The network is twice as sure as it should be, and misses fibrillation.
TRUTH: dict[str, Any] = {"scale": 0.5, "bias": np.array([0.8, 0.0, 0.0, -0.8])}


def write_records(folder: Path, count: int = 400, seed: int = 0) -> Path:
    """Write records whose samples are the logits of their one segment, and their manifest."""
    rng = np.random.default_rng(seed)
    logits = rng.exponential(2.5, (count, 4)).astype(np.float32)
    logs = np.log(softmax(logits.astype(np.float64), axis=1))
    right = softmax(TRUTH["scale"] * logs + TRUTH["bias"], axis=1)
    labels = (rng.random((count, 1)) > right.cumsum(axis=1)).sum(axis=1)
    lines = []
    for number, (row, label) in enumerate(zip(logits, labels, strict=True)):
        np.save(folder / f"r{number:03}.npy", row)
        line = {"ecg": f"r{number:03}.npy", "fs": 300, "unit": "uV"}
        line["labels"] = [CLASSES[min(label, 3)]]
        lines.append(json.dumps(line) + "\n")
    path = folder / "dev.json"
    path.write_text("".join(lines))
    return path


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_records(tmp_path_factory.mktemp("dev"))


def save_model(folder: Path, trained: str = "t1 t2", **changes: Any) -> Path:
    model = make_selector(**changes)
    if trained:
        model.metadata_props.add(key=ONNX_TRAINING_RECORDS_KEY, value=trained)
    return save(model, folder / "model.onnx")


def metadata_of(path: Path) -> Metadata:
    properties = {p.key: p.value for p in onnx.load(path).metadata_props}
    return Metadata.from_json(properties[ONNX_KEY])


@pytest.mark.parametrize("decision", ["mode", "mean", "tuned"])
def test_calibrated_model_answers_as_reported(
    decision: str, manifest: Path, tmp_path: Path
) -> None:
    path, out = save_model(tmp_path), tmp_path / "calibrated.onnx"
    report = calibrate_model(path, manifest, out, decision=decision)
    metadata = metadata_of(out)
    assert metadata == report.metadata
    assert metadata.decision == ("mode" if decision == "mode" else "mean")
    assert bool(metadata.decision_weights) == (decision == "tuned")
    assert metadata.calibration_scale == pytest.approx(TRUTH["scale"], rel=0.2)
    assert metadata.calibration_bias == pytest.approx(TRUTH["bias"], abs=0.5)

    classifier = ecgrt.Classifier(build(onnx.load(out), tmp_path))
    records = read_manifest(manifest)
    found = classifier.predict_batch([item.record.signal for item in records])
    labels = {item.record.name: item.label for item in records}
    answers = {item.record.name: str(p.label) for item, p in zip(records, found, strict=True)}
    expected = score(labels, answers)
    assert report.after.overall == pytest.approx(expected.overall)
    assert report.after.f1 == pytest.approx(expected.f1)
    right = [
        float(p.probabilities[CLASSES.index(item.label)])
        for item, p in zip(records, found, strict=True)
    ]
    assert report.after.log_loss == pytest.approx(-np.log(right).mean(), rel=1e-5)
    assert sum(report.records.values()) == len(records)


def test_calibration_helps_records_that_were_not_fitted(manifest: Path, tmp_path: Path) -> None:
    report = calibrate_model(save_model(tmp_path), manifest, tmp_path / "out.onnx")
    assert report.after.log_loss < report.held_out.log_loss < report.before.log_loss - 0.02
    assert report.held_out.calibration_error < report.before.calibration_error / 2
    assert report.held_out.brier < report.before.brier
    assert "gains nothing" not in to_text(report)
    assert report == calibrate_model(tmp_path / "model.onnx", manifest, tmp_path / "out.onnx")


def test_only_the_metadata_changes(manifest: Path, tmp_path: Path) -> None:
    path = save_model(tmp_path)
    calibrate_model(path, manifest, tmp_path / "out.onnx")
    before, after = onnx.load(path), onnx.load(tmp_path / "out.onnx")
    assert after.graph == before.graph
    assert [p.key for p in after.metadata_props] == [p.key for p in before.metadata_props]
    assert after.metadata_props[1] == before.metadata_props[1]
    assert [p.name for p in tmp_path.iterdir() if "part" in p.name] == []


def test_a_calibrated_model_is_fitted_anew(manifest: Path, tmp_path: Path) -> None:
    path = save_model(tmp_path)
    first = calibrate_model(path, manifest, path)
    again = calibrate_model(path, manifest, path)
    assert again.metadata == first.metadata
    assert again.before == again.after == first.after
    assert again.held_out == first.held_out
    assert "gains nothing" in to_text(again)


@pytest.mark.parametrize(
    ("trained", "changes", "message"),
    [
        ("r007 t1", {}, "1 of the 400 records, such as r007, belong to the model's training set"),
        ("", {"training_digest": digest_records(f"r{i:03}" for i in range(400))}, "400 of the"),
        ("t1", {"classes": ("A", "N", "O", "V")}, "label '~' is none of A, N, O, V"),
    ],
)
def test_refused_models(
    trained: str, changes: dict[str, Any], message: str, manifest: Path, tmp_path: Path
) -> None:
    path = save_model(tmp_path, trained, **changes)
    with pytest.raises(ValueError, match=message):
        calibrate_model(path, manifest, tmp_path / "out.onnx")
    assert not (tmp_path / "out.onnx").exists()


def test_a_model_that_does_not_name_its_training_records(
    manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calibrate_model(save_model(tmp_path, ""), manifest, tmp_path / "out.onnx", decision="mean")
    assert "does not name its training records" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["training2017", "sample2017/validation"])
def test_official_validation_records_are_refused(place: str, tmp_path: Path) -> None:
    validation = tmp_path / "sample2017" / "validation"
    validation.mkdir(parents=True)
    (validation / "RECORDS").write_text("r003\nx1\n")
    (tmp_path / place).mkdir(exist_ok=True)
    write_records(tmp_path / place, 100)
    with pytest.raises(ValueError, match="such as r003, belong to the official validation set"):
        calibrate_model(save_model(tmp_path), tmp_path / place / "dev.json", tmp_path / "out.onnx")


@pytest.mark.filterwarnings("ignore::ecgrt.SignalWarning")
def test_refused_manifests(manifest: Path, tmp_path: Path) -> None:
    path = save_model(tmp_path)
    few = write_records(tmp_path, 6)
    with pytest.raises(ValueError, match="at least 5 of each class"):
        calibrate_model(path, few, tmp_path / "out.onnx")
    few.write_text(manifest.read_text())
    for record in manifest.parent.glob("*.npy"):
        (tmp_path / record.name).write_bytes(record.read_bytes())
    np.save(tmp_path / "r005.npy", np.array([0, np.nan, 0, 0]))
    with pytest.raises(ValueError, match="record r005"):
        calibrate_model(path, few, tmp_path / "out.onnx")


def test_other_refusals(manifest: Path, tmp_path: Path) -> None:
    path, out = save_model(tmp_path), tmp_path / "out.onnx"
    with pytest.raises(ValueError, match="decision must be one of"):
        calibrate_model(path, manifest, out, decision="median")
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*nowhere"):
        calibrate_model(path, manifest, tmp_path / "nowhere" / "out.onnx")
    with pytest.raises(FileNotFoundError, match="there is no model"):
        calibrate_model(tmp_path / "gone.onnx", manifest, out)
    path.write_bytes(b"not protobuf")
    with pytest.raises(ValueError, match="is not an ONNX model"):
        calibrate_model(path, manifest, out)
    model = make_selector()
    del model.metadata_props[:]
    with pytest.raises(ValueError, match="no 'ecgrt' metadata"):
        calibrate_model(save(model, path), manifest, out)


def test_command(manifest: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.onnx"
    argv = [save_model(tmp_path), manifest, "-o", out, "--decision", "mean"]
    assert exit_code("calibrate", *argv) == 0
    text = capsys.readouterr().out
    report = calibrate_model(tmp_path / "model.onnx", manifest, out, decision="mean")
    assert text == f"{to_text(report)}\n{out}\n"
    for figure in (report.before.log_loss, report.held_out.calibration_error):
        assert f"{figure:.4f}" in text
