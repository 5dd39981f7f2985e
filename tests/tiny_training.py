"""A data set and a recipe so small that a test trains on them in seconds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from ecgrt.training.config import TrainConfig

#: Two blocks of stride 16: one output per 256 samples, as the reference network's.
TINY_NETWORK: dict[str, Any] = {
    "conv_subsample_lengths": (16, 16),
    "conv_filter_length": 17,
    "conv_num_filters_start": 4,
    "conv_increase_channels_at": 1,
}


def write_data(folder: Path, train: int = 10, dev: int = 6, fs: float = 300.0) -> None:
    """Write train.json, dev.json and their records: sines, of another pitch for each label."""
    rng = np.random.default_rng(2017)
    for part, count in (("train", train), ("dev", dev)):
        lines = []
        for index in range(count):
            label = "NAO~"[index % 4]
            pitch = 0.02 + 0.05 * (index % 4)
            samples = int(rng.integers(4 * 256, 12 * 256))
            noise = rng.normal(size=samples) * 50
            signal = (np.sin(np.arange(samples) * pitch) * 300 + noise).astype(np.int16)
            name = f"{part}{index}"
            header = f"{name} 1 {fs:g} {samples}\n{name}.mat 16+24 1000/mV 16 0 0 0 0 ECG\n"
            (folder / f"{name}.hea").write_text(header)
            # MATLAB v4: type 30 (int16), rows, columns, no imaginary part, length of "val\0"
            start = np.array([30, 1, samples, 0, 4], "<i4").tobytes() + b"val\0"
            (folder / f"{name}.mat").write_bytes(start + signal.astype("<i2").tobytes())
            labels = [label] * (samples // 256)
            lines.append(json.dumps({"ecg": f"{name}.mat", "labels": labels}) + "\n")
        (folder / f"{part}.json").write_text("".join(lines))


def tiny_config(folder: Path, **fields: Any) -> TrainConfig:
    """Return a configuration for the data in `folder`, some of its fields changed."""
    values = {
        "train": str(folder / "train.json"),
        "dev": str(folder / "dev.json"),
        "save_dir": str(folder / "saved"),
        "batch_size": 4,
        "max_epochs": 4,
        **TINY_NETWORK,
        **fields,
    }
    return TrainConfig(**values)
