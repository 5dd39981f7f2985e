"""DICOM waveforms, by the package pydicom."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from ..._extras import require
from ..leads import pick
from ..reading import Asked, Format, Reading, Signal, parse

#: A waveform object of more than this many bytes is no ECG.
_MAX_BYTES = 1 << 30
#: Compressed as a whole, so that a few kilobytes may unpack to any size.
_DEFLATED = "1.2.840.10008.1.2.1.99"


@dataclass(frozen=True)
class _Group:
    """What a group of signals tells of itself."""

    number: int
    original: bool
    samples: int
    fs: float
    names: list[str]
    units: list[str | None]
    padding: int | None


def _read(path: Path, asked: Asked) -> Reading:
    pydicom = require("pydicom", extra="formats")
    if path.stat().st_size > _MAX_BYTES:
        raise ValueError(f"{path} is larger than {_MAX_BYTES >> 30} GiB")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they quote what a file holds
        meta = parse(path, lambda: pydicom.filereader.read_file_meta_info(path))
        if parse(path, lambda: str(meta.get("TransferSyntaxUID", ""))) == _DEFLATED:
            raise ValueError(f"{path} is deflated as a whole; save it in another transfer syntax")
        data = parse(path, lambda: pydicom.dcmread(path))
        group = _choose(parse(path, lambda: _groups(data)), path)
        lead = pick(group.names, asked.lead, path, group.units)
        samples: Signal = parse(path, lambda: data.waveform_array(group.number))[:, lead]
        raw: Signal = parse(
            path, lambda: pydicom.waveforms.multiplex_array(data, group.number, as_raw=True)
        )[:, lead]
        start = parse(path, lambda: _start(data))
    if raw.size != group.samples:
        raise ValueError(f"{path} does not hold the samples that it tells of")
    if group.padding is not None:
        samples = np.where(raw == group.padding, np.nan, samples)
    return Reading(samples, group.fs, group.units[lead], group.names[lead] or None, "DICOM", start)


def _groups(data: Any) -> list[_Group]:
    return [
        _Group(
            number=number,
            original=str(group.get("WaveformOriginality", "ORIGINAL")).upper() == "ORIGINAL",
            samples=int(group.NumberOfWaveformSamples),
            fs=float(group.SamplingFrequency),
            names=[_name(channel) for channel in group.ChannelDefinitionSequence],
            units=[_unit(channel) for channel in group.ChannelDefinitionSequence],
            padding=_padding(group),
        )
        for number, group in enumerate(data.get("WaveformSequence", []))
    ]


def _choose(groups: list[_Group], path: Path) -> _Group:
    """Return the group that is the rhythm; the others are averages."""
    if not groups:
        raise ValueError(f"{path} is a DICOM object without waveforms")
    original = [group for group in groups if group.original]
    if len(original) != 1:
        raise ValueError(
            f"{path} holds {len(original)} groups of original waveforms; one is accepted"
        )
    return original[0]


def _name(channel: Any) -> str:
    label = str(channel.get("ChannelLabel", "") or "")
    source = channel.get("ChannelSourceSequence") or [None]
    meaning = str(getattr(source[0], "CodeMeaning", "") or "")
    return meaning or label


def _unit(channel: Any) -> str | None:
    """Return a channel's unit; None if it is not calibrated."""
    units = channel.get("ChannelSensitivityUnitsSequence") or []
    if not units or channel.get("ChannelSensitivity") is None:
        return None
    return str(units[0].CodeValue)


def _padding(group: Any) -> int | None:
    """Return the stored value that stands for no sample; None if there is none."""
    value = group.get("WaveformPaddingValue")
    if isinstance(value, bytes):
        kind = {8: "i1", 16: "<i2", 32: "<i4"}[int(group.WaveformBitsAllocated)]
        return int(np.frombuffer(value[: np.dtype(kind).itemsize], kind)[0])
    return None if value is None else int(value)


def _start(data: Any) -> datetime | None:
    try:
        text = str(data.get("AcquisitionDateTime", "") or "")[:14]
        return datetime.strptime(text, "%Y%m%d%H%M%S")
    except ValueError:
        return None


FORMATS = (Format("DICOM", (".dcm", ".dicom"), _read, lambda path, head: head[128:132] == b"DICM"),)
