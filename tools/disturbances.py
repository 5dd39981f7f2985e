"""What a model makes of recordings that are not as it learnt them: the table of its card.

Every record is given as it is, and disturbed in ways that recordings are; counted is what becomes
of the labels, and whether the user is told.

    python tools/disturbances.py model.plan dev.json
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy.signal import resample_poly

import ecgrt
from ecgrt._progress import track
from ecgrt.challenge.scoring import CLASSES, score
from ecgrt.records.manifest import read_manifest

Array = np.ndarray[Any, Any]
#: From samples in microvolts and their rate to what is handed in, and the rate that is told.
Disturbance = Callable[[Array, float], tuple[Array, float]]


#: Of a record of which less than this share can be read, `quality.readable` tells enough.
PARTLY = 0.8


def _time(x: Array, fs: float) -> Array:
    return np.arange(len(x)) / fs


def _add(wave: Callable[[Array], Array]) -> Disturbance:
    return lambda x, fs: (x + wave(_time(x, fs)), fs)


def _map(change: Callable[[Array], Array]) -> Disturbance:
    return lambda x, fs: (change(x), fs)


def _at_rate(rate: float, *, told: bool) -> Disturbance:
    def resample(x: Array, fs: float) -> tuple[Array, float]:
        return resample_poly(x, round(rate), round(fs), padtype="edge"), rate if told else fs

    return resample


def _overwrite(begin: float, end: float, value: Callable[[Array], float]) -> Disturbance:
    """Write over a part of the record, from and to shares of its length."""

    def write(x: Array, fs: float) -> tuple[Array, float]:
        x = x.copy()
        x[round(begin * len(x)) : round(end * len(x))] = value(x)
        return x, fs

    return write


def _first_second_on_the_rail(x: Array, fs: float) -> tuple[Array, float]:
    x = x.copy()
    x[: round(fs)] = x.max() + 500
    return x, fs


def _some_missing(x: Array, fs: float) -> tuple[Array, float]:
    x = x.copy()
    x[:: round(3.7 * fs)] = np.nan
    return x, fs


def _padded(x: Array, fs: float) -> tuple[Array, float]:
    return np.pad(x, (0, max(round(61 * fs) - len(x), 0))), fs


def _first(seconds: float) -> Disturbance:
    return lambda x, fs: (x[: round(seconds * fs)], fs)


def _wave(height: float, frequency: float) -> Disturbance:
    return _add(lambda t: height * np.sin(2 * np.pi * frequency * t))


DISTURBANCES: dict[str, Disturbance] = {
    "as it is": _map(lambda x: x),
    "250 Hz": _at_rate(250, told=True),
    "130 Hz": _at_rate(130, told=True),
    "512 Hz": _at_rate(512, told=True),
    "inverted": _map(lambda x: -x),
    "constant +300 uV": _map(lambda x: x + 300),
    "constant +1024 uV": _map(lambda x: x + 1024),
    "wander 0.5 mV, 0.2 Hz": _wave(500, 0.2),
    "drift of 1 mV": _add(lambda t: 1000 * t / t[-1]),
    "hum 0.2 mV, 50 Hz": _wave(200, 50),
    "hum 0.1 mV, 60 Hz": _wave(100, 60),
    "a third of it zeros": _overwrite(0.4, 0.4 + 1 / 3, lambda x: 0.0),
    "first second on the rail": _first_second_on_the_rail,
    "zero-padded to 61 s": _padded,
    "a NaN every 3.7 s": _some_missing,
    "gain x 2": _map(lambda x: 2 * x),
    "gain x 1/2": _map(lambda x: x / 2),
    "gain x 5": _map(lambda x: 5 * x),
    "gain x 1/5": _map(lambda x: x / 5),
    "mV taken for uV": _map(lambda x: x / 1e3),
    "z-scored": _map(lambda x: (x - x.mean()) / x.std()),
    "0 to 1": _map(lambda x: (x - x.min()) / np.ptp(x)),
    "512 Hz, rate not told": _at_rate(512, told=False),
    "250 Hz, rate not told": _at_rate(250, told=False),
    "130 Hz, rate not told": _at_rate(130, told=False),
    "first 10 s": _first(10),
    "first 5 s": _first(5),
    "first 2 s": _first(2),
}


def measure(classifier: ecgrt.Classifier, records: Any, names: list[str]) -> dict[str, list[Any]]:
    """Return the predictions of all records, by disturbance; hears the warnings silently."""
    warnings.simplefilter("ignore", ecgrt.SignalWarning)
    found: dict[str, list[Any]] = {name: [] for name in names}
    for item in track(records, desc="records"):
        fs = item.record.fs or classifier.sampling_rate
        x = np.asarray(item.record.signal, np.float64)
        for name in names:
            found[name].append(classifier.predict(*DISTURBANCES[name](x, fs)))
    return found


def row(name: str, predictions: list[Any], labels: list[str], undisturbed: list[Any]) -> str:
    """Return a line of the table. A withheld answer counts as wrong, but not as silently so."""
    told = [bool(p.quality.warnings) or p.quality.readable < PARTLY for p in predictions]
    given = [p.label or "~" for p in predictions]
    f1 = score(dict(enumerate(labels)), dict(enumerate(given))).overall
    found = sum(a == b == "A" for a, b in zip(labels, given, strict=True))
    changed = [p.label != q.label for p, q in zip(predictions, undisturbed, strict=True)]
    silent = sum(c and not t for c, t in zip(changed, told, strict=True))
    share = len(predictions) / 100
    numbers = (sum(changed) / share, sum(told) / share, silent / share)
    cells = [name, f"{f1:.3f}", f"{found} of {labels.count('A')}"]
    return "| " + " | ".join([*cells, *(f"{n:.1f} %" for n in numbers)]) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plan", type=Path)
    parser.add_argument("manifest", type=Path, help="as ecgrt-data split writes it")
    parser.add_argument("--every", type=int, default=1, help="take every so many-th record")
    parser.add_argument("--only", nargs="*", choices=list(DISTURBANCES), metavar="NAME")
    args = parser.parse_args()
    classifier = ecgrt.Classifier(args.plan)
    records = read_manifest(args.manifest, CLASSES)[:: args.every]
    labels = [item.label for item in records]
    names = ["as it is", *(args.only or list(DISTURBANCES)[1:])]
    found = measure(classifier, records, names)
    print("| given | F1 | AF found | label changed | told | changed silently |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in names:
        print(row(name, found[name], labels, found["as it is"]))


if __name__ == "__main__":
    main()
