"""What the lines above a table of numbers say: rate, unit, lead, start."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from .reading import RATES
from .units import volts

_RATE_KEY = re.compile(
    r"sampl\w*[ _-]*(rate|freq\w*)|(?<![a-z])(fs|sfreq|srate|samplerate)(?![a-z])|abtast|messrate|"
    r"échantillonnage|muestreo|campionamento|amostragem|bemonster|(sample|opname)frequentie|"
    r"дискретизац|采样|サンプル|próbkowania|samplingsfrek",
    re.IGNORECASE,
)
_INTERVAL_KEY = re.compile(r"sampl\w*[ _-]*(interval|period)", re.IGNORECASE)
_HERTZ = r"(k?hz|k?hertz\w*|герц|ヘルツ|赫兹|hertsiä|herců)"
_RATE_VALUE = re.compile(rf"([0-9]+(?:[.,][0-9]+)?)\s*{_HERTZ}", re.IGNORECASE)
_NUMBER = re.compile(rf"([0-9]+(?:[.,][0-9]+)?)\s*({_HERTZ}|samples?.*|/s)?", re.IGNORECASE)
_INTERVAL = re.compile(r"([0-9]*[.,]?[0-9]+)\s*(s|ms|us|seconds?|milliseconds?)\b", re.IGNORECASE)
_OTHER_RATE = re.compile(r"filter|pass|notch|cut|band|acc|gyro|resp|ppg|heart|puls", re.IGNORECASE)
_LEAD = re.compile(r"(?:[^\W\d]\S*\s+)?(I{1,3}|aV[RLF]|V[1-6])", re.IGNORECASE)
_BIRTH = re.compile(r"birth|geb|naiss|nacim|nasc|dob|születés|narozen|urodz", re.IGNORECASE)
_START = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?)"
    r"\s?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_PART = re.compile(r":=|[:=,;\t]")


@dataclass
class Preamble:
    """What is known before the first sample; None where nothing is said."""

    fs: float | None = None
    unit: str | None = None
    lead: str | None = None
    start: datetime | None = None
    columns: tuple[str, ...] = ()
    kind: str = "text"


def read_preamble(lines: Sequence[str]) -> Preamble:
    """Read the lines above the table, comments among them.

    A line is a key and a value, in any of the ways and languages in which recorders write it. Two
    different rates are none: then the caller has to say.
    """
    found = Preamble()
    rates: set[float] = set()
    for line in lines:
        text = line.strip().lstrip("#%/ ").strip()
        if text.startswith("{"):
            _read_json(text, found, rates)
            continue
        key, value = _key_and_value(text)
        if (rate := _rate_of(key, value)) is not None:
            rates.add(rate)
        _read_value(key, value, found)
    if len(rates) == 1:
        found.fs = rates.pop()
    return found


def parse_start(text: str) -> datetime | None:
    """Return the date and time that a text begins with; None if it does not."""
    match = _START.match(text.strip())
    if match is None:
        return None
    zone = (match[3] or "").replace("Z", "+00:00")
    if len(zone) == 5:
        zone = f"{zone[:3]}:{zone[3:]}"
    clock = match[2] if len(match[2].partition(":")[0]) == 2 else f"0{match[2]}"
    whole, dot, fraction = clock.partition(".")
    digits = f"{dot}{fraction:0<6}" if fraction else ""
    try:
        return datetime.fromisoformat(f"{match[1]}T{whole}{digits}{zone}")
    except ValueError:
        return None


def _key_and_value(text: str) -> tuple[str, str]:
    match = _PART.search(text)
    if match is None:
        return "", text
    return text[: match.start()].strip(' "'), text[match.end() :].strip(' ",;\t').strip()


def _rate_of(key: str, value: str) -> float | None:
    if _OTHER_RATE.search(key):
        return None
    if _INTERVAL_KEY.search(key) and (match := _INTERVAL.match(value)):
        seconds = float(match[1].replace(",", ".")) * (
            {"m": 1e-3, "u": 1e-6}.get(match[2][0].lower(), 1.0)
        )
        return 1 / seconds if seconds else None
    if _RATE_KEY.search(key) and (match := _NUMBER.fullmatch(value)):
        return _plausible(match[1], "k" if "khz" in f"{key} {value}".lower() else "")
    if match := _RATE_VALUE.fullmatch(value):
        return _plausible(match[1], match[2][0])
    if _RATE_KEY.search(value) and (match := _RATE_VALUE.search(value)):
        return _plausible(match[1], match[2][0])
    return None


def _plausible(number: str, prefix: str) -> float | None:
    """Read a number whose comma may part decimals or thousands."""
    factor = 1000.0 if prefix.lower() == "k" else 1.0
    for text in (number.replace(",", "."), number.replace(",", "")):
        if RATES[0] <= float(text) * factor <= RATES[1]:
            return float(text) * factor
    return None


def _read_value(key: str, value: str, found: Preamble) -> None:
    if key and found.unit is None and volts(value) is not None and value.lower() != "v":
        found.unit = value
    if key and found.lead is None and (match := _LEAD.fullmatch(value)):
        found.lead = match[1]
    if found.start is None and not _BIRTH.search(key):
        found.start = parse_start(value)
    if key.lower() == "labels" and value:
        found.columns = tuple(part.strip() for part in value.split("\t"))


def _read_json(text: str, found: Preamble, rates: set[float]) -> None:
    """Read the header of OpenSignals: a JSON object of devices, of which one is accepted."""
    try:
        devices = json.loads(text)
    except (ValueError, RecursionError):
        return
    if not isinstance(devices, dict) or len(devices) != 1:
        return
    device = next(iter(devices.values()))
    if not isinstance(device, dict):
        return
    rate = device.get("sampling rate")
    if isinstance(rate, (int, float)) and not isinstance(rate, bool):
        rates.add(float(rate))
    columns, labels, sensors = (device.get(key) for key in ("column", "label", "sensor"))
    if all(isinstance(one, list) for one in (columns, labels, sensors)):
        sensor = dict(zip(map(str, labels or []), map(str, sensors or []), strict=False))
        found.columns = tuple(sensor.get(str(name), str(name)) for name in columns or [])
    found.start = parse_start(f"{device.get('date')} {device.get('time')}") or found.start
    found.kind = "OpenSignals"
