"""``ecgrt-holter`` as a shell calls it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import jsonschema
import pytest

from ecgrt.cli.holter import main
from ecgrt.rhythm.export import json_schema


@pytest.fixture(scope="module")
def outputs(
    plan: Path, records: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, int]:
    """What the command writes of a record of atrial fibrillation, and its exit code."""
    folder = tmp_path_factory.mktemp("holter")
    files = [
        argument
        for name in ("json", "csv", "fhir", "report")
        for argument in (f"--{name}", str(folder / f"{name}.{_SUFFIX[name]}"))
    ]
    code = main([str(records / "S0006"), "--plan", str(plan), "--zone", "UTC", *files])
    return folder, code


_SUFFIX = {"json": "json", "csv": "csv", "fhir": "json", "report": "html"}


def test_it_writes_all_that_is_asked_for(outputs: tuple[Path, int]) -> None:
    folder, code = outputs
    assert code == 0
    values = json.loads((folder / "json.json").read_text())
    jsonschema.validate(values, json_schema())
    rows = list(csv.DictReader((folder / "csv.csv").open()))
    assert [row["label"] for row in rows] == [span["label"] for span in values["spans"]] == ["AF"]
    bundle = json.loads((folder / "fhir.json").read_text())
    assert bundle["entry"][0]["resource"]["resourceType"] == "DiagnosticReport"
    assert "S0006" in (folder / "report.html").read_text()


def test_provenance_names_file_and_model(outputs: tuple[Path, int], plan: Path) -> None:
    origin = json.loads((outputs[0] / "json.json").read_text())["provenance"]
    assert origin["file"] == "S0006.hea"
    assert origin["model"] == "cinc17"
    assert len(origin["plan_digest"]) == 64


def test_a_line_a_record(plan: Path, records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main([str(records / "S0006"), str(records / "missing"), "--plan", str(plan)])
    shown = capsys.readouterr()
    (line,) = shown.out.splitlines()
    assert line.split("\t")[:4] == ["S0006", "30", "1.0000", "1.0000"]
    assert len(line.split("\t")) == 12
    assert "missing" in shown.err
    assert code == 1


def test_a_report_is_of_one_record(
    plan: Path, records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report.html"
    with pytest.raises(SystemExit) as exit_code:
        main([str(records), "--plan", str(plan), "--report", str(report)])
    assert exit_code.value.code == 2
    assert "--report is of one record" in capsys.readouterr().err
    assert not report.exists()


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--csv", "/no/such/folder/x.csv"], "no folder"),
        (["--zone", "Mars/Olympus"], "no time zone"),
        (["--zone", "../../etc/passwd"], "no time zone"),
    ],
)
def test_faults_are_told_before_anything_is_computed(
    options: list[str], fault: str, records: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_code:
        main([str(records / "S0006"), "--plan", "no.plan", *options])
    assert exit_code.value.code == 2
    assert fault in capsys.readouterr().err
