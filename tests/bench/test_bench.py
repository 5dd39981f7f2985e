"""ecgrt-bench from end to end: what it measures; never how fast anything is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import exit_code
from family import SMALL, make_metadata, make_network, save

import ecgrt
from ecgrt import _core
from ecgrt.bench import bench
from ecgrt.bench.engine import Ecgrt, Normaliser
from ecgrt.bench.models import gather
from ecgrt.bench.signals import synthetic_ecg
from ecgrt.compile.cpu_plan import build_cpu_plan
from ecgrt.shipped import PLAN

FEW: dict[str, Any] = {"threads": [1], "calls": 3, "batch": 2, "starts": 1}


@pytest.fixture
def onnx(tmp_path: Path) -> Path:
    """A network that is built and opened in an instant."""
    return save(make_network(SMALL), tmp_path / "small.onnx")


def other_network(path: Path) -> Path:
    size, context = SMALL.samples_per_segment, SMALL.context_segments
    return save(make_network(SMALL, make_metadata(size, context, model="other"), 1), path)


def test_a_plan_alone_has_no_peers(plan: Path) -> None:
    report = bench(plan, seconds=[1.0, 3.0], **FEW)
    (model,) = report.models
    assert [(r.seconds, r.engine, r.task) for r in model.latency] == [
        (1.0, "ecgrt", "int16 to label"),
        (1.0, "ecgrt", "network"),
        (3.0, "ecgrt", "int16 to label"),
        (3.0, "ecgrt", "network"),
    ]
    for row in model.latency:
        assert row.min_ms
        assert row.median_ms
        assert row.p99_ms
        assert row.real_time
        assert 0 < row.min_ms <= row.median_ms <= row.p99_ms
        assert row.real_time == pytest.approx(row.seconds * 1e3 / row.median_ms)
    (batch,) = model.throughput
    assert (batch.seconds, batch.way, batch.ratio) == (3.0, "predict_batch", 1.0)
    base, cold = model.cold
    assert (base.engine, base.above_numpy_ms, cold.engine) == ("import numpy", 0.0, "ecgrt")
    assert 0 < base.peak_mib < cold.peak_mib
    assert model.backends == {"ecgrt": ecgrt.Classifier(plan).backend}
    assert report.notes[0] == f"{plan}: peers are left out, for no ONNX model of it was given"


def test_models_are_measured_together_and_told_apart(onnx: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    other = other_network(tmp_path / "other.onnx")
    report = bench([onnx, other], peers=["onnxruntime"], seconds=[1.0], **FEW)
    assert [model.model for model in report.models] == [str(onnx), str(other)]
    for model in report.models:
        assert [row.engine for row in model.latency] == ["ecgrt", "ecgrt", "onnxruntime"]
        assert [row.engine for row in model.throughput] == ["ecgrt", "onnxruntime"]
        assert [row.engine for row in model.cold] == ["import numpy", "ecgrt", "onnxruntime"]
        assert all(row.median_ms for row in model.latency)
    assert report.notes == ()
    assert {"ecgrt", "onnxruntime", "numpy", "python"} == set(report.machine.versions)


def test_precisions_are_entrants(onnx: Path) -> None:
    pytest.importorskip("onnxruntime")
    precisions = ["fp32", "fp16", "bf16"]
    report = bench(onnx, precisions=precisions, peers=["onnxruntime"], seconds=[1.0], **FEW)
    rows = [(row.group, row.engine) for row in report.models[0].throughput]
    assert rows == [
        ("fp32", "ecgrt"),
        ("fp32", "onnxruntime"),
        ("fp16/bf16", "ecgrt, fp16"),
        ("fp16/bf16", "ecgrt, bf16"),
    ]


def test_a_plan_belongs_to_the_model_that_says_the_same_of_itself(
    onnx: Path, tmp_path: Path
) -> None:
    other = other_network(tmp_path / "other.onnx")
    plans = [tmp_path / name for name in ("a.plan", "b.plan", "other.plan")]
    for plan, model in zip(plans, (onnx, onnx, other), strict=True):
        build_cpu_plan(model, plan)
    (tmp_path / "scratch").mkdir()
    models = gather([plans[2], plans[0], onnx, plans[1]], ["fp32"], tmp_path / "scratch")
    assert [(model.name, model.onnx, model.plans) for model in models] == [
        (str(onnx), onnx, plans[:2]),
        (str(plans[2]), None, plans[2:]),
    ]


def test_two_plans_of_a_precision_are_told_apart(onnx: Path, tmp_path: Path) -> None:
    plans = [tmp_path / "a.plan", tmp_path / "b.plan"]
    for plan in plans:
        build_cpu_plan(onnx, plan)
    report = bench(plans, seconds=[1.0], **FEW)
    names = [row.engine for row in report.models[0].throughput]
    assert names == ["ecgrt (a.plan)", "ecgrt (b.plan)"]


def test_peers_answer_what_the_shipped_model_sees(model: Path) -> None:
    """Resampled, filtered and scaled by the core: without that they would not agree."""
    pytest.importorskip("onnxruntime")
    compact = model.with_name("cinc17-compact.onnx")
    files = [compact, Path(PLAN)]
    report = bench(files, peers=["onnxruntime"], seconds=[9.0], fs=300.0, **FEW)
    (measured,) = report.models
    assert {row.engine for row in measured.latency if row.median_ms} == {"ecgrt", "onnxruntime"}


def test_the_network_alone_takes_whole_segments(plan: Path) -> None:
    classifier = ecgrt.Classifier(plan)
    for bad in (np.zeros(0), np.zeros(257), np.zeros((1, 256))):
        with pytest.raises(ValueError, match="whole segments of 256 samples"):
            _core.run_network(classifier, bad)


def test_normaliser_feeds_peers_what_the_core_computes(plan: Path, model: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    classifier = ecgrt.Classifier(plan)
    signal = synthetic_ecg(3.0, classifier.sampling_rate).astype(np.float32)
    x = Normaliser(classifier.metadata)(signal)
    assert x.shape == (1, 900 // 256 * 256, 1)
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {session.get_inputs()[0].name: x})
    answer = Ecgrt(plan, "ecgrt", "fp32").prepare(signal, 1)()
    np.testing.assert_allclose(answer, expected[0], atol=1e-4)


def test_synthetic_ecg_has_its_beats() -> None:
    signal = synthetic_ecg(60.0, 300.0)
    assert signal.shape == (18_000,)
    above = signal > 600
    beats = np.count_nonzero(above[1:] & ~above[:-1])
    assert 70 <= beats <= 80
    assert np.array_equal(signal, synthetic_ecg(60.0, 300.0))


def test_impossible_settings_are_errors(plan: Path, onnx: Path, tmp_path: Path) -> None:
    for settings in ({"seconds": [0.0]}, {"threads": [0]}, {"calls": 0}, {"starts": -1}):
        with pytest.raises(ValueError, match="must be positive"):
            bench(plan, **settings)
    with pytest.raises(ValueError, match="256"):
        bench(plan, seconds=[0.5])
    with pytest.raises(ValueError, match=r"no peer 'abacus'; there are: onnxruntime, "):
        bench(plan, peers=["abacus"])
    with pytest.raises(ValueError, match="at least one model"):
        bench([])
    with pytest.raises(FileNotFoundError, match="nowhere"):
        bench([plan, tmp_path / "nowhere.onnx"])
    (tmp_path / "not.onnx").write_text("a model")
    with pytest.raises(ValueError, match=r"not\.onnx is not an ONNX model"):
        bench(tmp_path / "not.onnx")


def test_command_prints_json(
    onnx: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = other_network(tmp_path / "other.onnx")
    argv = [onnx, other, "--peers", "--seconds", "1", "--threads", "1", "--calls", "1"]
    assert exit_code("bench", *argv, "--batch", 1, "--starts", 1, "--json") == 0
    values = json.loads(capsys.readouterr().out)
    assert set(values) == {"machine", "models", "notes"}
    assert [model["model"] for model in values["models"]] == [str(onnx), str(other)]
    assert values["models"][0]["latency"][0]["threads"] == 1
