"""Manifests: lists of records with their labels, one JSON object a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._files import parse_json
from .base import Record, read_record

#: Samples of a record, at its own rate, that one label of a manifest stands for.
SAMPLES_PER_LABEL = 256

_FIELDS = {"ecg", "label", "labels", "fs", "unit", "lead"}


@dataclass(frozen=True)
class Entry:
    """A line of a manifest, its record not read yet.

    Attributes
    ----------
    path
        The record's.
    labels
        One for the whole record if `whole`, else one for every 256 samples.
    said
        What :func:`read_record` is to be told: of ``fs``, ``unit``, ``lead`` those that are known.
    place
        Manifest and line, for messages.
    """

    path: Path
    labels: tuple[str, ...]
    whole: bool
    said: dict[str, Any]
    place: str

    @property
    def label(self) -> str:
        """The most frequent label, the first of them in a tie."""
        return Counter(self.labels).most_common(1)[0][0]


@dataclass(frozen=True, eq=False)
class LabelledRecord:
    """A record with a label for every 256 of its samples, and the file that a manifest names."""

    record: Record
    labels: tuple[str, ...]
    path: Path = Path()

    @property
    def label(self) -> str:
        """The most frequent label, the first of them in a tie."""
        return Counter(self.labels).most_common(1)[0][0]


def read_manifest(path: str | Path, classes: Sequence[str] | None = None) -> list[LabelledRecord]:
    """Read a manifest and the records that it names.

    Parameters
    ----------
    path
        JSON Lines, ``{"ecg": path, "labels": [one per 256 samples]}`` a line, or ``"label"`` with
        one for the whole record; a relative path counts from the manifest's folder. ``"fs"``,
        ``"unit"`` and ``"lead"`` say what a file does not, as :func:`read_record` takes them.
    classes
        The labels that it may use; None: any.

    Raises
    ------
    FileNotFoundError
        If the manifest or a record is missing.
    ValueError
        If it is not UTF-8, a line is not as above, a label is unknown or their number is wrong, a
        record cannot be read or its name has whitespace, a record is named twice, or there is none.
    """
    records = [_read(entry) for entry in read_entries(path, classes)]
    names = Counter(item.record.name for item in records)
    name, count = names.most_common(1)[0]
    if count > 1:
        raise ValueError(f"{path}: record {name} is named {count} times")
    return records


def read_entries(path: str | Path, classes: Sequence[str] | None = None) -> list[Entry]:
    """Read a manifest as :func:`read_manifest` does, but none of its records.

    Raises
    ------
    FileNotFoundError
        If the manifest is missing.
    ValueError
        If it is not UTF-8, a line is not as it should be, a label is unknown, or there is no line.
    """
    path = Path(path)
    entries = [_parse_line(line, path, number, classes) for number, line in manifest_lines(path)]
    if not entries:
        raise ValueError(f"{path} names no record")
    return entries


def is_label(text: str) -> bool:
    """Return whether a text can be a label: one line of it, that a file of answers can hold."""
    return bool(text) and text == text.strip() and text.isprintable()


def manifest_lines(path: Path) -> list[tuple[int, str]]:
    """Return the lines of a manifest that are not blank, each with its number.

    Raises
    ------
    FileNotFoundError
        If it is missing.
    ValueError
        If it is not UTF-8.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no such manifest: {path}; ecgrt-data split writes them")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not UTF-8 text, as a manifest must be ({error}); save it as such"
        ) from error
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _parse_line(line: str, manifest: Path, number: int, classes: Sequence[str] | None) -> Entry:
    place = f"{manifest}, line {number}"
    entry = _parse(line, place)
    whole = "label" in entry
    labels: list[str] = [entry["label"]] if whole else entry["labels"]
    if classes and (unknown := [label for label in labels if label not in classes]):
        raise ValueError(f"{place}: label {unknown[0]!r} is none of {', '.join(classes)}")
    said = {key: entry[key] for key in ("fs", "unit", "lead") if entry.get(key) is not None}
    return Entry(manifest.parent / entry["ecg"], tuple(labels), whole, said, place)


def _read(entry: Entry) -> LabelledRecord:
    place, labels = entry.place, entry.labels
    record = read_record(entry.path, **entry.said)
    if record.name.split() != [record.name]:
        raise ValueError(
            f"{place}: the name of record {record.name!r} has whitespace, which separates the "
            "names of training records in a model; rename its files"
        )
    expected = record.signal.size // SAMPLES_PER_LABEL
    if entry.whole:
        labels = labels * max(expected, 1)
    elif abs(len(labels) - expected) > 1:
        raise ValueError(
            f"{place}: {len(labels)} labels for {record.signal.size} samples; "
            f"expected one per {SAMPLES_PER_LABEL} samples, {expected}"
        )
    return LabelledRecord(record, labels, entry.path)


def _parse(line: str, place: str) -> dict[str, Any]:
    """Return a line's fields, of the kinds that they have to be of."""
    try:
        entry = parse_json(line, place)
    except ValueError:
        entry = None
    if not isinstance(entry, dict) or ("label" in entry) == ("labels" in entry):
        raise ValueError(
            f'{place}: expected {{"ecg": path, "labels": [...]}} or {{"ecg": path, "label": ...}}'
        )
    labels = [entry["label"]] if "label" in entry else entry["labels"]
    if not isinstance(entry.get("ecg"), str) or not isinstance(labels, list) or not labels:
        raise ValueError(f'{place}: "ecg" must be a path and "labels" a list of labels')
    if not all(isinstance(label, str) and is_label(label) for label in labels):
        raise ValueError(
            f"{place}: a label must be a string that is not empty, without line ends and outer "
            "spaces"
        )
    if unknown := set(entry) - _FIELDS:
        raise ValueError(f"{place}: field {min(unknown)!r} is none of {', '.join(sorted(_FIELDS))}")
    fs = entry.get("fs")
    if fs is not None and (isinstance(fs, bool) or not isinstance(fs, (int, float))):
        raise ValueError(f'{place}: "fs" must be a number of Hz')
    return entry
