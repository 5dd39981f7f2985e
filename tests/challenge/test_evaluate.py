"""ecgrt-eval: answers, score, times, failures, and the overlap with the training records."""

from __future__ import annotations

import csv
import json
import math
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from challenge_files import write_record
from commands import exit_code

import ecgrt
from ecgrt.challenge.evaluate import _overlap, evaluate
from ecgrt.challenge.report import to_json, to_text
from ecgrt.metadata import digest_records
from ecgrt.records.base import list_records, read_record

NAMES = ("r1", "r2", "r3", "r4", "r5")


def write_signals(folder: Path, records: Path, names: tuple[str, ...]) -> Path:
    """Fill a folder with cuts of the sample records under these names."""
    folder.mkdir()
    sources = [read_record(path).signal for path in list_records(records)]
    for i, name in enumerate(names):
        write_record(folder, name, sources[i % len(sources)][: 1500 + 300 * i])
    (folder / "RECORDS").write_text("".join(f"{name}\n" for name in names))
    return folder


@pytest.fixture
def folder(tmp_path: Path, records: Path) -> Path:
    """Five short records without labels."""
    return write_signals(tmp_path / "data", records, NAMES)


@pytest.fixture(scope="session")
def classifier(plan: Path) -> ecgrt.Classifier:
    return ecgrt.Classifier(plan)


def label_of(classifier: ecgrt.Classifier, folder: Path, name: str) -> str:
    return str(classifier.predict(read_record(folder / name).signal).label)


def other_than(label: str) -> str:
    return "O" if label == "N" else "N"


def test_answers_are_those_of_the_classifier(
    folder: Path, plan: Path, classifier: ecgrt.Classifier, capsys: pytest.CaptureFixture[str]
) -> None:
    out = folder.parent / "answers.txt"
    assert exit_code("eval", folder, "--plan", plan, "-o", out) == 0
    expected = [f"{name},{label_of(classifier, folder, name)}\n" for name in NAMES]
    assert out.read_text() == "".join(expected)
    report = capsys.readouterr().out
    assert "5 answered, 0 failed" in report
    assert "score  " not in report
    assert "not a medical device" in report


def test_score_confusion_and_f1(folder: Path, plan: Path, classifier: ecgrt.Classifier) -> None:
    answers = {name: label_of(classifier, folder, name) for name in NAMES}
    reference = answers | {"r1": other_than(answers["r1"])}
    rows = "".join(f"{name},{label}\n" for name, label in reference.items())
    (folder / "REFERENCE.csv").write_text(rows)
    target = folder.parent / "metrics.json"
    out = folder.parent / "answers.txt"
    assert exit_code("eval", folder, "--plan", plan, "-o", out, "--json", target) == 0
    metrics = json.loads(target.read_text())
    for label in "NAO~":
        both = sum(reference[name] == answers[name] == label for name in NAMES)
        named = list(reference.values()).count(label) + list(answers.values()).count(label)
        assert metrics["f1"][label] == (pytest.approx(2 * both / named) if named else None)
    wrong = metrics["classes"].index(reference["r1"]), metrics["classes"].index(answers["r1"])
    assert metrics["confusion"][wrong[0]][wrong[1]] == 1
    assert np.sum(metrics["confusion"]) == len(NAMES)
    assert metrics["accuracy"] == pytest.approx(0.8)
    assert metrics["label_version"] == "unknown"
    assert metrics["backend"] == classifier.backend
    assert metrics["model"] == classifier.metadata["model"]
    assert metrics["answers"] == answers
    assert [row["name"] for row in metrics["timings"]] == list(NAMES)


def test_reference_may_know_more_and_less(folder: Path, plan: Path) -> None:
    reference = folder.parent / "REFERENCE-v9.csv"
    reference.write_text("elsewhere,A\nr2,N\nr4,N\n")
    evaluation = evaluate(folder, plan, reference=reference)
    assert evaluation.score is not None
    assert evaluation.score.confusion.sum() == 2
    assert evaluation.score.missing == ()
    assert evaluation.label_version == "v9"
    assert evaluation.unlabelled == ("r1", "r3", "r5")
    assert "3 records without reference label" in to_text(evaluation)


def test_reference_of_other_records_is_an_error(folder: Path, plan: Path) -> None:
    reference = folder.parent / "REFERENCE.csv"
    reference.write_text("elsewhere,A\n")
    with pytest.raises(ValueError, match="names none of the 5 records"):
        evaluate(folder, plan, reference=reference)


