"""One ECG record from disk, whatever format it is in."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .._extras import require
from .wfdb import MAT_FORMAT, check_samples, microvolts_per, read_header, read_mat

Signal = npt.NDArray[Any]

_CORE_DTYPES = (np.int16, np.int32, np.float32, np.float64)


@dataclass(frozen=True, eq=False)
class Record:
    """A single-lead ECG.

    Attributes
    ----------
    name
        The file's name without its suffix.
    signal
        int16, int32, float32 or float64 (n,), n >= 1, contiguous, in microvolts (the challenge's
        1000 units per mV). It may hold NaN; the classifier refuses those.
    fs
        Sampling rate in Hz; None where neither the file nor the caller tells it.
    """

    name: str
    signal: Signal
    fs: float | None


def read_record(
    path: str | Path, *, fs: float | None = None, lead: str | int | None = None
) -> Record:
    """Read a record.

    ===================  =========================================================================
    ``.hea`` + ``.mat``  the challenge's: a WFDB header, and a MATLAB v4 matrix of int16
    ``.npy``             numbers, (n,) or (n, leads), in microvolts
    ``.csv``, ``.txt``   a sample a line in microvolts, after at most one line of column names
    ``.edf``             European Data Format; needs ``pip install "ecgrt[formats]"``
    ``.hea`` + ``.dat``  any other WFDB record; likewise
    ===================  =========================================================================

    Parameters
    ----------
    path
        The record with its suffix, or without (then the first of the table that is there is read).
    fs
        Sampling rate in Hz, for the formats that do not carry it.
    lead
        Which lead of several: its name, or its number from 0.

    Raises
    ------
    FileNotFoundError
        If a file of the record is missing.
    ValueError
        If a file is cut short, empty, contradicts its header or `fs`, or holds several leads
        while `lead` does not say which.
    TypeError
        If the samples, or `fs`, are no real numbers.
    ModuleNotFoundError
        If an optional package is needed; the message tells how to install it.
    """
    file = _find(Path(path))
    signal, stated = _READERS[file.suffix.lower()](file, lead)
    return Record(file.stem, _as_samples(signal, file), _sampling_rate(file, stated, fs))


def list_records(directory: str | Path) -> list[Path]:
    """List a folder's records: those that its RECORDS file names, else its ``*.hea``, sorted.

    Returns
    -------
    list of Path
        Without suffix, as :func:`read_record` takes them. A record that RECORDS names need not
        be there.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ValueError
        If it holds no records, or RECORDS names one twice or outside of the folder.
    """
    directory = Path(directory)
    if not directory.is_dir():
        raise FileNotFoundError(f"{directory} is not a folder")
    index = directory / "RECORDS"
    if not index.is_file():
        # macOS puts a ._NAME beside a NAME where its own file systems keep both in one.
        found = sorted(path.with_suffix("") for path in directory.glob("[!.]*.hea"))
        if not found:
            raise ValueError(f"{directory} holds no records: neither a RECORDS file nor any .hea")
        return found
    names = index.read_text(encoding="utf-8", errors="replace").split()
    if not names:
        raise ValueError(f"{index} names no record")
    for name in names:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise ValueError(f"{index} names {name!r}, which is outside of its folder")
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"{index} names {', '.join(twice[:5])} more than once")
    return [directory / name for name in names]


def _find(path: Path) -> Path:
    """Return the file to read first."""
    if path.suffix.lower() in _READERS:
        if not path.is_file():
            raise FileNotFoundError(f"{path} does not exist")
        return path
    for suffix in _READERS if path.name else ():  # "." and "/" have no name
        candidate = path.with_name(path.name + suffix)
        if candidate.is_file():
            return candidate
    accepted = ", ".join(_READERS)
    if path.exists():
        raise ValueError(f"{path} is not a record; a record's file ends in {accepted}")
    raise FileNotFoundError(f"no record {path}: there is no file of that name ending in {accepted}")


def _read_wfdb(path: Path, lead: str | int | None) -> tuple[Signal, float]:
    header_path = path.with_suffix(".hea")
    if not header_path.is_file():
        raise FileNotFoundError(f"{path} needs its header {header_path.name} beside it")
    header = read_header(header_path)
    if not any(line.file.endswith(".mat") for line in header.signals):
        return _read_with_wfdb(header_path, lead)
    for line in header.signals:
        if (line.file, line.format) != (f"{path.stem}.mat", MAT_FORMAT):
            raise ValueError(
                f"{header_path} describes {line.file} {line.format}, not {path.stem}.mat "
                f"{MAT_FORMAT}: take header and signal from the same record"
            )
    number = _pick([line.name for line in header.signals], lead, header_path)
    samples = read_mat(path.with_suffix(".mat"), header)[:, number]
    line = header.signals[number]
    check_samples(samples, line, header_path)
    return line.to_microvolts(samples), header.fs


def _read_with_wfdb(path: Path, lead: str | int | None) -> tuple[Signal, float]:
    wfdb = require("wfdb", extra="formats")
    record = _parse(path, lambda: wfdb.rdrecord(str(path.with_suffix("").resolve())))
    number = _pick(record.sig_name, lead, path)
    scale = microvolts_per(record.units[number], path)
    return record.p_signal[:, number] * scale, float(record.fs)


def _read_edf(path: Path, lead: str | int | None) -> tuple[Signal, float]:
    edfio = require("edfio", extra="formats")
    with path.open("rb") as file:
        if file.read(197)[192:] == b"EDF+D":  # its field of the header tells which kind it is
            raise ValueError(
                f"{path} is a discontinuous EDF+ (EDF+D), whose gaps would be lost; make an EDF or "
                "a continuous EDF+ (EDF+C) of each part without gaps"
            )
    with warnings.catch_warnings():
        # edfio cuts off what is incomplete and only warns.
        warnings.filterwarnings("error", "Incomplete data record|EDF header indicates")
        signals = _parse(path, lambda: edfio.read_edf(path)).signals
    signal = signals[_pick([one.label for one in signals], lead, path)]
    samples = _parse(path, lambda: signal.data)
    return samples * microvolts_per(signal.physical_dimension, path), signal.sampling_frequency


def _parse(path: Path, read: Callable[[], Any]) -> Any:
    """Turn whatever another package raises on a damaged file into one kind of error."""
    try:
        return read()
    except FileNotFoundError as error:
        raise FileNotFoundError(f"{path} needs a file that does not exist: {error}") from error
    except Exception as error:
        raise ValueError(f"{path} cannot be read, it may be damaged: {error}") from error


def _read_npy(path: Path, lead: str | int | None) -> tuple[Signal, None]:
    try:
        with path.open("rb") as file:
            array: Signal = np.lib.format.read_array(file, allow_pickle=False)
    except (OSError, MemoryError):
        raise
    except Exception as error:  # NumPy raises whatever a damaged header leads to
        raise ValueError(f"{path} is not a whole .npy file of numbers: {error}") from error
    if array.ndim == 2 and 1 in array.shape:
        array = array.reshape(-1)
    if array.ndim == 2 and array.shape[0] < array.shape[1]:
        raise ValueError(f"{path} is {array.shape}; give it a row per sample and a column per lead")
    if array.ndim not in (1, 2):
        raise ValueError(f"{path} has {array.ndim} dimensions; one is accepted, or samples x leads")
    columns = array if array.ndim == 2 else array[:, None]
    return columns[:, _pick([str(i) for i in range(columns.shape[1])], lead, path)], None


def _read_text(path: Path, lead: str | int | None) -> tuple[Signal, None]:
    names: list[str] | None = None
    rows: list[list[float]] = []
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    for number, line in enumerate(text.splitlines(), start=1):
        fields = line.replace(",", " ").replace(";", " ").split()
        if not fields:
            continue
        try:
            row = [float(field) for field in fields]
        except ValueError:
            if rows or names:
                raise ValueError(
                    f"{path}, line {number}: {line.strip()!r} is not a number"
                ) from None
            names = [name.strip() for name in line.replace(";", ",").replace("\t", ",").split(",")]
            continue
        if rows and len(row) != len(rows[0]):
            raise ValueError(
                f"{path}, line {number} holds {len(row)} values, the lines before {len(rows[0])}"
            )
        rows.append(row)
    table = np.array(rows, dtype=np.float64).reshape(len(rows), -1 if rows else 1)
    if names is None or len(names) != table.shape[1]:
        names = [str(i) for i in range(table.shape[1])]
    return table[:, _pick(names, lead, path)], None


def _pick(names: list[str], lead: str | int | None, path: Path) -> int:
    """Return the number of the lead to read."""
    listed = ", ".join(f"{i} = {name}" for i, name in enumerate(names))
    if lead is None:
        if len(names) == 1:
            return 0
        raise ValueError(
            f"{path} holds {len(names)} leads ({listed}); pick one by name or number with lead="
        )
    if isinstance(lead, int) and 0 <= lead < len(names):
        return lead
    if isinstance(lead, str) and names.count(lead) == 1:
        return names.index(lead)
    raise ValueError(f"{path} has no lead {lead!r}, or more than one of that name; it has {listed}")


def _as_samples(signal: Signal, path: Path) -> Signal:
    """Return the samples contiguous, in a type that the classifier takes."""
    if signal.dtype.kind not in "iuf":
        raise TypeError(f"{path} holds {signal.dtype}; integers and floating-point are accepted")
    if not signal.size:
        raise ValueError(f"{path} holds no samples")
    native = signal.dtype.newbyteorder("=")
    return np.array(signal, dtype=native if native in _CORE_DTYPES else np.float64)


def _sampling_rate(path: Path, stated: float | None, given: float | None) -> float | None:
    if given is None:
        return stated
    if not (math.isfinite(given) and given > 0):
        raise ValueError(f"the sampling rate must be a positive number of Hz, not {given}")
    if stated is not None and stated != given:
        raise ValueError(f"{path} says {stated:g} Hz, the caller {given:g} Hz; leave fs out")
    return float(given)


_READERS: dict[str, Callable[[Path, str | int | None], tuple[Signal, float | None]]] = {
    ".hea": _read_wfdb,
    ".mat": _read_wfdb,
    ".npy": _read_npy,
    ".csv": _read_text,
    ".txt": _read_text,
    ".edf": _read_edf,
    ".dat": _read_wfdb,
}
