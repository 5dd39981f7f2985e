"""What is evaluated: the records of a folder, of a RECORDS file, or of a manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..metadata import digest_records
from ..records import list_records
from ..records.manifest import Entry, read_entries
from ..records.registry import record_name
from .labels import label_version, read_reference
from .scoring import check_label

#: What the name of a manifest ends in; any other file is taken for a RECORDS file.
MANIFESTS = (".json", ".jsonl", ".ndjson")


@dataclass(frozen=True)
class Source:
    """Records, each with its name and what is known about it.

    Attributes
    ----------
    paths, names
        Of the records, in their order.
    said
        By name, what a manifest says that a file does not, as :func:`ecgrt.read_record` takes it.
    labels
        By name, the label of a manifest; None where there is no manifest.
    """

    paths: tuple[Path, ...]
    names: tuple[str, ...]
    said: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    labels: dict[str, str] | None = None

    @property
    def digest(self) -> str:
        """Digest of what a manifest says of the records, which an answer may depend on."""
        return digest_records(f"{name} {sorted(said.items())}" for name, said in self.said.items())


def find_records(source: str | Path) -> Source:
    """Find the records of a folder, of a RECORDS file or of a manifest; none is read.

    Raises
    ------
    FileNotFoundError
        If there is no such folder or file.
    ValueError
        If there are no records, or two have one name, or a manifest's line is not as it should be.
    """
    path = Path(source)
    if path.suffix.lower() not in MANIFESTS or path.is_dir():
        paths = list_records(path)
        return Source(tuple(paths), _names(paths))
    entries = read_entries(path)
    names = _names([entry.path for entry in entries])
    by_name: dict[str, Entry] = dict(zip(names, entries, strict=True))
    return Source(
        tuple(entry.path for entry in entries),
        names,
        {name: entry.said for name, entry in by_name.items()},
        {name: entry.label for name, entry in by_name.items()},
    )


def find_reference(
    directory: Path, source: Source, reference: str | Path | None, classes: Sequence[str]
) -> tuple[dict[str, str] | None, str | None]:
    """Return the right labels of these records only, and their version; None where unknown.

    They are those of the file `reference`, else of the manifest, else of the folder's
    ``REFERENCE.csv``. A file may name more records. Only labels of `classes` are accepted.
    """
    if reference is None:
        if source.labels is not None:
            for name, label in source.labels.items():
                check_label(label, classes, f"{directory}, record {name}")
            return source.labels, label_version(source.labels)
        beside = directory if directory.is_dir() else directory.parent
        if not (beside / "REFERENCE.csv").exists():
            return None, None
        reference = beside / "REFERENCE.csv"
    known = read_reference(reference, classes)
    labels = {name: known[name] for name in source.names if name in known}
    if not labels:
        raise ValueError(f"{reference} names none of the {len(source.names)} records")
    return labels, label_version(reference)


def shown_name(path: Path) -> str:
    """Return a record's name; of one that is not UTF-8, the bytes at fault as ``\\udcff``."""
    return record_name(path).encode("utf-8", "backslashreplace").decode()


def _names(paths: Sequence[Path]) -> tuple[str, ...]:
    names = tuple(map(shown_name, paths))
    if len(set(names)) != len(names):
        raise ValueError("two of the records have one name, so answers would mix them up")
    return names
