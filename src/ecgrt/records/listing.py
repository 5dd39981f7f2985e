"""Which records a folder, a RECORDS file or a list of paths names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .registry import suffixes

_TEXT = (".csv", ".tsv", ".txt")
#: Files in a folder of records that are none, by the beginning of their names in lower case.
_OTHERS = (
    "reference",
    "readme",
    "license",
    "licence",
    "notice",
    "records",
    "answers",
    "sha256sums",
)


def list_records(source: str | Path | Iterable[str | Path]) -> list[Path]:
    """List the records of a folder, of a RECORDS file, or of several of them and of files.

    Of a folder, those are listed that its RECORDS file names, with or without suffix. Without one,
    its WFDB records are listed, without suffix and without those that are segments of another;
    where there are none, every file that ends as a record does; and .csv, .tsv and .txt only where
    nothing else is there, for labels and notes end so too. All in the order of their names.

    Returns
    -------
    list of Path
        As :func:`read_record` takes them. A record that RECORDS names need not be there.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If there are no records, or RECORDS names one twice or outside of the folder.
    """
    if not isinstance(source, (str, Path)):
        return [path for one in source for path in _expand(Path(one))]
    path = Path(source)
    if path.is_file():
        return _read_index(path)
    if not path.is_dir():
        raise FileNotFoundError(f"{path} is not a folder")
    return _read_folder(path)


def _expand(path: Path) -> list[Path]:
    if path.is_dir():
        return _read_folder(path)
    return _read_index(path) if path.name == "RECORDS" and path.is_file() else [path]


def _read_folder(folder: Path) -> list[Path]:
    index = folder / "RECORDS"
    if index.is_file():
        return _read_index(index)
    # macOS puts a ._NAME beside a NAME where its own file systems keep both in one.
    files = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in suffixes()
        and not path.name.startswith(".")
        and not path.name.lower().startswith(_OTHERS)
        and path.is_file()
    )
    headers = [path for path in files if path.suffix.lower() == ".hea"]
    parts = {name for path in headers for name in _segments(path)}
    found = [path.with_suffix("") for path in headers if path.stem not in parts]
    found = found or [path for path in files if path.suffix.lower() not in (".dat", *_TEXT)]
    found = found or [path for path in files if path.suffix.lower() in _TEXT]
    if not found:
        raise ValueError(
            f"{folder} holds no records: neither a RECORDS file nor any that ends in "
            f"{', '.join(suffixes())}"
        )
    return sorted(found)


def _segments(header: Path) -> list[str]:
    """Return the names of the segments that a multi-segment header names."""
    with header.open(encoding="latin-1") as file:
        lines = (line for line in file if line.strip() and not line.startswith("#"))
        first = next(lines, "").split()
        if not first or "/" not in first[0]:
            return []
        return [line.split()[0] for line in lines]


def _read_index(index: Path) -> list[Path]:
    names = index.read_text(encoding="utf-8-sig", errors="replace").split()
    if not names:
        raise ValueError(f"{index} names no record")
    for name in names:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise ValueError(f"{index} names {name!r}, which is outside of its folder")
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"{index} names {', '.join(twice[:5])} more than once")
    paths = [index.parent / name for name in names]
    # "A1.hea" is the record A1, as it would be without the suffix.
    return [p.with_suffix("") if p.suffix.lower() == ".hea" else p for p in paths]
