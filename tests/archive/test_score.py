"""Answers for archives: one row for each record, as predict answers it, whatever the input."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from archives import answers, holds_answers_of_predict, probabilities, sample_records, write_table
from challenge_files import write_record
from commands import exit_code

import ecgrt
from ecgrt.archive import score
from ecgrt.archive.answers import reason, schema
from ecgrt.archive.tables import _exactly
from ecgrt.records import list_records


def test_a_folder_is_answered_as_predict_answers_it(records: Path, tmp_path: Path) -> None:
    out = tmp_path / "answers.parquet"
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the rows tell what is suspicious
        summary = score([records], out, workers=1)
    classifier = ecgrt.Classifier(threads=1)
    found = answers(out)
    assert [row["source"] for row in found] == list(map(str, list_records(records)))
    for row, record in zip(found, sample_records(records), strict=True):
        expected = classifier.predict(record)
        assert row["name"] == record.name
        assert row["label"] == expected.label
        assert row["confidence"] == pytest.approx(expected.confidence)
        assert probabilities(row, classifier.classes) == expected.probabilities.tolist()
        assert row["heart_rate"] == expected.heart_rate
        assert row["readable"] == expected.quality.readable
        assert row["warnings"] == list(expected.quality.warnings)
        assert (row["fs"], row["duration"]) == (300, record.duration)
        assert row["error"] is None
    assert summary.records == len(found) == 10
    assert sum(summary.labels.values()) == 10
    assert {row["model"] for row in found} == {"cinc17-compact"}
    assert {len(row["plan_digest"]) for row in found} == {64}
    assert [path.name for path in tmp_path.iterdir()] == ["answers.parquet"]
    assert pq.read_schema(out).equals(schema(classifier.classes))


def test_records_that_fail_are_rows_with_their_reason(records: Path, tmp_path: Path) -> None:
    folder = tmp_path / "records"
    signal = sample_records(records)[0].signal
    write_record(folder, "good", signal)
    write_record(folder, "lies", signal, length=99)
    write_record(folder, "short", signal[:20])
    write_record(folder, "flat", np.zeros(9000))
    write_record(folder, "noise", signal[:1000])
    (folder / "empty.hea").touch()
    out = tmp_path / "answers.parquet"
    code = exit_code("score", folder, folder / "missing", "--out", out, "--workers", 1)
    assert code == 1
    rows = {row["name"]: row for row in answers(out)}
    assert list(rows) == ["empty", "flat", "good", "lies", "noise", "short", "missing"]
    failed = {name for name, row in rows.items() if row["error"] is not None}
    assert failed == {"empty", "lies", "short", "missing"}
    assert all(rows[name]["label"] is None for name in failed)
    assert "no record" in rows["missing"]["error"]
    assert rows["flat"]["label"] is None
    assert "unreadable" in rows["flat"]["warnings"]
    assert rows["good"]["label"] is not None
    assert "too_short" in rows["noise"]["warnings"]


def test_what_other_packages_say_stays_out() -> None:
    assert reason(KeyError("Jane Doe, born 1950")) == "KeyError"
    assert reason(ValueError("x.edf is damaged")) == "x.edf is damaged"


@pytest.mark.parametrize("kind", ["parquet", "arrow", "uri"])
def test_a_table_is_answered_row_by_row(kind: str, records: Path, tmp_path: Path) -> None:
    """Row groups that no block fits, and names, as they come."""
    table = write_table(tmp_path / "in.parquet", sample_records(records), copies=3, rows=7)
    source: str | Path = table
    if kind == "arrow":
        source = tmp_path / "in.feather"
        pyarrow.feather.write_feather(pq.read_table(table), source, chunksize=7)
    elif kind == "uri":
        source = table.as_uri()
    out = tmp_path / "answers.parquet"
    score([source], out, workers=1, block=4)
    holds_answers_of_predict(out, table)
    assert {row["source"] for row in answers(out)} == {str(source)}


def test_rows_of_every_kind(records: Path, tmp_path: Path) -> None:
    signal = sample_records(records)[3].signal[:3000]
    gap = [None if 300 <= i < 600 else float(x) / 1000 for i, x in enumerate(signal)]
    signals = [gap, (signal / 4.88).tolist(), None, [], (signal / 1e3).tolist(), [1.0] * 10]
    columns = {
        "ecg": pa.array(signals, pa.large_list(pa.float64())),
        "rate": [300, 300, 300, 300, None, 300],
        "unit": ["mV", "4.88 uV", "mV", "mV", "mV", "furlong"],
    }
    table = tmp_path / "in.parquet"
    pq.write_table(pa.table(columns), table)
    named = ["--column", "signal=ecg", "--column", "fs=rate"]
    code = exit_code("score", table, "-o", tmp_path / "a.parquet", "--workers", 1, *named)
    assert code == 1
    found = answers(tmp_path / "a.parquet")
    classifier = ecgrt.Classifier(threads=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = classifier.predict(signal, 300)
        with_gap = classifier.predict(np.array(gap, float), 300, unit="mV")
    for row, expected in zip(found, (with_gap, whole), strict=False):
        figures = probabilities(row, classifier.classes)
        np.testing.assert_allclose(figures, expected.probabilities, atol=1e-4)
    assert found[0]["readable"] == with_gap.quality.readable < 1
    errors = [row["error"] for row in found]
    assert errors[:3] == [None, None, "row 2 holds no signal"]
    assert errors[3] == "row 3 holds no samples"
    assert errors[4] == "row 4 tells no fs; give --fs"
    assert "furlong" in errors[5]
    assert [row["name"] for row in found] == list("012345")


def test_a_manifest_says_what_files_do_not(records: Path, tmp_path: Path) -> None:
    record = sample_records(records)[0]
    np.save(tmp_path / "one.npy", record.signal)
    line = {"ecg": "one.npy", "label": "N", "fs": 300, "unit": "uV"}
    (tmp_path / "list.json").write_text(json.dumps(line))
    score([tmp_path / "list.json"], tmp_path / "a.parquet", workers=1)
    (row,) = answers(tmp_path / "a.parquet")
    assert row["label"] == ecgrt.Classifier().predict(record).label
    assert row["name"] == "one"


def test_inputs_of_all_kinds_keep_their_order(records: Path, tmp_path: Path) -> None:
    names = ["S0003", "S0001"]
    (tmp_path / "RECORDS").write_text("\n".join(names))
    for name in names:
        for suffix in ("hea", "mat"):
            (tmp_path / f"{name}.{suffix}").symlink_to(records / f"{name}.{suffix}")
    tables = tmp_path / "tables"
    tables.mkdir()
    for name in "ab":
        write_table(tables / f"{name}.parquet", sample_records(records)[:2])
    score([tmp_path, tables, records / "S0006"], tmp_path / "x.parquet", workers=1, block=3)
    told = [(Path(row["source"]).name, row["row"]) for row in answers(tmp_path / "x.parquet")]
    assert told == [
        ("S0003", None),
        ("S0001", None),
        *(("a.parquet", i) for i in range(2)),
        *(("b.parquet", i) for i in range(2)),
        ("S0006", None),
    ]


def test_a_label_may_be_withheld(records: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.parquet"
    summary = score([records], out, workers=1, min_confidence=1.0)
    assert summary.labels == {}
    assert summary.failures == 0
    assert all(row["confidence"] < 1 for row in answers(out))


def test_blocks_are_of_one_size_whatever_is_read() -> None:
    batches = [pa.record_batch({"x": pa.array(range(n), pa.int64())}) for n in (1, 5, 0, 2, 9, 3)]
    expected = [value for batch in batches for value in batch["x"].to_pylist()]
    tables = list(_exactly(4, iter(batches)))
    assert [len(table) for table in tables] == [4] * 5
    assert [value for table in tables for value in table["x"].to_pylist()] == expected
    assert [len(table) for table in _exactly(8, iter(batches))] == [8, 8, 4]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ({"other": [[1.0]]}, "no column 'signal'"),
        ({"signal": [1.0]}, "lists of numbers are read"),
        ({"signal": [[1.0]], "unit": ["uV"]}, "no column 'fs'"),
        ({"signal": [[1.0]], "fs": [300.0]}, "no column 'unit'"),
        ({"signal": pa.array([], pa.list_(pa.int16())), "fs": [], "unit": []}, "no record"),
    ],
)
def test_tables_that_are_none(
    content: dict[str, object], fault: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pq.write_table(pa.table(content), tmp_path / "in.parquet")
    assert exit_code("score", tmp_path / "in.parquet", "-o", tmp_path / "a.parquet") == 2
    assert fault in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


def test_what_is_refused_before_anything_is_computed(
    records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "a.parquet"
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 is not enough")
    for inputs, fault in (
        ([tmp_path / "bad.parquet"], "damaged, or no Parquet"),
        ([tmp_path / "no.parquet"], "no.parquet"),
        ([records, records / "S0001"], "more than once"),
        (["s3://bucket/list.json"], "local files only"),
        ([records, "--plan", tmp_path / "no.plan"], "no.plan"),
        (["nowhere://bucket/x.parquet"], "no store that can be read"),
        ([records, "--ray", tmp_path], "put --ray last"),
        ([records, "--workers", 0], "at least 1 worker"),
        ([records, "--column", "sgnal=x"], "'sgnal' is none of"),
        ([records, "--column", "signal"], "is not KEY=NAME"),
    ):
        assert exit_code("score", "-o", out, *inputs) == 2
        assert fault in capsys.readouterr().err
    assert exit_code("score", "-o", tmp_path / "no" / "a.parquet", records) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["bad.parquet"]
