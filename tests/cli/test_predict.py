"""ecgrt-predict: a line per record, in text and JSON; failures, warnings, exit codes."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest
from commands import exit_code

import ecgrt
from ecgrt.records import base, list_records, read_record


def test_predict_prints_a_line_per_record(
    plan: Path, records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = list_records(records)[:2]
    assert exit_code("predict", *paths, "--plan", plan) == 0
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
    assert exit_code("predict", path, "--plan", plan, "--json") == 0
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
    assert exit_code("predict", *argv) == 0
    labels = [line.split("\t")[1] for line in capsys.readouterr().out.splitlines()]
    assert exit_code("predict", *argv, "--json") == 0
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
    assert exit_code("predict", *argv) == 2
    assert f"--min-confidence: {value} is not a probability" in capsys.readouterr().err


def test_predict_answers_the_others_after_a_bad_record(
    plan: Path, records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = tmp_path / "short.csv"
    short.write_text("time [ms],ECG (uV)\n0,1\n4,2\n8,3\n")
    good = list_records(records)[0]
    assert exit_code("predict", short, good, "--plan", plan) == 1
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
    assert exit_code("predict", path, "--plan", plan) == 1
    assert "give fs= (--fs)" in capsys.readouterr().err
    segments = []
    for arguments in (("--fs", rate), ("--fs", rate / 2, "--unit", "uV")):
        assert exit_code("predict", path, "--plan", plan, "--json", *arguments) == 0
        segments.append(len(json.loads(capsys.readouterr().out)["segment_labels"]))
    assert segments == [3000 // 256, 6000 // 256]


def test_predict_takes_a_lead(
    plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "record.csv"
    path.write_text("I,II\n" + "".join(f"{i % 97},{i % 31}\n" for i in range(600)))
    assert exit_code("predict", path, "--plan", plan) == 1
    capsys.readouterr()
    lines = []
    for lead in ("I", "0", "II"):
        argv = ("--fs", 300, "--unit", "uV", "--lead", lead)
        assert exit_code("predict", path, "--plan", plan, "--json", *argv) == 0
        lines.append(capsys.readouterr().out)
    assert lines[0] == lines[1] != lines[2]


def test_folders_lists_and_files_are_taken(
    plan: Path, records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = []
    for arguments in ([records], [records / "RECORDS"], list_records(records)):
        assert exit_code("predict", *arguments, "--plan", plan) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1] == outputs[2]
    assert [line.split("\t")[0] for line in outputs[0].splitlines()] == [
        path.name for path in list_records(records)
    ]


def test_bad_folder_costs_the_others_nothing(
    plan: Path, records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code("predict", tmp_path, records / "S0001", "--plan", plan) == 1
    output = capsys.readouterr()
    assert output.out.startswith("S0001\t")
    assert output.err.startswith("ecgrt-predict: error: ")
    assert str(tmp_path) in output.err


def test_json_file_is_written_beside_the_text(
    plan: Path, records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "answers.jsonl"
    paths = list_records(records)[:2]
    assert exit_code("predict", *paths, "--plan", plan, "--json", target) == 0
    text = capsys.readouterr().out.splitlines()
    assert exit_code("predict", *paths, "--plan", plan, "--json") == 0
    assert target.read_text() == capsys.readouterr().out
    labels = [json.loads(line)["label"] for line in target.read_text().splitlines()]
    assert labels == [line.split("\t")[1] for line in text]


@pytest.mark.parametrize("error", [OverflowError("int too large"), RecursionError(), KeyError("x")])
def test_no_exception_of_a_record_ends_the_run(
    error: Exception,
    plan: Path,
    records: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def read(path: Path, **options: object) -> ecgrt.Record:
        if path.name == "S0001":
            raise error
        return base.read_record(path)

    monkeypatch.setattr("ecgrt.records.read_record", read)
    paths = list_records(records)[:3]
    assert exit_code("predict", *paths, "--plan", plan) == 1
    output = capsys.readouterr()
    assert [line.split("\t")[0] for line in output.out.splitlines()] == ["S0002", "S0003"]
    assert output.err.startswith(f"ecgrt-predict: error: {paths[0]}: {type(error).__name__}")


def test_strict_makes_a_warning_count(
    plan: Path,
    records: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def read(path: Path, **options: object) -> ecgrt.Record:
        warnings.warn("this looks like millivolts", stacklevel=2)
        return base.read_record(path)

    argv = ("predict", records / "S0001", "--plan", plan)
    assert exit_code(*argv, "--strict") == 0
    monkeypatch.setattr("ecgrt.records.read_record", read)
    assert exit_code(*argv) == 0
    capsys.readouterr()
    assert exit_code(*argv, "--strict", "--json") == 1
    output = capsys.readouterr()
    assert json.loads(output.out)["warnings"] == ["this looks like millivolts"]
    assert output.err == (
        f"ecgrt-predict: warning: {records / 'S0001'}: this looks like millivolts\n"
    )


def test_names_stay_in_their_line(
    plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = tmp_path / "a\tb\nc\udce9.csv"
    odd.write_text("ECG (uV)\n" + "".join(f"{i % 97}\n" for i in range(3000)))
    argv = ("predict", odd, "--plan", plan, "--fs", 300)
    assert exit_code(*argv, "--json") == 0
    assert json.loads(capsys.readouterr().out)["record"] == odd.stem
    assert exit_code(*argv) == 0
    assert capsys.readouterr().out.startswith("a\\tb\\nc\\udce9\t")


def test_threads_are_those_of_the_classifier(
    plan: Path, records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code("predict", records / "S0001", "--plan", plan, "--threads", 1) == 0
    capsys.readouterr()
    assert exit_code("predict", records / "S0001", "--plan", plan, "--threads", 0) == 2
    assert "threads must be at least 1" in capsys.readouterr().err
