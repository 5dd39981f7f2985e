"""Varies records without changing their rhythm, so that the network sees more of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from .. import _core
from .config import TrainConfig
from .examples import Bools, Example, Floats

Indices = npt.NDArray[np.intp]

#: Hz; where breathing and movement are.
WANDER_BAND = (0.05, 0.5)
#: Hz; the mains of the world.
HUM = (50.0, 60.0)
#: Lengths that a record is cut to.
SHORT_SECONDS = (5.0, 15.0)
#: Largest share of a record that is taken away.
LONGEST_GAP = 0.36


def vary(
    example: Example, config: TrainConfig, samples_per_segment: int, rng: np.random.Generator
) -> Example:
    """Return an example as the recipe has it varied: cropped, stretched, flipped, disturbed.

    Parameters
    ----------
    example
        A preprocessed record; it stays as it is.
    config
        Says how much of each; a setting of 0 is left out.
    samples_per_segment
        Samples of signal per target.
    rng
        Decides; the same state gives the same variation.
    """
    signal, kept = _crop(example, config, samples_per_segment, rng)
    targets = example.targets[kept]
    local = config.scale == "local"
    amplitude = np.float32(1)
    if config.amplitude:
        amplitude = np.float32(2 ** rng.uniform(-config.amplitude, config.amplitude))
    if rng.random() < config.flip:
        signal = -signal
    if not local:  # what is added has its size from the training signals, not from this one
        signal = signal * amplitude
    signal = signal + _disturbance(signal.size, config, rng)
    readable = (
        np.ones(targets.size, np.bool_) if example.readable is None else example.readable[kept]
    )
    if config.gaps and targets.size > 1 and rng.random() < config.gaps:
        readable = readable & _gap(signal, samples_per_segment, rng)
    if not readable.any():
        readable = np.ones(targets.size, np.bool_)
    if local:  # as the core would have scaled it, had it met the disturbance
        samples = np.repeat(readable, samples_per_segment)
        signal = _core.scale_locally(signal, samples, config.sampling_rate) * amplitude
    return replace(example, signal=signal, targets=targets, readable=readable)


def _gap(signal: Floats, samples_per_segment: int, rng: np.random.Generator) -> Bools:
    """Take part of a signal away, in place; return which segments are left, one at least."""
    segments = signal.size // samples_per_segment
    readable = np.ones(segments, np.bool_)
    length = min(max(round(segments * rng.uniform(0.02, LONGEST_GAP)), 1), segments - 1)
    start = rng.integers(0, segments - length + 1)
    readable[start : start + length] = False
    signal[np.repeat(~readable, samples_per_segment)] = 0
    return readable


def _crop(
    example: Example, config: TrainConfig, samples_per_segment: int, rng: np.random.Generator
) -> tuple[Floats, Indices]:
    """Return some seconds of the record, faster or slower than they were, and their segments."""
    seconds = config.crop_seconds
    if config.short and rng.random() < config.short:
        seconds = rng.uniform(*SHORT_SECONDS)
    longest = round(seconds * config.sampling_rate) // samples_per_segment
    segments = min(example.targets.size, longest) if longest else example.targets.size
    stretch = 1 + rng.uniform(-config.stretch, config.stretch)
    # Of a record that is too short to be played faster, fewer segments are left.
    segments = max(1, min(segments, int(example.targets.size / stretch)))
    samples = segments * samples_per_segment
    start = rng.uniform(0, max(example.signal.size - samples * stretch, 0))
    times = (start if config.stretch else round(start)) + np.arange(samples) * stretch
    signal = np.interp(times, np.arange(example.signal.size), example.signal)
    middles = times[samples_per_segment // 2 :: samples_per_segment] // samples_per_segment
    chosen = np.minimum(middles.astype(np.intp), example.targets.size - 1)
    return signal.astype(np.float32), chosen


def _disturbance(samples: int, config: TrainConfig, rng: np.random.Generator) -> Floats:
    """Return baseline wander, hum of the mains and white noise, float32 (samples,).

    The signal has been filtered already: what joins it here goes through the same band.
    """
    time = np.arange(samples, dtype=np.float32) / np.float32(config.sampling_rate)
    wander = _wave(time, config.wander, rng.uniform(*WANDER_BAND), rng)
    hum = _wave(time, config.hum, rng.choice(HUM), rng)
    total = wander + hum
    if config.noise:
        level = np.float32(rng.uniform(0, config.noise))
        total += level * rng.standard_normal(samples, np.float32)
    if config.band and total.any():
        low, high = config.band
        return _core.band_pass(total, low, high, config.band_half_width, config.sampling_rate)
    return total


def _wave(time: Floats, highest: float, frequency: float, rng: np.random.Generator) -> Floats:
    height, phase = rng.uniform(0, highest), rng.uniform(0, 2 * np.pi)
    wave: Floats = np.sin(np.float32(2 * np.pi * frequency) * time + np.float32(phase))
    return np.float32(height) * wave
