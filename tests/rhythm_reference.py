"""The rhythm features by NumPy and SciPy, written from their definitions and not from the core."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d
from scipy.signal import resample_poly

Floats = NDArray[np.float64]
RATE = 200.0


def nearest_rank(values: Floats, share: float) -> float:
    return float(np.sort(values)[int(np.floor(share * (len(values) - 1) + 0.5))])


def log(value: float) -> float:
    return float(np.log10(max(value, 1e-3)))


def step(value: float, middle: float, width: float) -> float:
    return float(1 / (1 + np.exp((middle - value) / width)))


def intervals(beats: Floats, seconds: float) -> dict[str, float]:
    rr = np.diff(beats)
    d = np.diff(rr)
    mid = nearest_rank(rr, 0.5)
    rate = {
        name: np.log2(60 / nearest_rank(rr, share) / 75)
        for name, share in (("median", 0.5), ("p10", 0.9), ("p90", 0.1), ("min", 1.0))
    }
    local = np.array([nearest_rank(rr[max(i - 4, 0) : i + 5], 0.5) for i in range(len(rr))])
    early = rr / local < 0.85
    paid = early[:-1] & (np.abs(rr[:-1] + rr[1:] - 2 * local[:-1]) < 0.15 * local[:-1])
    counts = np.histogram(rr, bins=16)[0] / len(rr)
    centered = rr - rr.mean()
    return {
        "covered": rr[(rr >= 0.25) & (rr <= 2)].sum() / seconds,
        **{f"rate_{name}": float(value) for name, value in rate.items()},
        "slow": step(-60 / mid, -50, 2),
        "fast": step(60 / mid, 100, 3),
        "sdnn": log(rr.std() / rr.mean()),
        "rmssd": log(np.sqrt(np.mean(d**2)) / rr.mean()),
        "step_median": log(nearest_rank(np.abs(d), 0.5) / mid),
        "step_tenth": float(np.mean(np.abs(d) > 0.1 * mid)),
        "cosen": cosen(rr),
        "rr_entropy": float(-sum(p * np.log2(p) for p in counts if p > 0) / 4),
        **lorenz(d),
        "premature": float(np.sqrt(early.mean())),
        "compensated": float(paid.sum() / early.sum()) if early.any() else 0.0,
        "shortest": float(np.log2(min(1, (rr / local).min()))),
        "longest": float(np.log2(max(1, (rr / local).max()))),
        "rr_memory": float(np.sum(centered[1:] * centered[:-1]) / np.sum(centered**2)),
    }


def cosen(rr: Floats) -> float:
    r = 0.03
    while True:
        near = np.triu(np.abs(rr[:-1, None] - rr[None, :-1]) <= r, 1)
        both = near & (np.abs(rr[1:, None] - rr[None, 1:]) <= r)
        if both.sum() >= 5 or r >= 0.5:
            return float(np.log(near.sum() / both.sum()) + np.log(2 * r) - np.log(rr.mean()))
        r *= 1.5


def lorenz(d: Floats) -> dict[str, float]:
    points = list(pairwise(d))
    moved = [p for p in points if max(abs(p[0]), abs(p[1])) >= 0.08]
    bins: dict[tuple[int, int], int] = {}
    for p in moved:
        key = (int(np.floor(p[0] / 0.025)), int(np.floor(p[1] / 0.025)))
        bins[key] = bins.get(key, 0) + 1
    again = sum(
        count - 1 for (a, b), count in bins.items() if min(abs(a), abs(b)) < 4 or (a < 0 and b > 0)
    )
    still = len(points) - len(moved)
    return {
        "af_evidence": (len(bins) - still - 2 * again) / len(points),
        "lorenz_bins": len(bins) / len(points),
    }


def clean(x: Floats, fs: float) -> dict[str, Floats]:
    """The signal at 200 Hz, high-passed, and its low-passes."""
    ratio = Fraction(RATE / fs).limit_denominator(20_000)
    y = resample_poly(x - x[0], ratio.numerator, ratio.denominator, padtype="edge")
    slow = uniform_filter1d(uniform_filter1d(y, 161, mode="nearest"), 161, mode="nearest")
    high = y - slow
    out = {"high": high}
    i = np.arange(-24, 25)
    for cutoff in (5, 15, 40):
        taps = np.sinc(2 * cutoff / RATE * i) * np.kaiser(51, 4.0)[1:-1]
        padded = np.pad(high, 24, mode="edge")
        out[f"low{cutoff}"] = np.convolve(padded, taps / taps.sum(), mode="valid")
    return out


def signal(parts: dict[str, Floats]) -> dict[str, float]:
    seconds = len(parts["high"]) // 200
    bands = [
        parts["low5"],
        parts["low15"] - parts["low5"],
        parts["low40"] - parts["low15"],
        parts["high"] - parts["low40"],
    ]
    power = np.array([(b[: seconds * 200].reshape(seconds, 200) ** 2).sum(1) for b in bands])
    shares = power / power.sum(0)
    fast = np.abs(parts["low40"] - parts["low5"])[: seconds * 200].reshape(seconds, 200)
    crest = np.array([s.max() / nearest_rank(s, 0.5) for s in fast])
    return {
        **{
            f"band_{name}": log(nearest_rank(share, 0.5))
            for name, share in zip(("low", "mid", "high"), shares, strict=False)
        },
        "crest": log(nearest_rank(crest, 0.5)),
        "noisy_seconds": float(np.mean(crest < 5)),
    }


def width(complex_: Floats) -> float:
    sums = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(complex_)))])
    low, high = np.interp([0.1 * sums[-1], 0.9 * sums[-1]], sums, np.arange(len(sums)))
    return float(high - low)


def match(a: Floats, b: Floats) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def waves(x: Floats, beats: Floats, premature: NDArray[np.bool_]) -> dict[str, float]:
    at = np.round(beats * RATE).astype(int)
    whole = np.flatnonzero((at >= 64) & (at + 81 <= len(x)))
    cut = np.array([x[i - 64 : i + 81] for i in at[whole]])
    usual = np.array([nearest_rank(column, 0.5) for column in cut.T])
    height = np.ptp(usual[44:85])
    r = np.array([match(beat[44:85], usual[44:85]) for beat in cut])
    early = premature[whole]
    steps = []
    for k in range(2, len(whole)):
        if whole[k] == whole[k - 2] + 2 and r[k - 2 : k + 1].min() >= 0.9:
            a, b, c = beats[whole[k - 2] : whole[k] + 1]
            steps.append(abs((c - b) - (b - a)) / ((c - a) / 2))
    widths = np.array([width(beat[40:89]) for beat in cut]) / 16
    tall = np.ptp(cut[:, 44:85], axis=1)
    middle = nearest_rank(tall, 0.5)
    return {
        "qrs_odd": float(np.sqrt(np.mean(r < 0.8))),
        "odd_premature": float(np.sqrt(np.mean(early & (r < 0.9)))),
        "alike_premature": float(np.sqrt(np.mean(early & (r >= 0.9)))),
        "alike_step": log(nearest_rank(np.array(steps), 0.5)) if len(steps) >= 3 else -1.5,
        "beat_match": nearest_rank(np.array([match(beat, usual) for beat in cut]), 0.5),
        "residual": log(float(np.sum((cut - usual) ** 2) / np.sum(cut**2))),
        "qrs_width": float(np.log2(nearest_rank(widths, 0.5))),
        "qrs_width_p90": float(np.log2(nearest_rank(widths, 0.9))),
        "wide": step(nearest_rank(widths, 0.5), 1, 0.05),
        "amplitude_spread": log(float(np.mean(np.abs(tall - middle)) / middle)),
        **p_waves(cut, usual, float(height)),
    }


def p_waves(cut: Floats, usual: Floats, height: float) -> dict[str, float]:
    def level(y: Floats) -> Floats:
        return np.asarray(y - np.linspace(y[:3].mean(), y[-3:].mean(), len(y)))

    p = level(usual[4:51])
    each = np.array([level(beat[4:51]) for beat in cut])
    shifts = [int(np.argmax([match(one[k : k + 31], p[8:39]) for k in range(17)])) for one in each]
    rest = np.sqrt(np.mean((each - p) ** 2, axis=1))
    return {
        "p_height": log(float(np.ptp(p)) / height),
        "p_place": float((60 - np.argmax(np.abs(p))) * 10 / RATE),
        "p_match": float(np.mean([match(one, p) for one in each])),
        "p_jitter": float(np.std(np.array(shifts) * 10 / RATE)),
        "p_residual": log(nearest_rank(rest, 0.5) / height),
    }


def features(x: Floats, fs: float, beats: Floats) -> dict[str, float]:
    """All of them for a record without gaps, from beats that are given."""
    parts = clean(x, fs)
    rr = np.diff(beats)
    local = np.array([nearest_rank(rr[max(i - 4, 0) : i + 5], 0.5) for i in range(len(rr))])
    premature = np.concatenate([[False], rr / local < 0.85])
    return {
        **intervals(beats, len(parts["high"]) / RATE),
        **waves(parts["low40"], beats, premature),
        **signal(parts),
    }
