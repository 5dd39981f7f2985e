"""Make records of three rhythms, as a recorder of 250 Hz might export them, with manifests.

    python make_records.py data

writes a CSV file for each record (one column, millivolts) and ``train.json``, ``dev.json`` and
``test.json``. The beats are sums of Gaussian waves: good for an example, not for science.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

FS = 250
SECONDS = 15
#: Records of each rhythm.
COUNTS = {"train": 16, "dev": 8, "test": 5}
RHYTHMS = ("sinus", "fibrillation", "bigeminy")
#: Waves of a beat: millivolts, seconds from the R peak, width in seconds.
P = ((0.15, -0.16, 0.020),)
QRS = ((-0.10, -0.025, 0.010), (1.00, 0.0, 0.011), (-0.20, 0.028, 0.011))
T = ((0.25, 0.27, 0.045),)
WIDE = ((1.30, 0.02, 0.040), (-0.45, 0.30, 0.060))

Floats = npt.NDArray[np.float64]


def make_signal(rhythm: str, rng: np.random.Generator) -> Floats:
    """Return SECONDS of a rhythm at FS, in millivolts, with noise, wander and a gain of its own."""
    t = np.arange(SECONDS * FS) / FS
    x = np.zeros(t.size)
    interval = 60 / rng.uniform(60, 90)
    if rhythm == "fibrillation":  # no P waves, a trembling baseline, intervals without a pattern
        phase = rng.uniform(0, 6.28) + 2 * np.pi * rng.uniform(5, 7) * t
        x += 0.06 * np.sin(phase + np.sin(t))
    beat, is_early = rng.uniform(0.2, 0.8), False
    while beat < SECONDS:
        waves = WIDE if is_early else QRS + T if rhythm == "fibrillation" else P + QRS + T
        for height, place, width in waves:
            x += height * np.exp(-0.5 * ((t - beat - place) / width) ** 2)
        beat, is_early = next_beat(rhythm, beat, interval, is_early, rng)
    x += 0.2 * np.sin(2 * np.pi * rng.uniform(0.1, 0.4) * t) + rng.normal(0, 0.02, t.size)
    return np.asarray(x * rng.uniform(0.7, 1.4))


def next_beat(
    rhythm: str, beat: float, interval: float, is_early: bool, rng: np.random.Generator
) -> tuple[float, bool]:
    """Return when the next beat comes, and whether it is an early and wide one."""
    if rhythm == "fibrillation":
        return beat + interval * rng.uniform(0.55, 1.35), False
    if rhythm == "bigeminy":  # every other beat is early, and a pause follows it
        return beat + interval * (1.35 if is_early else 0.65), not is_early
    return beat + interval * (1 + 0.02 * rng.standard_normal()), False


def main(folder: Path) -> None:
    """Write the records and their manifests into a folder."""
    rng = np.random.default_rng(250)
    for part, count in COUNTS.items():
        lines = []
        (folder / part).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            for rhythm in RHYTHMS:
                name = f"{part}/{part}-{number + 1:02}-{rhythm}.csv"
                np.savetxt(
                    folder / name, make_signal(rhythm, rng), "%.3f", header="ecg", comments=""
                )
                entry = {"ecg": name, "label": rhythm, "fs": FS, "unit": "mV"}
                lines.append(json.dumps(entry) + "\n")
        (folder / f"{part}.json").write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "data"))
