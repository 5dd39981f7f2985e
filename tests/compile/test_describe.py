"""Models of other origin: described, checked, and from then on as any other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from commands import exit_code
from family import SMALL, Array, GraphWriter, make_network

import ecgrt
from ecgrt import _core, onnx_file
from ecgrt.compile.cpu_plan import build_cpu_plan
from ecgrt.metadata import ONNX_KEY, digest_records

FIELDS: dict[str, Any] = {
    "classes": ["sinus", "flutter", "paced"],
    "sampling_rate": 250,
    "mean": 3.5,
    "std": 120,
}


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A network as somebody else might export it: no metadata, 12 samples a label."""
    g = GraphWriter(7)
    x = g.node("Transpose", "signal", perm=[0, 2, 1])
    x = g.node("Relu", g.batch_norm(g.conv(x, (1, 6), 9, 3), 6))
    x = g.node("Relu", g.batch_norm(g.conv(x, (6, 8), 5, 4), 8))
    path = tmp_path / "foreign.onnx"
    onnx.save(g.model(g.head(x, 8, 3), None), path)
    return path


def describe(model: Path, *, out: str = "model.onnx", **changes: Any) -> int:
    fields = {k: v for k, v in {**FIELDS, **changes}.items() if v is not None}
    (model.parent / "fields.json").write_text(json.dumps(fields))
    folder = model.parent
    return exit_code("export", model, "--metadata", folder / "fields.json", "-o", folder / out)


def run_elsewhere(model: Path, x: Array) -> Array:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (answer,) = session.run(None, {"signal": x.astype(np.float32)[None, :, None]})
    return np.asarray(answer[0])


def test_described_model_becomes_a_plan_that_answers_as_the_model(foreign: Path) -> None:
    assert describe(foreign, training_records=["b", "a"]) == 0
    model = foreign.with_name("model.onnx")
    text = onnx_file.properties(onnx.load(model))[ONNX_KEY]
    _core.check_metadata(text)
    told = json.loads(text)
    assert (told["model"], told["samples_per_segment"]) == ("foreign", 12)
    # 9 samples under a filter of stride 3, then 5 under one of stride 4: from 6 before the first
    # sample of a segment to 5 after its last
    assert told["context_segments"] == 1
    assert (told["training_records"], told["training_digest"]) == (2, digest_records("ab"))
    build_cpu_plan(model, foreign.with_name("model.plan"))
    classifier = ecgrt.Classifier(foreign.with_name("model.plan"))
    assert classifier.classes == ("sinus", "flutter", "paced")
    assert classifier.training_record_names == ["a", "b"]
    x = np.random.default_rng(1).normal(3.5, 120, 12 * 40)
    prediction = classifier.predict(x, fs=250)
    expected = run_elsewhere(foreign, (x - 3.5) / 120)
    np.testing.assert_allclose(prediction.segment_probabilities, expected, atol=1e-5)


def test_local_scale_needs_no_mean(foreign: Path) -> None:
    signal = {"band": [0.5, 40], "half_width": 200, "scale": "local"}
    assert describe(foreign, signal=signal, mean=None, std=None) == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": None}, "the field 'classes' is missing"),
        ({"std": None}, "the field 'std' is missing"),
        ({"std": 0}, "std must be positive"),
        ({"classes": ["a", "b"]}, "the network has 3 classes"),
        ({"classes": ["a", "b", "b"]}, "classes must have different names"),
        ({"sampling_rate": -1}, "sampling_rate must be positive"),
        ({"samples_per_segment": 256}, "samples_per_segment is 12 in the network"),
        ({"context_segments": 0}, "its metadata says 0"),
        ({"training_records": ["a b"]}, "a list of names without blanks"),
        ({"colour": "red"}, "unknown ['colour']"),
    ],
)
def test_impossible_fields(
    changes: dict[str, Any], message: str, foreign: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert describe(foreign, **changes) == 2
    assert message in capsys.readouterr().err
    assert not foreign.with_name("model.onnx").exists()


def test_described_already(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    onnx.save(make_network(SMALL), tmp_path / "ours.onnx")
    assert describe(tmp_path / "ours.onnx") == 2
    assert "has 'ecgrt' metadata already" in capsys.readouterr().err


def test_model_of_another_family(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    g = GraphWriter()
    onnx.save(g.model(g.node("Sigmoid", "signal"), None), tmp_path / "sigmoid.onnx")
    assert describe(tmp_path / "sigmoid.onnx") == 2
    assert "Sigmoid" in capsys.readouterr().err


def test_model_without_metadata_is_told_the_way(
    foreign: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code("export", foreign, "-o", foreign.with_name("model.onnx")) == 2
    assert "--metadata FIELDS.json" in capsys.readouterr().err
    assert exit_code("build-engine", foreign, "-o", foreign.with_name("model.plan")) == 2
    assert "--metadata" in capsys.readouterr().err
