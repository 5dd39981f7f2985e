"""Which formats there are, and which one a path is of."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from pathlib import Path

from . import formats
from .reading import Format

_HEAD_BYTES = 4096
#: Files beside a WFDB header that belong to it.
BESIDE_HEADER = (".mat", ".dat")


@cache
def all_formats() -> tuple[Format, ...]:
    """Return every format: what the modules in ``formats/`` list, so a new one is one new file."""
    found: list[Format] = []
    for module in sorted(pkgutil.iter_modules(formats.__path__), key=lambda module: module.name):
        found += importlib.import_module(f"{formats.__name__}.{module.name}").FORMATS
    return tuple(found)


@cache
def suffixes() -> tuple[str, ...]:
    """Return the suffixes of records' files, lower case, with the dot."""
    return tuple(sorted({suffix for one in all_formats() for suffix in one.suffixes}))


def record_name(path: Path) -> str:
    """Return a file's name without the suffix of a format."""
    return path.stem if path.suffix.lower() in suffixes() else path.name


def find(path: Path) -> Path:
    """Return a record's file, the header of a WFDB record, for a path with or without suffix.

    Raises
    ------
    FileNotFoundError
        If there is none.
    ValueError
        If it is no record, or there are several of the name.
    """
    if path.suffix.lower() in suffixes() and not path.is_dir():
        if not path.exists():
            raise FileNotFoundError(f"{path} does not exist")
        header = path.with_suffix(".hea")
        return header if path.suffix.lower() in BESIDE_HEADER and header.is_file() else path
    found = _with_suffix(path) if path.name else []  # "." and "/" have no name
    if len(found) > 1:
        names = ", ".join(file.name for file in found)
        raise ValueError(f"{path} may be any of {names}: give the record with its suffix")
    if found:
        return found[0]
    if path.is_file() and any(_claims(one, path) for one in all_formats()):
        return path
    accepted = ", ".join(suffixes())
    if path.exists():
        raise ValueError(f"{path} is not a record; a record's file ends in {accepted}")
    raise FileNotFoundError(f"no record {path}: there is no file of that name ending in {accepted}")


def _with_suffix(path: Path) -> list[Path]:
    header = path.with_name(path.name + ".hea")
    if header.is_file():  # WFDB's records are called by their names without suffix
        return [header]
    tried = (path.with_name(path.name + end) for s in suffixes() for end in (s, s.upper()))
    found = {file.name.lower(): file for file in tried if file.is_file()}
    return list(found.values())


def format_of(path: Path) -> Format:
    """Return the format of a file: by its first bytes among those of its suffix, else by that."""
    named = [one for one in all_formats() if path.suffix.lower() in one.suffixes]
    for one in named or all_formats():
        if _claims(one, path):
            return one
    plain = [one for one in named if one.claims is None]
    if plain or len(named) == 1:
        return (plain or named)[0]
    kinds = ", ".join(one.name for one in named)
    raise ValueError(f"{path} is none of the formats that end in {path.suffix}: {kinds}")


def _claims(one: Format, path: Path) -> bool:
    if one.claims is None:
        return False
    with path.open("rb") as file:
        return one.claims(path, file.read(_HEAD_BYTES))
