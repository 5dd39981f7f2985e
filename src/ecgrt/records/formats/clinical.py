"""Files of clinical recorders: ISHNE, and by the package ecgdatakit MUSE, Philips, aECG, SCP."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from ..._extras import require
from ..ishne import MAGIC, open_ishne
from ..leads import pick
from ..reading import Asked, Format, Reading, Signal, Source, parse
from ..units import volts

#: The package takes a document into memory several times over.
_MAX_XML = 256 << 20
#: The package's parsers that are of use here, by what they call their format.
_ACCEPTED = ("GE MUSE XML", "Philips Sierra XML", "HL7 aECG", "SCP-ECG")
#: Its warnings that do not concern the rhythm, or what is asked of the caller anyway.
_HARMLESS = re.compile(
    r"\(median\)|median beat|representative beat|repbeats|auto_scale|left in raw|left as raw|"
    r"Additional median|left unscaled|raw ADC samples|Section 1 |beat series"
)
#: What a warning means to somebody who has the file; its own words may quote the patient's data.
_REASONS = (
    (re.compile("CRC|checksum", re.IGNORECASE), "its checksum is wrong"),
    (re.compile("truncated|incomplete|dropped|odd number", re.IGNORECASE), "it is cut short"),
    (re.compile("gap|not contiguous|discontinu", re.IGNORECASE), "it has gaps"),
    (re.compile("not an integer", re.IGNORECASE), "its rate is no whole number of Hz"),
    (re.compile("only the first|Additional", re.IGNORECASE), "it holds several recordings"),
)


def _read_document(path: Path, asked: Asked) -> Reading:
    """Read a file; whatever the package would only warn of, a bad checksum say, is an error."""
    parser = require("ecgdatakit.parsing.parser", extra="formats").FileParser
    if path.suffix.lower() == ".xml" and path.stat().st_size > _MAX_XML:
        raise ValueError(f"{path} is larger than {_MAX_XML >> 20} MiB, which no such document is")
    kind = parse(path, lambda: parser.detect_format(path))
    if kind is None or kind["name"] not in _ACCEPTED:
        raise ValueError(f"{path} is none of {', '.join(_ACCEPTED)}")
    record = _without_warnings(parser, path)
    names = [str(one.label) for one in record.leads]
    number = pick(names, asked.lead, path, [str(one.resolution_unit) for one in record.leads])
    lead = record.leads[number]
    samples: Signal = np.asarray(lead.samples, np.float64)
    samples, unit = _scaled(lead, samples)
    return Reading(
        samples=samples,
        fs=float(lead.sampling_rate),
        unit=unit,
        lead=names[number] or None,
        format=str(kind["name"]),
        start=record.recording.date,
    )


def _without_warnings(parser: Any, path: Path) -> Any:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        record = parse(path, lambda: parser.parse(path, auto_scale=False))
    messages = [str(one.message) for one in caught]
    if serious := [message for message in messages if not _HARMLESS.search(message)]:
        reasons = (why for known, why in _REASONS if known.search(serious[0]))
        why = next(reasons, "it departs from its format")
        raise ValueError(f"{path} cannot be trusted: {why}; export it again")
    return record


def _scaled(lead: Any, samples: Signal) -> tuple[Signal, str | None]:
    """Return the samples in the unit that is returned too; None if the file does not tell one."""
    unit = str(lead.resolution_unit or lead.units)
    if not lead.is_raw:
        return samples, unit or None
    if volts(unit) is None or not lead.resolution:
        return samples, None
    return samples * float(lead.resolution) + float(lead.offset), unit


def _open(path: Path, asked: Asked) -> Source:
    with path.open("rb") as file:
        is_ishne = file.read(len(MAGIC)) == MAGIC
    return open_ishne(path, asked) if is_ishne else Source.of(_read_document(path, asked))


def _read(path: Path, asked: Asked) -> Reading:
    return _open(path, asked).read()


def _is_clinical(path: Path, head: bytes) -> bool:
    return head.startswith(MAGIC) or any(
        mark in head.replace(b"\0", b"").lower()
        for mark in (b"<restingecg", b"<museinfo", b"annotatedecg")
    )


FORMATS = (
    Format("MUSE, Philips, aECG, ISHNE", (".xml", ".ecg"), _read, _is_clinical, _open),
    Format("SCP-ECG", (".scp",), _read),
)
