"""ecgrt-bench: what it measures, whom it refuses to print; never how fast anything is."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from commands import exit_code
from conftest import ROOT

import ecgrt
from ecgrt import _core
from ecgrt.bench import bench
from ecgrt.bench.engine import Array, Ecgrt, Normaliser, Run, UnavailableError
from ecgrt.bench.measure import measure_latency, measure_throughput
from ecgrt.bench.peers import OnnxRuntime, OpenVino, OpenVinoBf16
from ecgrt.bench.signals import synthetic_ecg
from ecgrt.compile.cpu_plan import build_cpu_plan
from ecgrt.shipped import PLAN

SMALL: dict[str, Any] = {"threads": [1], "calls": 3, "batch": 2, "starts": 1}


class Fake:
    """An engine that gives a fixed answer."""

    cold_start = ""
    precision = "fp32"
    model = Path()

    def __init__(self, name: str, answer: Array, error: str = "") -> None:
        self.name = name
        self.answer = answer
        self.error = error
        self.calls = 0

    def version(self) -> str:
        return "1"

    def prepare(self, signal: Array, threads: int) -> Run:
        if self.error:
            raise UnavailableError(self.error)

        def run() -> Array:
            self.calls += 1
            return self.answer

        return run

    def prepare_batch(self, signal: Array, count: int, threads: int) -> dict[str, Run]:
        return {"one": self.prepare(signal, threads), "two": self.prepare(signal, threads)}


def test_without_peers(plan: Path) -> None:
    report = bench(plan, seconds=[1.0, 3.0], **SMALL)
    assert [(r.seconds, r.engine) for r in report.latency] == [
        (1.0, "ecgrt"),
        (1.0, "ecgrt, network"),
        (3.0, "ecgrt"),
        (3.0, "ecgrt, network"),
    ]
    assert [r.ratio for r in report.latency[::2]] == [1.0, 1.0]
    for row in report.latency:
        assert 0 < row.min_ms <= row.median_ms <= row.p99_ms
        assert row.real_time == pytest.approx(row.seconds * 1e3 / row.median_ms)
    (batch,) = report.throughput
    assert (batch.seconds, batch.way, batch.ratio) == (3.0, "predict_batch", 1.0)
    base, cold = report.cold
    assert (base.engine, base.above_numpy_ms, cold.engine) == ("import numpy", 0.0, "ecgrt")
    assert 0 < base.peak_mib < cold.peak_mib
    assert report.machine.backend == ecgrt.Classifier(plan).backend
    assert [note.partition(":")[0] for note in report.notes] == [
        "onnxruntime",
        "openvino",
        "openvino, bf16",
        "tensorflow",
    ]


def test_peer_that_agrees_is_in_every_table(plan: Path, model: Path) -> None:
    report = bench(plan, onnx=model, seconds=[1.0], **SMALL)
    for rows in (report.latency, report.throughput, report.cold):
        assert {"ecgrt", "onnxruntime"} <= {row.engine for row in rows}
    assert "onnxruntime" in report.machine.versions
    text = report.to_text()
    for row in report.latency:
        assert f"{row.median_ms:.2f}" in text
    assert json.loads(report.to_json())["latency"][0]["engine"] == "ecgrt"


def test_peer_that_is_not_installed_is_named(
    plan: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("onnxruntime", "openvino"):
        monkeypatch.setitem(sys.modules, name, None)
    notes = bench(plan, onnx=model, seconds=[1.0], **SMALL).notes
    for name in ("onnxruntime", "openvino"):
        (note,) = (note for note in notes if note.startswith(f"{name}:"))
        assert 'pip install "ecgrt[bench]"' in note


@pytest.mark.parametrize("peer", [OnnxRuntime, OpenVino])
def test_file_that_is_no_model_is_told(
    peer: type[OnnxRuntime | OpenVino], plan: Path, tmp_path: Path
) -> None:
    pytest.importorskip(peer.name)
    (tmp_path / "not.onnx").write_text("a model")
    normalise = Normaliser(ecgrt.Classifier(plan).metadata)
    with pytest.raises(ValueError, match=r"not\.onnx is not a model that can be opened: "):
        peer(tmp_path / "not.onnx", normalise).prepare(np.zeros(512), 1)


@pytest.mark.parametrize(("made", "hint"), [(OpenVino, "f32"), (OpenVinoBf16, "bf16")])
def test_openvino_computes_as_it_is_told(
    made: type[OpenVino], hint: str, plan: Path, model: Path
) -> None:
    openvino = pytest.importorskip("openvino")
    peer = made(model, Normaliser(ecgrt.Classifier(plan).metadata))
    compiled = peer._compile(np.zeros((1, 512, 1), np.float32), 1, "LATENCY")
    precision = compiled.get_property("INFERENCE_PRECISION_HINT")
    assert precision == getattr(openvino.Type, hint)


def test_threads_of_a_peer_end_with_it(plan: Path, model: Path) -> None:
    pytest.importorskip("onnxruntime")
    normalise = Normaliser(ecgrt.Classifier(plan).metadata)
    before = threading.active_count()
    ways = OnnxRuntime(model, normalise).prepare_batch(np.zeros(512), 2, 2)
    ways["a record a thread"]()
    assert threading.active_count() > before
    del ways
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("answer", "printed"),
    [
        (np.full((2, 4), 0.2505), True),
        (np.full((2, 4), 0.252), False),
        (np.full((3, 4), 0.25), False),
        (np.full((2, 4), np.nan), False),
    ],
    ids=["close", "far", "other shape", "nan"],
)
def test_peer_whose_answer_differs_is_not_printed(answer: Array, printed: bool) -> None:
    engines = [Fake("ecgrt", np.full((2, 4), 0.25)), Fake("peer", answer)]
    for measure, amount in ((measure_latency, 3), (measure_throughput, 2)):
        notes: list[str] = []
        rows = measure(engines, np.zeros(512), 1.0, 1, amount, notes)
        assert [row.engine for row in rows] == ["ecgrt", "peer"][: 1 + printed]
        assert len(notes) == (0 if printed else 1)
        assert all("peer: not printed" in note for note in notes)


def test_peer_that_lacks_a_setting_is_noted() -> None:
    engines = [Fake("ecgrt", np.ones((2, 4))), Fake("peer", np.ones((2, 4)), "on 2 threads only")]
    notes: list[str] = []
    rows = measure_latency(engines, np.zeros(512), 1.0, 1, 3, notes)
    assert [row.engine for row in rows] == ["ecgrt"]
    assert notes == ["peer: on 2 threads only"]


def test_model_of_another_shape_is_named(plan: Path, tmp_path: Path) -> None:
    info = onnx.helper.make_tensor_value_info
    node = onnx.helper.make_node("Relu", ["x"], ["y"])
    x, y = (info(name, onnx.TensorProto.FLOAT, ["n", 12]) for name in "xy")
    opset = onnx.helper.make_opsetid("", 17)
    graph = onnx.helper.make_graph([node], "other", [x], [y])
    other = tmp_path / "other.onnx"
    onnx.save(onnx.helper.make_model(graph, opset_imports=[opset], ir_version=8), other)
    with pytest.raises(ValueError, match=r"other\.onnx cannot be run on the plan's input; give"):
        bench(plan, onnx=other, seconds=[1.0], **SMALL)


def test_a_bound_is_that_of_the_precision() -> None:
    rough = Fake("rough", np.full((2, 4), 0.26))
    rough.precision = "bf16"
    engines = [Fake("ecgrt", np.full((2, 4), 0.25)), rough]
    rows = measure_latency(engines, np.zeros(512), 1.0, 1, 3, [])
    assert [(row.engine, row.precision) for row in rows] == [("ecgrt", "fp32"), ("rough", "bf16")]


def test_a_plan_in_bfloat16_is_measured_as_one(model: Path, tmp_path: Path) -> None:
    """Its peers in single precision differ by more than theirs among themselves."""
    plan = tmp_path / "model.plan"
    build_cpu_plan(model, plan, precision="bf16")
    report = bench(plan, onnx=model, seconds=[1.0], **SMALL)
    found = {row.engine: row.precision for row in report.latency}
    assert found["ecgrt"] == found["ecgrt, network"] == "bf16"
    assert found["onnxruntime"] == "fp32"


def test_peers_answer_what_the_shipped_model_sees() -> None:
    """Resampled, filtered and scaled by the core: without that they would not agree."""
    pytest.importorskip("onnxruntime")
    onnx_model = ROOT / "models" / "cinc17-compact.onnx"
    report = bench(PLAN, onnx=onnx_model, seconds=[9.0], fs=300.0, **SMALL)
    assert {"ecgrt", "ecgrt, network", "onnxruntime"} <= {row.engine for row in report.latency}


def test_the_network_alone_takes_whole_segments(plan: Path) -> None:
    classifier = ecgrt.Classifier(plan)
    for bad in (np.zeros(0), np.zeros(257), np.zeros((1, 256))):
        with pytest.raises(ValueError, match="whole segments of 256 samples"):
            _core.run_network(classifier, bad)


def test_engines_take_turns() -> None:
    engines = [Fake("ecgrt", np.ones((2, 4))), Fake("peer", np.ones((2, 4)))]
    measure_latency(engines, np.zeros(512), 1.0, 1, 7, [])
    # Checked once; then three turns of an untimed and three timed calls.
    assert [engine.calls for engine in engines] == [1 + 3 * 4] * 2


def test_normaliser_feeds_peers_what_the_core_computes(plan: Path, model: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    classifier = ecgrt.Classifier(plan)
    signal = synthetic_ecg(3.0, classifier.sampling_rate).astype(np.float32)
    x = Normaliser(classifier.metadata)(signal)
    assert x.shape == (1, 900 // 256 * 256, 1)
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {session.get_inputs()[0].name: x})
    answer = Ecgrt(plan).prepare(signal, 1)()
    np.testing.assert_allclose(answer, expected[0], atol=1e-4)


def test_synthetic_ecg_has_its_beats() -> None:
    signal = synthetic_ecg(60.0, 300.0)
    assert signal.shape == (18_000,)
    above = signal > 600
    beats = np.count_nonzero(above[1:] & ~above[:-1])
    assert 70 <= beats <= 80
    assert np.array_equal(signal, synthetic_ecg(60.0, 300.0))


def test_impossible_settings_are_errors(plan: Path, tmp_path: Path) -> None:
    for settings in ({"seconds": [0.0]}, {"threads": [0]}, {"calls": 0}, {"starts": -1}):
        with pytest.raises(ValueError, match="must be positive"):
            bench(plan, **settings)
    with pytest.raises(ValueError, match="256"):
        bench(plan, seconds=[0.5])
    with pytest.raises(FileNotFoundError, match="nowhere"):
        bench(plan, onnx=tmp_path / "nowhere.onnx")


def test_command_prints_json(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["--plan", str(plan), "--seconds", "1", "--threads", "1", "--calls", "1"]
    assert exit_code("bench", *argv, "--batch", 1, "--starts", 1, "--json") == 0
    values = json.loads(capsys.readouterr().out)
    assert values["latency"][0]["threads"] == 1
    assert set(values) == {"machine", "latency", "throughput", "cold", "notes"}
