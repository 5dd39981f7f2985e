"""Count how often each piece of evidence is said of each rhythm: the table of docs/evidence.md.

    python tools/evidence_table.py data

Of the training records of the PhysioNet/CinC Challenge 2017 without the official validation set.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import ecgrt
from ecgrt.challenge.data import REFERENCE_NAME, TRAINING, VALIDATION
from ecgrt.challenge.labels import read_reference
from ecgrt.challenge.scoring import CLASSES
from ecgrt.records import list_records
from ecgrt.records.registry import record_name


def count(paths: Iterable[Path], labels: Mapping[str, str]) -> tuple[Counter[str], Counter[str]]:
    """Return the number of records of each label, and of each ``code label``."""
    records: Counter[str] = Counter()
    said: Counter[str] = Counter()
    for path in paths:
        label = labels[record_name(path)]
        record = ecgrt.read_record(path)
        records[label] += 1
        found = set(ecgrt.find_evidence(record.signal, record.fs))
        if found >= {"irregular", "no_p_wave"}:
            found.add("irregular+no_p_wave")
        said.update(f"{code} {label}" for code in found)
    return records, said


def to_markdown(records: Mapping[str, int], said: Mapping[str, int]) -> str:
    """Return the table, percent of each label's records; what speaks most for A comes first."""
    codes = {key.split()[0] for key in said}

    def tells(code: str) -> float:
        return said[f"{code} A"] / records["A"] - said[f"{code} N"] / records["N"]

    lines = [
        "| code | " + " | ".join(f"{label} ({records[label]:,})" for label in CLASSES) + " |",
        "| --- |" + " ---: |" * len(CLASSES),
    ]
    for code in sorted(codes, key=tells, reverse=True):
        shares = (100 * said[f"{code} {label}"] / records[label] for label in CLASSES)
        name = code.replace("+", "` and `")
        lines.append(f"| `{name}` | " + " | ".join(f"{share:.1f}" for share in shares) + " |")
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="what ecgrt-data fetched")
    data = parser.parse_args().data
    validation = {record_name(path) for path in list_records(data / VALIDATION)}
    labels = read_reference(data / REFERENCE_NAME)
    paths = [p for p in list_records(data / TRAINING) if record_name(p) not in validation]
    print(to_markdown(*count(paths, labels)))


if __name__ == "__main__":
    main()