def test_undefined_score_is_said_and_is_null(folder: Path, plan: Path) -> None:
    (folder / "RECORDS").write_text("r1\n")
    (folder / "REFERENCE.csv").write_text("r1,~\n")
    evaluation = evaluate(folder, plan)
    assert evaluation.score is not None
    assert math.isnan(evaluation.score.overall)
    assert "undefined" in to_text(evaluation)
    assert json.loads(to_json(evaluation))["score"] is None


def test_failed_record_is_reported_and_the_others_answered(
    folder: Path, plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "r2.mat").write_bytes((folder / "r2.mat").read_bytes()[:-600])
    (folder / "r4.mat").unlink()
    (folder / "REFERENCE.csv").write_text("".join(f"{name},N\n" for name in NAMES))
    out, target = folder.parent / "answers.txt", folder.parent / "metrics.json"
    assert exit_code("eval", folder, "--plan", plan, "-o", out, "--json", target) == 1
    assert [line.partition(",")[0] for line in out.read_text().splitlines()] == ["r1", "r3", "r5"]
    metrics = json.loads(target.read_text())
    assert list(metrics["failures"]) == metrics["missing"] == ["r2", "r4"]
    noise = metrics["classes"].index("~")
    assert metrics["confusion"][metrics["classes"].index("N")][noise] >= 2
    report = capsys.readouterr().out
    assert "3 answered, 2 failed" in report
    for name, reason in metrics["failures"].items():
        assert f"  {name}: {reason}" in report


def test_record_of_an_impossible_name_fails_alone(
    folder: Path, plan: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "RECORDS").unlink()
    for name in NAMES[1:]:
        (folder / f"{name}.hea").unlink()
    source = folder / "r1.hea"
    for name in ("a,b", " c", "d\udce9"):  # the last is the byte E9 on disk, which is not UTF-8
        shutil.copy(source, folder / f"{name}.hea")
    out, target = folder.parent / "answers.txt", folder.parent / "metrics.json"
    assert exit_code("eval", folder, "--plan", plan, "-o", out, "--json", target) == 1
    assert [line.partition(",")[0] for line in out.read_text().splitlines()] == ["r1"]
    failures = json.loads(target.read_text())["failures"]
    assert set(failures) == {"a,b", " c", r"d\udce9"}
    report = capsys.readouterr().out
    for name, reason in failures.items():
        assert "cannot be a record's name" in reason
        assert f"  {name}: {reason}" in report


def test_timings_are_a_row_each_in_order(folder: Path, plan: Path) -> None:
    target = folder.parent / "timings.csv"
    out = folder.parent / "answers.txt"
    assert exit_code("eval", folder, "--plan", plan, "-o", out, "--timing", target) == 0
    with target.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["record"] for row in rows] == ["(load)", *NAMES]
    stamps = [float(row[key]) for row in rows for key in ("start", "end")]
    assert stamps == sorted(stamps)
    for row in rows:
        assert float(row["milliseconds"]) > 0


def test_training_records_are_named_prominently(
    tmp_path: Path, records: Path, plan: Path, classifier: ecgrt.Classifier
) -> None:
    known = classifier.training_record_names[0]
    evaluation = evaluate(write_signals(tmp_path / "data", records, (known, "r2")), plan)
    assert evaluation.overlap == (known,)
    assert (
        "1 of 2 records were in the model's training set: the score is not a test score"
    ) in to_text(evaluation)


def test_unknown_overlap_is_said(folder: Path, plan: Path) -> None:
    trained = {"training_digest": digest_records(["r1", "r2"])}
    without_names: Any = SimpleNamespace(training_record_names=[], metadata=trained)
    assert _overlap(without_names, ["r1", "r3"]) is None
    assert _overlap(without_names, ["r2", "r1"]) == ("r2", "r1")
    evaluation = evaluate(folder, plan)
    assert "None of the 5 records was in" in to_text(evaluation)
    object.__setattr__(evaluation, "overlap", None)
    assert "is not known" in to_text(evaluation)


def test_same_name_in_two_folders_is_an_error(folder: Path, plan: Path) -> None:
    (folder / "RECORDS").write_text("r1\nsub/r1\n")
    with pytest.raises(ValueError, match="one name"):
        evaluate(folder, plan)


def test_no_records_is_an_error(tmp_path: Path, plan: Path) -> None:
    with pytest.raises(ValueError, match="no records"):
        evaluate(tmp_path, plan)
