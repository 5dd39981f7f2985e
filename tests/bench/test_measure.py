"""The rules of ecgrt-bench, on engines that are made up: turns, bounds, refusals, failures."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from fake_engine import ANSWER, Fake, field

from ecgrt.bench.agreement import BOUNDS, GROUPS
from ecgrt.bench.engine import END_TO_END, Array, UnavailableError
from ecgrt.bench.fresh import measure_cold
from ecgrt.bench.machine import describe_machine
from ecgrt.bench.measure import measure_latency, measure_throughput
from ecgrt.bench.report import ModelReport, Report
from ecgrt.bench.rows import Cold, Latency


def latency(*fields: Any) -> tuple[list[Latency], list[str]]:
    notes: list[str] = []
    return measure_latency(fields, 1.0, 1, 3, notes), notes


def test_engines_of_all_models_take_turns() -> None:
    log: list[str] = []

    class Logged(Fake):
        def prepare(self, signal: Array, threads: int) -> Any:
            def run() -> Array:
                log.append(self.name)
                return ANSWER

            return run

    a, b, c = Logged("a"), Logged("b"), Logged("c")
    measure_latency([field(a, b), field(c, model="n")], 1.0, 1, 6, [])
    # Checked once each; then two turns of an untimed and three timed calls.
    assert log == [*"abc", *"aaaabbbbcccc" * 2]


def test_calls_are_rounded_up_to_whole_turns() -> None:
    engine = Fake("ecgrt")
    measure_latency([field(engine)], 1.0, 1, 7, [])
    assert engine.calls == 1 + 3 * 4


def test_every_group_has_a_bound() -> None:
    assert set(GROUPS.values()) == set(BOUNDS)


@pytest.mark.parametrize(
    ("precision", "group", "within", "beyond"),
    [
        ("fp32", "fp32", 0.2505, 0.252),
        ("fp16", "fp16/bf16", 0.27, 0.29),
        ("bf16", "fp16/bf16", 0.27, 0.29),
        ("int8", "int8", 0.29, 0.31),
    ],
)
def test_an_engine_is_held_to_its_groups_bound(
    precision: str, group: str, within: float, beyond: float
) -> None:
    """The difference of one segment's one class decides."""
    for value, refused in ((within, False), (beyond, True)):
        answer = ANSWER.copy()
        answer[1, 2] = value
        engines = field(Fake("onnxruntime"), Fake("peer", answer, precision))
        notes: list[str] = []
        for rows in (latency(engines)[0], measure_throughput([engines], 1.0, 1, 2, notes)):
            row = rows[-1]
            assert (row.engine, row.group) == ("peer", group)
            assert row.difference == pytest.approx(value - 0.25)
            assert row.ratio is None
            assert notes == []
            figure = row.median_ms if isinstance(row, Latency) else row.records_per_second
            assert (figure is None) == refused
            assert ("refused" in row.cells()) == refused


@pytest.mark.parametrize(
    "answer", [np.full((3, 4), 0.25), np.full((2, 4), np.nan)], ids=["other shape", "nan"]
)
def test_an_answer_that_cannot_be_compared_is_refused(answer: Array) -> None:
    rows, _ = latency(field(Fake("onnxruntime"), Fake("peer", answer)))
    assert [row.median_ms is None for row in rows] == [False, True]


def test_onnxruntime_is_the_reference_wherever_it_stands() -> None:
    """So ecgrt itself is refused where it is wrong."""
    rows, notes = latency(field(Fake("ecgrt", ANSWER + 0.01), Fake("onnxruntime")))
    assert {row.engine: row.median_ms is None for row in rows} == {
        "ecgrt": True,
        "onnxruntime": False,
    }
    assert notes == []


def test_without_it_differences_are_from_the_first_and_that_is_told() -> None:
    rows, notes = latency(field(Fake("ecgrt"), Fake("peer", ANSWER + 0.01)))
    assert [row.median_ms is None for row in rows] == [False, True]
    assert notes == ["m: no onnxruntime: differences are from ecgrt's"]


