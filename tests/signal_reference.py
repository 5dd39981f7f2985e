"""The way from a recording to what the network sees, in NumPy and SciPy.

Written from the description (docs/recordings.md), in double precision and on whole signals at once,
so that it shares nothing with the core but the rules.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.signal import fftconvolve, resample_poly

Array = np.ndarray[Any, Any]


@dataclass
class Gap:
    begin: int
    end: int
    reason: str

    def margin(self, fs: float) -> int:
        return min(self.end - self.begin, math.ceil(0.5 * fs))


@dataclass
class Seen:
    """What the network sees, and what else is known of the signal."""

    signal: Array
    readable: Array
    gaps: list[Gap]
    unit: float  # the least that anything was divided by


def band_pass(low: float, high: float, half_width: int, rate: float) -> Array:
    n = np.arange(-half_width, half_width + 1)

    def low_pass(cutoff: float) -> Array:
        taps = np.sinc(2 * cutoff / rate * n) * np.kaiser(len(n), 5.0)
        return taps / taps.sum()

    if 0 < high < rate / 2:
        taps, middle = low_pass(high) - low_pass(low), math.sqrt(low * high)
    else:
        taps, middle = (n == 0) - low_pass(low), rate / 4
    return np.asarray(taps / (taps * np.cos(2 * np.pi * middle / rate * n)).sum())


def filtered(x: Array, taps: Array) -> Array:
    padded = np.pad(x, len(taps) // 2, mode="edge")
    return np.asarray(fftconvolve(padded, taps, "valid"))


def find_gaps(x: Array, fs: float, stillness: bool = True) -> list[Gap]:
    missing = ~np.isfinite(x)
    same = (x[1:] == x[:-1]) | (missing[1:] & missing[:-1])
    edges = [0, *(np.flatnonzero(~same) + 1), len(x)]
    found: list[Gap] = []
    for begin, end in pairwise(edges):
        if missing[begin]:
            found.append(Gap(begin, end, "missing"))
        elif stillness and end - begin >= max(0.2 * fs, 2) and _is_rail(x, fs, begin, end):
            found.append(Gap(begin, end, "rail"))
        elif stillness and end - begin >= fs:
            found.append(Gap(begin, end, "flat"))
    merged: list[Gap] = []
    for gap in found:
        last = merged[-1] if merged else None
        if last and gap.begin - last.end <= min(last.margin(fs), gap.margin(fs)):
            longer = gap.end - gap.begin > last.end - last.begin
            merged[-1] = Gap(last.begin, gap.end, gap.reason if longer else last.reason)
        else:
            merged.append(gap)
    return merged


def _is_rail(x: Array, fs: float, begin: int, end: int) -> bool:
    """Seconds are counted from the record's start; ten around, and those of the run's ends."""
    numbers = np.floor(np.arange(len(x)) / fs)
    first, last = numbers[begin], numbers[end - 1]
    around = ((numbers >= first - 10) & (numbers <= first)) | (
        (numbers >= last) & (numbers <= last + 10)
    )
    around &= np.isfinite(x)
    low, high = x[around].min(), x[around].max()
    means = sorted(x[around & (numbers == n)].mean() for n in np.unique(numbers[around]))
    middle = means[len(means) // 2]
    at_an_end = x[begin] in (low, high)
    return bool(high > low and at_an_end and abs(x[begin] - middle) >= 0.25 * (high - low))


def bridged(x: Array, gaps: list[Gap]) -> Array:
    good = np.ones(len(x), bool)
    for gap in gaps:
        good[gap.begin : gap.end] = False
    if not good.any():
        return np.zeros(len(x))
    places = np.flatnonzero(good)
    return np.interp(np.arange(len(x)), places, x[places])


def covered(gaps: list[Gap], fs: float, size: int) -> Array:
    """Per sample, whether a gap or its margin covers it."""
    spoilt = np.zeros(size, bool)
    for gap in gaps:
        spoilt[max(gap.begin - gap.margin(fs), 0) : gap.end + gap.margin(fs)] = True
    return spoilt


def local_scale(y: Array, readable: Array, rate: float) -> Array:
    count = max(int(len(y) // rate) - 1, 1)
    begins = np.round(np.arange(count + 2) * rate).astype(int)
    if len(y) < 2 * rate:
        begins = np.array([0, 0, len(y)])
    centres, blocks = [], []
    for k in range(count):
        begin, end = begins[k], begins[k + 2]
        ok = readable[begin:end]
        counts = ok.any() and 2 * ok.sum() >= ok.size
        blocks.append(math.sqrt(np.mean(y[begin:end][ok] ** 2)) if counts else math.nan)
        centres.append(begins[k + 1] if len(y) >= 2 * rate else len(y) / 2)
    scales: list[float] = []
    for k in range(count):
        near = [r for r in blocks[max(k - 8, 0) : k + 9] if not math.isnan(r)]
        held = scales[-1] if scales else math.nan
        scales.append(max(float(np.median(near)), 1e-6) if near else held)
    known = [s for s in scales if not math.isnan(s)]
    scales = [known[0] if math.isnan(s) else s for s in scales] if known else [1.0] * count
    return np.interp(np.arange(len(y)), centres, scales)


def see(x: Array, fs: float, metadata: dict[str, Any]) -> Seen:
    rate, size, block = (metadata[k] for k in ("sampling_rate", "samples_per_segment", "signal"))
    x = np.asarray(x)
    y = x.astype(np.float64)
    if x.dtype.kind == "i":
        y[x == np.iinfo(x.dtype).min] = math.nan
    y[np.abs(y) > 1e12] = math.nan
    gaps = find_gaps(y, fs)
    spoilt = covered(gaps, fs, len(y))
    good = y[np.isfinite(y)]
    y = bridged(y, gaps) - (good[0] if len(good) else 0)
    if not len(good):
        y[:] = 0
    if fs != rate:
        ratio = Fraction(rate).limit_denominator(1000) / Fraction(fs).limit_denominator(1000)
        y = resample_poly(y, ratio.numerator, ratio.denominator, padtype="edge")
    y = filtered(y, band_pass(*block["band"], block["half_width"], rate))
    if block["scale"] == "local":
        places = np.minimum(np.arange(len(y)) * fs / rate, len(x) - 1)
        # a stretch [begin, end) of raw samples covers the places from begin up to end
        scale = local_scale(y, ~spoilt[np.floor(places).astype(int)], rate)
        y, unit = y / scale, float(scale.min())
    else:
        unit = metadata["std"]
        y = (y - metadata["mean"]) / metadata["std"]
    segments = len(y) // size
    readable = _readable(spoilt, segments, size * fs / rate)
    return Seen(y[: segments * size], readable, gaps, unit)


def _readable(spoilt: Array, segments: int, length: float) -> Array:
    """A segment counts if gaps with their margins cover no more than half of it."""
    total = np.concatenate([[0], np.cumsum(spoilt)])
    edges = np.minimum(np.arange(segments + 1) * length, len(spoilt))
    share = np.diff(np.interp(edges, np.arange(len(total)), total)) / length
    return np.asarray(share <= 0.5)
