"""Archives for the tests, and what a plain loop says of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import ecgrt
from ecgrt.records import list_records, read_record


def sample_records(folder: Path) -> list[ecgrt.Record]:
    return [read_record(path) for path in list_records(folder)]


def write_table(
    path: Path, records: Sequence[ecgrt.Record], copies: int = 1, rows: int = 100
) -> Path:
    """A Parquet file of 10 s cuts of the records, each a little later than the one before."""
    signals = [
        record.signal[shift * 30 :][:3000].astype(np.int16)
        for shift in range(copies)
        for record in records
    ]
    names = [f"{record.name}-{shift}" for shift in range(copies) for record in records]
    columns = {
        "name": names,
        "signal": pa.array(signals, pa.list_(pa.int16())),
        "fs": [300.0] * len(names),
        "unit": ["uV"] * len(names),
    }
    pq.write_table(pa.table(columns), path, row_group_size=rows)
    return path


def answers(path: Path) -> list[dict[str, Any]]:
    return list(pq.read_table(path).to_pylist())


def probabilities(row: dict[str, Any], classes: Sequence[str]) -> list[float]:
    return [row[f"probability_{name}"] for name in classes]


def holds_answers_of_predict(path: Path, table: Path) -> None:
    """Hold a file of answers against :meth:`Classifier.predict`, row for row and to the bit."""
    classifier = ecgrt.Classifier(threads=1)
    given = pq.read_table(table).to_pylist()
    found = answers(path)
    assert [row["name"] for row in found] == [row["name"] for row in given]
    assert [row["row"] for row in found] == list(range(len(given)))
    for row, record in zip(found, given, strict=True):
        signal = np.array(record["signal"], np.int16)
        expected = classifier.predict(signal, record["fs"], unit=record["unit"])
        assert row["label"] == expected.label
        assert probabilities(row, classifier.classes) == expected.probabilities.tolist()
        assert row["error"] is None


def after(count: int, act: Any) -> Any:
    """A progress that does something when so many blocks are answered."""

    def progress(blocks: Iterator[int], _: int) -> Iterator[int]:
        for done, number in enumerate(blocks, 1):
            if done == count:
                act()
            yield number

    return progress
