"""Export: the ONNX model answers as Keras does, says what it is, and is never half there."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import exit_code
from tiny_training import TINY_NETWORK, tiny_config, write_data

import ecgrt
import ecgrt.training.export
from ecgrt._extras import require_keras
from ecgrt.compile.cpu_plan import build_cpu_plan
from ecgrt.metadata import ONNX_KEY, ONNX_TRAINING_RECORDS_KEY, Metadata
from ecgrt.records.manifest import read_manifest
from ecgrt.training import examples
from ecgrt.training.config import NetworkConfig, TrainConfig
from ecgrt.training.export import export
from ecgrt.training.network import build_network
from ecgrt.training.runs import Run, best
from ecgrt.training.train import train

for module in ("tensorflow", "tf2onnx"):
    pytest.importorskip(module, reason='needs pip install "ecgrt[train]"')

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder of two epochs, the data still where it was."""
    folder = tmp_path_factory.mktemp("trained")
    write_data(folder)
    return train(tiny_config(folder, max_epochs=2), "tiny")


@pytest.fixture(scope="module")
def exported(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The best checkpoint of that run as ONNX."""
    out = tmp_path_factory.mktemp("exported") / "model.onnx"
    export(trained, out)
    return out


def keras_answers(run: Path, x: np.ndarray) -> np.ndarray:
    model = require_keras().saving.load_model(run / best(Run(run).history()).checkpoint)
    answers: np.ndarray = model.predict_on_batch(x)
    return answers


def test_answers_as_keras_for_any_batch_and_length(trained: Path, exported: Path) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(exported, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(3)
    for batch, segments in ((1, 1), (1, 9), (3, 2), (2, 71)):
        x = rng.normal(size=(batch, segments * 256, 1)).astype(np.float32)
        (answer,) = session.run(["probabilities"], {"signal": x})
        assert answer.shape == (batch, segments, 4)
        np.testing.assert_allclose(answer, keras_answers(trained, x), atol=1e-5)


def test_says_what_it_is(trained: Path, exported: Path) -> None:
    import onnx

    model = onnx.load(exported)
    properties = {entry.key: entry.value for entry in model.metadata_props}
    assert Metadata.from_json(properties[ONNX_KEY]) == Run(trained).metadata()
    names = sorted(f"train{i}" for i in range(10))
    assert properties[ONNX_TRAINING_RECORDS_KEY] == " ".join(names)
    (signal,), (probabilities,) = model.graph.input, model.graph.output
    for value, name, axes in (
        (signal, "signal", ["batch", "samples", 1]),
        (probabilities, "probabilities", ["batch", "segments", 4]),
    ):
        dims = value.type.tensor_type.shape.dim
        assert value.name == name
        assert [d.dim_param or d.dim_value for d in dims] == axes


def test_runs_in_the_engine(trained: Path, exported: Path, tmp_path: Path) -> None:
    """Training to serving: a dev record, raw, through the plan, against Keras."""
    build_cpu_plan(exported, tmp_path / "tiny.plan")
    classifier = ecgrt.Classifier(tmp_path / "tiny.plan")
    config = TrainConfig.load(trained / "config.json")
    for item in read_manifest(config.dev):
        example = examples.prepare(item, Run(trained).metadata())
        expected = keras_answers(trained, example.signal[np.newaxis, :, np.newaxis])
        prediction = classifier.predict(item.record.signal, fs=item.record.fs)
        np.testing.assert_allclose(prediction.segment_probabilities, expected[0], atol=1e-4)
        (decided,) = examples.decide(expected)
        assert prediction.label == classifier.classes[decided]


def test_tells_what_was_compared(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = min(trained.glob("*.keras"))
    assert "over 6 dev records" in export(checkpoint, tmp_path / "a.onnx")
    assert capsys.readouterr().out == ""
    moved = tmp_path / "moved"
    shutil.copytree(trained, moved)
    path = moved / "config.json"
    path.write_text(path.read_text().replace("dev.json", "gone.json"))
    told = export(moved / checkpoint.name, tmp_path / "b.onnx")
    assert "over 5 synthetic signals (not on real records: no such" in told


def test_tolerance_is_what_is_let_pass(
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(ecgrt.training.export, "_difference", lambda *_: 1.7e-4)
    out = tmp_path / "model.onnx"
    assert exit_code("export", trained, "-o", out) == 2
    assert "a larger --tolerance lets it pass" in capsys.readouterr().err
    assert exit_code("export", trained, "-o", out, "--tolerance", "2e-4") == 0
    assert "differ by at most 1.7e-04" in capsys.readouterr().out
    assert out.exists()
    assert exit_code("export", trained, "-o", out, "--tolerance", "nan") == 2
    assert "the tolerance is a difference of probability" in capsys.readouterr().err


def test_wrong_answers_are_not_written(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    convert = ecgrt.training.export._convert

    def converted_from_another(model: Any, *rest: Any) -> bytes:
        return convert(build_network(NetworkConfig(**TINY_NETWORK)), *rest)

    monkeypatch.setattr(ecgrt.training.export, "_convert", converted_from_another)
    out = tmp_path / "model.onnx"
    out.write_bytes(b"the one before")
    with pytest.raises(ValueError, match=r"differs from Keras by .*was not written"):
        export(trained, out)
    assert out.read_bytes() == b"the one before"
    assert list(tmp_path.iterdir()) == [out]


def test_network_of_another_run(trained: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    build_network(NetworkConfig(**TINY_NETWORK), num_classes=3).save(folder / "three.keras")
    with pytest.raises(ValueError, match="its run has 4 classes"):
        export(folder / "three.keras", tmp_path / "model.onnx")


def test_missing_files(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no such checkpoint: .*nowhere\.keras"):
        export(tmp_path / "nowhere.keras", tmp_path / "model.onnx")
    with pytest.raises(FileNotFoundError, match="no run folder with a complete epoch"):
        export(tmp_path, tmp_path / "model.onnx")
    lonely = Path(shutil.copy(min(trained.glob("*.keras")), tmp_path))
    with pytest.raises(FileNotFoundError, match="from within its run folder"):
        export(lonely, tmp_path / "model.onnx")


@pytest.mark.parametrize("keep", [0, 100, 20_000])
def test_truncated_checkpoint(trained: Path, tmp_path: Path, keep: int) -> None:
    folder = tmp_path / "run"
    shutil.copytree(trained, folder)
    checkpoint = min(folder.glob("*.keras"))
    checkpoint.write_bytes(checkpoint.read_bytes()[:keep])
    with pytest.raises(ValueError, match="is not a whole Keras checkpoint"):
        export(checkpoint, tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


def test_imported_weights_must_be_the_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    sys.modules.pop("import_weights", None)
    from import_weights import assign

    network = NetworkConfig(**TINY_NETWORK)
    source, target = build_network(network), build_network(network)
    arrays = {
        f"{layer.name}.{variable.name}": variable.numpy()
        for layer in source.layers
        for variable in layer.weights
        if not layer.name.partition(".")[2].startswith("dropout")
    }
    assign(target, arrays)
    x = np.random.default_rng(0).normal(size=(1, 512, 1)).astype(np.float32)
    np.testing.assert_array_equal(target.predict_on_batch(x), source.predict_on_batch(x))
    with pytest.raises(ValueError, match=r"block0\.conv1\.bias"):
        assign(target, {k: v for k, v in arrays.items() if k != "block0.conv1.bias"})
    with pytest.raises(ValueError, match=r"head\.dense\.bias is \(3,\), must be \(4,\)"):
        assign(target, {**arrays, "head.dense.bias": np.zeros(3)})
