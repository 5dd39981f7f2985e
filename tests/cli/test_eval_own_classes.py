"""ecgrt-eval on classes of one's own, on manifests, and what it says of warnings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from challenge_files import write_record
from commands import exit_code
from family import make_selector

from ecgrt.challenge.entry import build_entry
from ecgrt.challenge.evaluate import evaluate
from ecgrt.challenge.report import to_text
from ecgrt.challenge.scoring import score
from ecgrt.compile.cpu_plan import build_cpu_plan
from ecgrt.records.base import list_records, read_record
from ecgrt.shipped import PLAN

CLASSES = ("AF", "flutter", "sinus", "VT")


@pytest.fixture
def own_plan(tmp_path: Path) -> Path:
    """A plan that answers the class whose sample of four is the largest."""
    onnx.save(make_selector(classes=CLASSES, sampling_rate=250.0), tmp_path / "own.onnx")
    build_cpu_plan(tmp_path / "own.onnx", tmp_path / "own.plan")
    return tmp_path / "own.plan"


def write_answering(folder: Path, name: str, label: str, scale: float = 1000) -> None:
    """Write a CSV file of 6 s that is answered `label`; its numbers are `scale` microvolts."""
    folder.mkdir(exist_ok=True)
    samples = np.tile(np.eye(4)[CLASSES.index(label)] * 20, 375) / scale
    np.savetxt(folder / f"{name}.csv", samples, "%.4f", header="ecg", comments="")


def metrics_of(source: Path, plan: Path, *options: object) -> dict[str, Any]:
    out = plan.with_name("metrics.json")
    answers = plan.with_name("answers.txt")
    assert exit_code("eval", source, "--plan", plan, "-o", answers, "--json", out, *options) == 0
    values: dict[str, Any] = json.loads(out.read_text())
    return values


ANSWERED = {"a": "AF", "b": "AF", "c": "flutter", "d": "sinus", "e": "VT", "f": "VT"}
RIGHT = {"a": "AF", "b": "sinus", "c": "flutter", "d": "sinus", "e": "VT", "f": "sinus"}


def test_macro_f1_of_a_folder(
    own_plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """AF 2/3, flutter 1, sinus 2 * 1 / (3 + 1) = 1/2, VT 2 * 1 / (1 + 2) = 2/3."""
    folder = tmp_path / "records"
    for name, label in ANSWERED.items():
        write_answering(folder, name, label)
    reference = "".join(f"{name},{label}\n" for name, label in RIGHT.items())
    (folder / "REFERENCE.csv").write_text(reference)
    found = metrics_of(folder, own_plan, "--fs", 250, "--unit", "mV")
    assert found["f1"] == pytest.approx({"AF": 2 / 3, "flutter": 1, "sinus": 0.5, "VT": 2 / 3})
    assert found["score"] == pytest.approx((2 / 3 + 1 + 1 / 2 + 2 / 3) / 4)
    assert found["classes"] == list(CLASSES)
    assert found["confusion"] == [[1, 0, 0, 0], [0, 1, 0, 0], [1, 0, 1, 1], [0, 0, 0, 1]]
    assert (tmp_path / "answers.txt").read_text().splitlines()[2] == "c,flutter"
    assert "score     0.7083 (macro F1, the mean of all classes" in capsys.readouterr().out


def test_labels_rate_and_unit_of_a_manifest(own_plan: Path, tmp_path: Path) -> None:
    lines = []
    for number, (name, label) in enumerate(ANSWERED.items()):
        unit, scale = [("mV", 1000), ("uV", 1)][number % 2]
        write_answering(tmp_path / "records", name, label, scale)
        right = {"label": RIGHT[name]} if number % 3 else {"labels": [RIGHT[name]] * 5}
        lines.append({"ecg": f"records/{name}.csv", "fs": 250, "unit": unit, **right})
    manifest = tmp_path / "test.json"
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = metrics_of(manifest, own_plan)
    assert found["answers"] == ANSWERED
    assert found["score"] == pytest.approx((2 / 3 + 1 + 1 / 2 + 2 / 3) / 4)


@pytest.mark.parametrize("place", ["REFERENCE.csv", "manifest"])
def test_label_that_the_model_does_not_know(
    place: str, own_plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "records"
    write_answering(folder, "a", "AF")
    source = folder
    if place == "manifest":
        source = tmp_path / "test.json"
        source.write_text('{"ecg": "records/a.csv", "label": "N", "fs": 250, "unit": "mV"}\n')
    else:
        (folder / place).write_text("a,N\n")
    argv = ("eval", source, "--plan", own_plan, "-o", tmp_path / "answers.txt")
    assert exit_code(*argv, "--fs", 250, "--unit", "mV") == 2
    assert "'N' is not a label; use one of AF, flutter, sinus, VT" in capsys.readouterr().err


def test_record_without_an_answer_was_not_found() -> None:
    """Unlike the challenge, whose missing answers are ~, no class is answered in its place."""
    reference = {"a": "x", "b": "x", "c": "y"}
    found = score(reference, {"a": "x", "c": "y"}, ("x", "y"))
    assert found.f1 == pytest.approx({"x": 2 / 3, "y": 1.0})
    assert found.overall == pytest.approx(5 / 6)
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.confusion.tolist() == [[1, 0], [0, 1]]
    assert found.missing == ("b",)


def test_model_of_some_of_the_challenges_classes(tmp_path: Path) -> None:
    """Scored as the challenge does where the labels ask for more, by its own classes else."""
    onnx.save(make_selector(classes=("N", "A", "O", "~")), tmp_path / "model.onnx")
    build_cpu_plan(tmp_path / "model.onnx", tmp_path / "model.plan")
    write_record(tmp_path / "r", "a", np.tile([9, 0, 0, 0], 400))
    (tmp_path / "r" / "REFERENCE.csv").write_text("a,N\n")
    found = evaluate(tmp_path / "r", tmp_path / "model.plan")
    assert found.score is not None
    assert list(found.score.f1) == ["N", "A", "O", "~"]
    assert "mean F1 of N, A and O" in to_text(found)


def test_warnings_are_counted_and_kept_when_resumed(
    tmp_path: Path, records: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    folder = tmp_path / "records"
    for i, path in enumerate(list_records(records)[:3]):
        signal = read_record(path).signal
        part = np.tile(signal, 4) if i == 2 else signal[: 300 * (6 + 14 * i)]
        write_record(folder, f"r{i}", part)
    argv = ("eval", folder, "--plan", PLAN, "-o", tmp_path / "answers.txt")
    out = tmp_path / "metrics.json"
    with monkeypatch.context() as patch:
        patch.setattr("ecgrt.challenge.scoring.write_text", fail)
        assert exit_code(*argv) == 2
    told = capsys.readouterr()
    assert "SignalWarning" not in told.err  # told once, at the end
    assert exit_code(*argv, "--resume", "--json", out) == 0
    assert "warnings on 2 records: short_record 1, long_record 1" in capsys.readouterr().out
    found = json.loads(out.read_text())["warnings"]
    assert found == {"r0": ["short_record"], "r2": ["long_record"]}


def fail(*_: object) -> None:
    raise OSError(28, "No space left on device", "answers.txt")


def test_entry_is_of_the_challenges_classes(own_plan: Path, tmp_path: Path) -> None:
    write_record(tmp_path / "records", "a", np.tile([20, 0, 0, 0], 400))
    with pytest.raises(ValueError, match="also answers AF, VT, flutter, sinus; the challenge"):
        build_entry(own_plan, tmp_path / "records", tmp_path / "entry.zip")


def test_entry_takes_threads_and_device(plan: Path, records: Path, tmp_path: Path) -> None:
    out = tmp_path / "entry.zip"
    assert (
        exit_code("entry", records, "--plan", plan, "--threads", 1, "--device", 0, "-o", out) == 0
    )
    assert out.exists()
    assert exit_code("entry", records, "--plan", plan, "--threads", 0, "-o", out) == 2
