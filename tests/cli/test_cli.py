"""The commands, from their arguments to exit code and output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

import ecgrt
from ecgrt import cli
from ecgrt.compile import cpu_plan, tensorrt_plan
from ecgrt.records.base import list_records, read_record

COMMANDS = {
    point.name: point.load()
    for point in metadata.entry_points(group="console_scripts")
    if point.value.startswith("ecgrt.cli:")
}
NAMES = (
    "bench",
    "build-engine",
    "calibrate",
    "data",
    "entry",
    "eval",
    "export",
    "predict",
    "train",
)


def exit_code(main: Callable[[list[str]], int], *argv: object) -> int:
    """Return the code with which the command would end its process."""
    try:
        return main([str(arg) for arg in argv])
    except SystemExit as end:
        return int(end.code or 0)


def test_every_command_is_installed() -> None:
    assert set(COMMANDS) == {f"ecgrt-{name}" for name in NAMES}


@pytest.mark.parametrize("name", [f"ecgrt-{name}" for name in NAMES])
def test_help_and_version(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(COMMANDS[name], "--help") == 0
    help_text = capsys.readouterr().out
    assert f"usage: {name}" in help_text
    assert f"example:\n  {name} " in help_text
    assert exit_code(COMMANDS[name], "--version") == 0
    assert capsys.readouterr().out == f"{name} {ecgrt.__version__}\n"


@pytest.mark.parametrize(
    "argv",
    [
        ("data", "fetch", "--source", "nowhere"),
        ("data", "split", "nowhere"),
        ("train", "nowhere.json"),
        ("build-engine", "nowhere.onnx", "--target", "cpu"),
        ("calibrate", "nowhere.onnx", "nowhere.json"),
        ("predict", "nowhere", "--plan", "nowhere.plan"),
        ("eval", "nowhere", "--plan", "nowhere.plan"),
        ("entry", "nowhere", "--plan", "nowhere.plan"),
        ("bench", "--plan", "nowhere.plan"),
    ],
    ids=lambda argv: argv[0],
)
def test_missing_file_is_one_line_and_exit_code_2(
    argv: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    name = f"ecgrt-{argv[0]}"
    assert exit_code(COMMANDS[name], *argv[1:]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"{name}: error: ")
    assert "nowhere" in error
    assert error.count("\n") == 1


def test_predict_prints_a_line_per_record(
    plan: Path, records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = list_records(records)[:2]
    assert exit_code(cli.predict_main, *paths, "--plan", plan) == 0
    lines = capsys.readouterr().out.splitlines()
    classifier = ecgrt.Classifier(plan)
    for path, line in zip(paths, lines, strict=True):
        record = read_record(path)
        expected = classifier.predict(record.signal, fs=record.fs)
        name, label, *probabilities = line.split("\t")
        assert (name, label) == (record.name, expected.label)
        assert [float(p) for p in probabilities] == pytest.approx(
            expected.probabilities.tolist(), abs=5.1e-5
        )


def test_predict_prints_json(plan: Path, records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = list_records(records)[0]
    assert exit_code(cli.predict_main, path, "--plan", plan, "--json") == 0
    (line,) = capsys.readouterr().out.splitlines()
    answer = json.loads(line)
    record = read_record(path)
    expected = ecgrt.Classifier(plan).predict(record.signal, fs=record.fs)
    assert (answer["record"], answer["label"]) == (record.name, expected.label)
    assert list(answer["probabilities"].values()) == expected.probabilities.tolist()
    assert answer["segment_labels"] == expected.segment_labels.tolist()
    assert answer["confidence"] == expected.confidence
    assert answer["confidence"] == answer["probabilities"][answer["label"]]


def test_predict_withholds_labels(
    plan: Path, records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    classifier = ecgrt.Classifier(plan)
    paths = list_records(records)
    confidences = [classifier.predict(read_record(path).signal).confidence for path in paths]
    threshold = sorted(confidences)[len(paths) // 2]
    argv = (*paths, "--plan", plan, "--min-confidence", repr(threshold))
    assert exit_code(cli.predict_main, *argv) == 0
    labels = [line.split("\t")[1] for line in capsys.readouterr().out.splitlines()]
    assert exit_code(cli.predict_main, *argv, "--json") == 0
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    for label, answer, confidence in zip(labels, answers, confidences, strict=True):
        assert answer["confidence"] == confidence
        assert (label == "-") == (answer["label"] is None) == (confidence < threshold)
        assert answer["label"] in (None, label)
    assert 0 < labels.count("-") < len(labels)


@pytest.mark.parametrize("value", ["-0.1", "1.5", "nan", "x"])
def test_predict_refuses_what_is_no_probability(
    value: str, plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ("nowhere", "--plan", plan, f"--min-confidence={value}")
    assert exit_code(cli.predict_main, *argv) == 2
    assert f"--min-confidence: {value} is not a probability" in capsys.readouterr().err


def test_predict_answers_the_others_after_a_bad_record(
    plan: Path, records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = tmp_path / "short.csv"
    short.write_text("time [ms],ECG (uV)\n0,1\n4,2\n8,3\n")
    good = list_records(records)[0]
    assert exit_code(cli.predict_main, short, good, "--plan", plan) == 2
    output = capsys.readouterr()
    assert output.out.startswith(f"{good.name}\t")
    assert output.err.startswith(f"ecgrt-predict: error: {short}: ")
    assert output.err.count("\n") == 1


def test_predict_takes_the_sampling_rate(
    plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rate = ecgrt.Classifier(plan).sampling_rate
    path = tmp_path / "record.csv"
    path.write_text("ECG (uV)\n" + "".join(f"{i % 97}\n" for i in range(3000)))
    assert exit_code(cli.predict_main, path, "--plan", plan) == 2
    assert "give fs= (--fs)" in capsys.readouterr().err
    segments = []
    for arguments in (("--fs", rate), ("--fs", rate / 2, "--unit", "uV")):
        assert exit_code(cli.predict_main, path, "--plan", plan, "--json", *arguments) == 0
        segments.append(len(json.loads(capsys.readouterr().out)["segment_labels"]))
    assert segments == [3000 // 256, 6000 // 256]


def test_predict_takes_a_lead(
    plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "record.csv"
    path.write_text("I,II\n" + "".join(f"{i % 97},{i % 31}\n" for i in range(600)))
    assert exit_code(cli.predict_main, path, "--plan", plan) == 2
    capsys.readouterr()
    lines = []
    for lead in ("I", "0", "II"):
        argv = ("--fs", 300, "--unit", "uV", "--lead", lead)
        assert exit_code(cli.predict_main, path, "--plan", plan, "--json", *argv) == 0
        lines.append(capsys.readouterr().out)
    assert lines[0] == lines[1] != lines[2]


def test_default_plan_is_the_current_directory_then_the_variable(
    plan: Path,
    records: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    record = list_records(records)[0]
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ECGRT_PLAN", raising=False)
    assert exit_code(cli.predict_main, record) == 2
    error = capsys.readouterr().err
    assert "ecgrt-build-engine" in error
    assert "ECGRT_PLAN" in error
    monkeypatch.setenv("ECGRT_PLAN", str(plan))
    assert exit_code(cli.predict_main, record) == 0
    capsys.readouterr()
    (tmp_path / "model.plan").write_bytes(b"not a plan")
    assert exit_code(cli.predict_main, record) == 2
    assert "model.plan" in capsys.readouterr().err


def test_closed_pipe_is_no_traceback(plan: Path, records: Path) -> None:
    program = "import sys; from ecgrt.cli import predict_main; sys.exit(predict_main())"
    command = [sys.executable, "-c", program, "--plan", str(plan), *map(str, list_records(records))]
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, check=False)
    os.close(write_end)
    assert done.returncode == 1
    assert done.stderr == b""


def test_auto_target_without_gpu_builds_a_checked_cpu_plan(
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(tensorrt_plan, "cuda_device_name", lambda: None)
    out = tmp_path / "new.plan"
    assert exit_code(cli.build_engine_main, model, "-o", out) == 0
    text = capsys.readouterr().out
    assert "target: cpu (no CUDA device answers)" in text
    assert f"{out}: {out.stat().st_size / 1e6:.1f} MB" in text
    assert ecgrt.Classifier(out).self_test() <= cpu_plan.TOLERANCE["fp32"]
    assert os.listdir(tmp_path) == ["new.plan"]


def test_auto_target_with_gpu_builds_a_tensorrt_plan(
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    built = {}

    def build_tensorrt_plan(onnx: Path, out: Path, **options: object) -> None:
        built.update(options)
        out.write_bytes(b"ptrt")

    monkeypatch.setattr(tensorrt_plan, "cuda_device_name", lambda: "Some GPU")
    monkeypatch.setattr(tensorrt_plan, "installed_flavours", lambda: ["enterprise"])
    monkeypatch.setattr(tensorrt_plan, "build_tensorrt_plan", build_tensorrt_plan)
    argv = (model, "-o", tmp_path / "new.plan", "--precision", "fp16", "--max-batch", "4")
    assert exit_code(cli.build_engine_main, *argv) == 0
    assert "target: tensorrt (CUDA device: Some GPU)" in capsys.readouterr().out
    assert (built["precision"], built["max_batch"], built["opt_seconds"]) == ("fp16", 4, 30.0)


def test_plan_with_wrong_answers_is_not_written(
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(cpu_plan.TOLERANCE, "fp32", -1.0)
    out = tmp_path / "model.plan"
    out.write_bytes(b"the plan of before")
    assert exit_code(cli.build_engine_main, model, "-o", out, "--target", "cpu") == 2
    assert "differ" in capsys.readouterr().err
    assert out.read_bytes() == b"the plan of before"
    assert os.listdir(tmp_path) == ["model.plan"]


def test_model_is_not_replaced_by_its_plan(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "m.onnx"
    copy.write_bytes(model.read_bytes())
    assert exit_code(cli.build_engine_main, copy, "-o", copy, "--target", "cpu") == 2
    assert "would be replaced; write to another file" in capsys.readouterr().err
    assert copy.read_bytes() == model.read_bytes()


def test_auto_target_with_gpu_but_without_tensorrt_builds_a_cpu_plan(
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(tensorrt_plan, "cuda_device_name", lambda: "Some GPU")
    monkeypatch.setattr(tensorrt_plan, "installed_flavours", list)
    out = tmp_path / "new.plan"
    assert exit_code(cli.build_engine_main, model, "-o", out) == 0
    assert 'TensorRT is missing: pip install "ecgrt[tensorrt]"' in capsys.readouterr().out
    assert ecgrt.Classifier(out).backend.startswith("cpu/")
