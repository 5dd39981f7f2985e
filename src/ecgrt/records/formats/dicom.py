"""DICOM waveforms, by the package pydicom."""

from __future__ import annotations

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


def _read(path: Path, asked: Asked) -> Reading:
    pydicom = require("pydicom", extra="formats")
    if path.stat().st_size > _MAX_BYTES:
        raise ValueError(f"{path} is larger than {_MAX_BYTES >> 30} GiB")
    meta = parse(path, lambda: pydicom.filereader.read_file_meta_info(path))
    if str(meta.get("TransferSyntaxUID", "")) == _DEFLATED:
        raise ValueError(f"{path} is deflated as a whole; save it in another transfer syntax")
    data = parse(path, lambda: pydicom.dcmread(path))
    group, number = _group(data, path)
    channels = list(group.ChannelDefinitionSequence)
    names = [_name(channel) for channel in channels]
    units = [_unit(channel) for channel in channels]
    lead = pick(names, asked.lead, path, units)
    samples = parse(path, lambda: data.waveform_array(number))[:, lead]
    raw = parse(path, lambda: pydicom.waveforms.multiplex_array(data, number, as_raw=True))[:, lead]
    if raw.size != int(group.NumberOfWaveformSamples):
        raise ValueError(f"{path} does not hold the samples that it tells of")
    return Reading(
        samples=_without_padding(samples, raw, group),
        fs=float(group.SamplingFrequency),
        unit=units[lead],
        lead=names[lead] or None,
        format="DICOM",
        start=_start(data),
    )


def _group(data: Any, path: Path) -> tuple[Any, int]:
    """Return the group of signals that is the rhythm, and its number; the others are averages."""
    groups = list(data.get("WaveformSequence", []))
    if not groups:
        raise ValueError(f"{path} is a DICOM object without waveforms")
    original = [
        (group, number)
        for number, group in enumerate(groups)
        if str(group.get("WaveformOriginality", "ORIGINAL")).upper() == "ORIGINAL"
    ]
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


def _without_padding(samples: Signal, raw: Signal, group: Any) -> Signal:
    """Return the samples with NaN where the stored value stands for none."""
    padding = group.get("WaveformPaddingValue")
    if padding is None:
        return samples
    value: Any = padding
    if isinstance(value, bytes):
        kind = {8: "i1", 16: "<i2", 32: "<i4"}.get(int(group.WaveformBitsAllocated), "<i2")
        value = np.frombuffer(value[: np.dtype(kind).itemsize], kind)
    samples = samples.astype(np.float64)
    samples[raw == np.asarray(value).reshape(-1)[0]] = np.nan
    return samples


def _start(data: Any) -> datetime | None:
    text = str(data.get("AcquisitionDateTime", "") or "")[:14]
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S")
    except ValueError:
        return None


FORMATS = (Format("DICOM", (".dcm", ".dicom"), _read, lambda path, head: head[128:132] == b"DICM"),)
