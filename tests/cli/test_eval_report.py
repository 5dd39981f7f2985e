"""ecgrt-eval --report: the score's figures, and the records that it is wrong about."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from commands import exit_code

import ecgrt


@pytest.fixture
def reference(records: Path, tmp_path: Path) -> Path:
    """The samples' labels, those of two records made wrong."""
    text = (records / "REFERENCE.csv").read_text()
    text = re.sub("S0004,.", "S0004,A", re.sub("S0007,.", "S0007,N", text))
    path = tmp_path / "labels.csv"
    path.write_text(text)
    return path


def test_a_set(records: Path, reference: Path, tmp_path: Path) -> None:
    target, metrics = tmp_path / "set.html", tmp_path / "metrics.json"
    argv = ("--reference", reference, "--report", target, "--json", metrics)
    assert exit_code("eval", records, "-o", tmp_path / "answers.txt", *argv) == 0
    page = target.read_text(encoding="utf-8")
    found = json.loads(metrics.read_text())
    assert f"<dd>{found['score']:.3f}<small>" in page
    for label, f1 in found["f1"].items():
        assert f"{label}, " in page
        assert f"<td>{f1:.3f}</td>" in page
    headings = re.findall(r"<h3>(S\d+): answered (.), [^<]*reference (.),", page)
    wrong = [(n, a, label) for n, a, label in headings if n in ("S0004", "S0007")]
    assert wrong == [("S0007", "A", "N"), ("S0004", "N", "A")]  # the surer one first
    record = ecgrt.read_record(records / "S0007")
    assert next(iter(ecgrt.Classifier().predict(record).evidence.values())) in page
    assert list(found["probabilities"]) == list(found["answers"])


def test_a_resumed_evaluation_has_all_probabilities(
    records: Path, reference: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ecgrt.challenge import evaluate

    first, second = tmp_path / "first.json", tmp_path / "second.json"
    argv = ("eval", records, "--reference", reference, "-o", tmp_path / "answers.txt")
    assert exit_code(*argv, "--json", first) == 0
    read = evaluate.read_record

    def stop(path: Path, **options: object) -> ecgrt.Record:
        if path.name == "S0005":
            raise KeyboardInterrupt
        return read(path, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(evaluate, "read_record", stop)
        assert exit_code(*argv) == 130
    assert exit_code(*argv, "--resume", "--json", second) == 0
    found = [json.loads(path.read_text())["probabilities"] for path in (first, second)]
    assert found[0] == found[1]


def test_without_a_reference_there_is_nothing_to_report(
    records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "records"
    folder.mkdir()
    for suffix in ("hea", "mat"):
        (folder / f"S0001.{suffix}").write_bytes((records / f"S0001.{suffix}").read_bytes())
    argv = ("-o", tmp_path / "answers.txt", "--report", tmp_path / "set.html")
    assert exit_code("eval", folder, *argv) == 2
    assert "give a reference" in capsys.readouterr().err
