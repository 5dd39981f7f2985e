#!/usr/bin/env python3
"""Accuracy and speed of beat detectors on annotated WFDB records, side by side.

    python benchmarks/beats.py mitdb/100 mitdb/101 ...

Of each record the lead MLII, else its first one, from the first sample on; a beat is found
if a detection lies within 150 ms, each serving one beat only. Between the annotations `[`
and `]` (ventricular flutter) nothing counts, as ANSI/AAMI EC57 has it. Times are those of one
thread for 30 s, the median over the records, all detectors in turn. Needs wfdb; detectors that
are not installed (sleepecg, neurokit2) are left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

import ecgrt

BEATS = frozenset("NLRBAaJSVrFejnE/fQ?")
WINDOW = 0.150  # s
Floats = NDArray[np.float64]
Detector = Callable[[Floats, float], Any]


def detectors() -> dict[str, Detector]:
    """What is installed, by name; each returns seconds."""
    from wfdb import processing

    found: dict[str, Detector] = {"ecgrt": ecgrt.find_beats}
    if importlib.util.find_spec("sleepecg"):
        import sleepecg

        found["sleepecg"] = lambda x, fs: np.asarray(sleepecg.detect_heartbeats(x, fs)) / fs
    if importlib.util.find_spec("neurokit2"):
        import neurokit2

        found["neurokit2"] = lambda x, fs: (
            np.asarray(neurokit2.ecg_peaks(neurokit2.ecg_clean(x, fs), fs)[1]["ECG_R_Peaks"]) / fs
        )
    found["wfdb gqrs"] = lambda x, fs: processing.gqrs_detect(x, fs) / fs
    found["wfdb xqrs"] = lambda x, fs: processing.xqrs_detect(x, fs, verbose=False) / fs
    return found


def read(path: str, minutes: float) -> tuple[Floats, float, Floats, list[tuple[float, float]]]:
    """One lead, its rate, the times of its beats and of its ventricular flutter."""
    import wfdb

    header = wfdb.rdheader(path)
    end = min(header.sig_len, round(60 * minutes * header.fs))
    record = wfdb.rdrecord(path, sampto=end)
    lead = record.sig_name.index("MLII") if "MLII" in record.sig_name else 0
    marks = wfdb.rdann(path, "atr", sampto=end)
    times = np.asarray(marks.sample) / record.fs
    begins = [t for t, s in zip(times, marks.symbol, strict=True) if s == "["]
    ends = [t for t, s in zip(times, marks.symbol, strict=True) if s == "]"]
    beats = [t for t, s in zip(times, marks.symbol, strict=True) if s in BEATS]
    flutter = list(zip(begins, ends, strict=False))
    return record.p_signal[:, lead], float(record.fs), np.array(beats), flutter


def compare(truth: Floats, found: Floats) -> tuple[int, int, int]:
    """Beats found, missed and invented."""
    i = j = hits = 0
    while i < len(truth) and j < len(found):
        apart = found[j] - truth[i]
        hits += abs(apart) <= WINDOW
        i += apart >= -WINDOW
        j += apart <= WINDOW
    return hits, len(truth) - hits, len(found) - hits


def outside(times: Floats, spans: list[tuple[float, float]]) -> Floats:
    keep = np.ones(len(times), bool)
    for begin, end in spans:
        keep &= (times < begin) | (times > end)
    return times[keep]


def milliseconds(detect: Detector, x: Floats, fs: float, runs: int) -> float:
    took = []
    for _ in range(runs + 1):  # the first warms up
        begin = time.perf_counter()
        detect(x, fs)
        took.append(time.perf_counter() - begin)
    return 1000 * min(took[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("records", nargs="+", help="WFDB records with .atr, without extension")
    parser.add_argument("--runs", type=int, default=3, help="timed runs a record (default 3)")
    parser.add_argument("--minutes", type=float, default=1e6, help="of each record (default all)")
    options = parser.parse_args()
    chosen = detectors()
    totals = {name: np.zeros(3, int) for name in chosen}
    took: dict[str, list[float]] = {name: [] for name in chosen}
    print("missed/invented".ljust(16) + "".join(name.rjust(14) for name in chosen))
    for path in options.records:
        x, fs, truth, flutter = read(path, options.minutes)
        cells = []
        for name, detect in chosen.items():
            found = outside(np.asarray(detect(x, fs), float), flutter)
            counts = compare(outside(truth, flutter), found)
            totals[name] += counts
            cells.append(f"{counts[1]}/{counts[2]}".rjust(14))
            took[name].append(milliseconds(detect, x[: round(30 * fs)], fs, options.runs))
        print(path.rsplit("/", 1)[-1].ljust(16) + "".join(cells), flush=True)
    rows = {
        "sensitivity %": [100 * t[0] / (t[0] + t[1]) for t in totals.values()],
        "predictivity %": [100 * t[0] / (t[0] + t[2]) for t in totals.values()],
        "ms for 30 s": [float(np.median(t)) for t in took.values()],
    }
    for title, values in rows.items():
        print(title.ljust(16) + "".join(f"{value:14.3f}" for value in values))


if __name__ == "__main__":
    main()