def test_rows_are_sorted_by_precision() -> None:
    engines = [Fake("a", precision="int8"), Fake("b", precision="bf16"), Fake("onnxruntime")]
    assert [row.engine for row in latency(field(*engines))[0]] == ["onnxruntime", "b", "a"]


def test_a_ratio_is_to_ecgrts_network_of_the_same_group_and_model() -> None:
    whole = Fake("ecgrt")
    whole.task = END_TO_END
    engines = [whole, Fake("ecgrt"), Fake("onnxruntime"), Fake("q", precision="int8")]
    rows, _ = latency(field(*engines), field(Fake("onnxruntime"), model="n"))
    network = rows[1]
    assert network.median_ms
    assert network.ratio == 1.0
    for row in rows[:3]:
        assert row.median_ms
        assert row.ratio == pytest.approx(row.median_ms / network.median_ms)
    assert [row.ratio for row in rows[3:]] == [None, None]


def test_a_figure_is_of_the_times() -> None:
    row = Latency(
        model="m", seconds=30.0, threads=1, group="fp32", engine="e", task="t", difference=0.0
    ).timed([4.0, 2.0, 3.0], 1.5)
    assert (row.min_ms, row.median_ms, row.real_time, row.ratio) == (2.0, 3.0, 1e4, 2.0)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (UnavailableError("on 2 threads only"), "on 2 threads only"),
        (OSError("no\nsuch kernel"), "failed, OSError: no such kernel"),
    ],
)
def test_a_peer_that_fails_is_named_and_the_run_goes_on(error: Exception, told: str) -> None:
    rows, notes = latency(field(Fake("onnxruntime"), Fake("peer", error=error), Fake("other")))
    assert [row.engine for row in rows] == ["onnxruntime", "other"]
    assert notes == [f"m: peer: {told}"]


def test_the_fastest_way_counts() -> None:
    rows = measure_throughput([field(Fake("onnxruntime"))], 1.0, 1, 4, [])
    assert rows[0].way in {"one", "two"}
    assert rows[0].records_per_second


def test_a_new_process_that_fails_is_named_and_the_run_goes_on() -> None:
    good, bad = Fake("good"), Fake("bad")
    bad.cold_start = "raise OSError('broken')"
    notes: list[str] = []
    rows = measure_cold([field(good, bad)], 1, 1, notes)
    assert [row.engine for row in rows] == ["import numpy", "good"]
    assert notes == ["m: bad: its new process failed, RuntimeError: OSError: broken"]
    assert rows[0].above_numpy_ms == 0.0
    assert rows[1].peak_mib > 0


def test_a_report_shows_each_model_and_what_is_refused() -> None:
    rows, _ = latency(field(Fake("onnxruntime"), Fake("peer", ANSWER + 0.5)))
    cold = Cold(model="m", engine="e", min_ms=1, median_ms=2, above_numpy_ms=3, peak_mib=4)
    models = [
        ModelReport(
            model=name,
            backends={"ecgrt": "cpu/x"},
            latency=tuple(rows),
            throughput=(),
            cold=(cold,),
            roofline=(),
        )
        for name in ("first.onnx", "second.onnx")
    ]
    report = Report(machine=describe_machine({}), models=tuple(models), notes=("a note",))
    text = report.to_text()
    assert text.index("== first.onnx (ecgrt on cpu/x)") < text.index("== second.onnx")
    (refused,) = {line for line in text.splitlines() if "refused" in line}
    assert refused.split() == ["1", "s", "1", "fp32", "peer", "network", "5e-01", "refused"]
    assert "nothing could be measured" in text
    assert text.endswith("a note")
    values = json.loads(report.to_json())
    assert set(values) == {"machine", "models", "notes"}
    assert values["models"][1]["latency"][1]["median_ms"] is None
