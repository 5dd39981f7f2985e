"""Manifests: any labels, one a record or one a segment, and what files do not say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from challenge_files import write_record

from ecgrt.records.manifest import LabelledRecord, read_manifest

RAMP = np.arange(1000, dtype=np.int16)


def read(folder: Path, **line: Any) -> LabelledRecord:
    (folder / "train.json").write_text(json.dumps(line) + "\n")
    (item,) = read_manifest(folder / "train.json")
    return item


def test_labels_of_ones_own(tmp_path: Path) -> None:
    write_record(tmp_path, "a", RAMP)
    item = read(tmp_path, ecg="a.hea", labels=["sinus", "flutter", "flutter"])
    assert (item.labels, item.label) == (("sinus", "flutter", "flutter"), "flutter")
    with pytest.raises(ValueError, match="label 'sinus' is none of N, A"):
        read_manifest(tmp_path / "train.json", "NA")


@pytest.mark.parametrize(("samples", "labels"), [(1000, 3), (100, 1)])
def test_one_label_for_a_record(tmp_path: Path, samples: int, labels: int) -> None:
    write_record(tmp_path, "a", RAMP[:samples])
    item = read(tmp_path, ecg="a", label="flutter")
    assert item.labels == ("flutter",) * labels


def test_rate_unit_and_lead(tmp_path: Path) -> None:
    rows = "".join(f"{v},{2 * v}\n" for v in RAMP)
    (tmp_path / "a.csv").write_text(f"I,II\n{rows}")
    record = read(tmp_path, ecg="a.csv", label="N", fs=250, unit="mV", lead="II").record
    assert (record.fs, record.lead, record.unit) == (250.0, "II", "mV")
    np.testing.assert_array_equal(record.signal, RAMP * 2000.0)
    with pytest.raises(ValueError, match=r"give fs= \(--fs\)"):
        read(tmp_path, ecg="a.csv", label="N", unit="mV", lead="II")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"ecg": "a", "label": "N", "labels": ["N"]}', "line 1: expected"),
        ('{"ecg": "a", "label": 1}', "a label must be a string"),
        ('{"ecg": "a", "label": ""}', "a label must be a string"),
        ('{"ecg": "a", "labels": "NA"}', '"labels" a list of labels'),
        ('{"ecg": "a", "label": "N", "rate": 250}', "field 'rate' is none of ecg, fs, label"),
        ('{"ecg": "a", "label": "N", "fs": "250"}', '"fs" must be a number'),
        ('{"ecg": "a", "label": "N", "fs": true}', '"fs" must be a number'),
        (f'{{"ecg": "a", "label": "N", "fs": 1{"0" * 400}}}', "line 1: expected"),
        ('{"ecg": "a", "label": "N", "fs": 360}', "says 300 Hz, the caller 360 Hz"),
        ('{"ecg": "a", "label": "N", "unit": "uV"}', "says mV, the caller uV"),
        ('{"ecg": "a", "label": "N", "lead": "V9"}', "has no lead 'V9'"),
        ("[" * 100_000, "line 1: expected"),
    ],
)
def test_a_line_that_says_something_else_is_refused(
    tmp_path: Path, line: str, message: str
) -> None:
    write_record(tmp_path, "a", RAMP)
    (tmp_path / "train.json").write_text(line)
    with pytest.raises(ValueError, match=message):
        read_manifest(tmp_path / "train.json")
