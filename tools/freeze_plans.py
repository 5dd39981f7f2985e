"""Freeze plans of the present format and their answers, which every later ecgrt must give.

From the root of a clone, once for each format version, when it is new::

    PYTHONPATH=tests python tools/freeze_plans.py

It writes ``tests/data/plans/v<version>/``: plans of tiny networks, of every precision that is
written in this version; the signal, a stretch of a sample record; and ``answers.json``. The segment
probabilities there are ONNX Runtime's, the record's probabilities and label those of ecgrt on that
day.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from family import Reference, make_metadata, make_network

import ecgrt
from ecgrt.compile.cpu_plan import FORMAT_VERSION, build_cpu_plan
from ecgrt.compile.plan_file import version_of
from ecgrt.records import read_record
from ecgrt.training.config import NetworkConfig

ROOT = Path(__file__).parents[1]
RECORD, SAMPLES = ROOT / "examples" / "records" / "S0006", 1000
#: Few taps and channels, yet every kind of step: a shortcut with a stride, one with more channels.
CONFIG = NetworkConfig(
    conv_subsample_lengths=(1, 4, 4),
    conv_filter_length=3,
    conv_num_filters_start=4,
    conv_increase_channels_at=1,
)


def networks() -> dict[str, onnx.ModelProto]:
    """Plain networks, and one whose answers are pooled, calibrated and weighted; by precision."""
    shape = (CONFIG.samples_per_segment, CONFIG.context_segments)
    plain = {
        precision: make_metadata(*shape, model=f"frozen {precision}", mean=7.5, std=235.0)
        for precision in ("fp32", "bf16")
    }
    calibrated = make_metadata(
        *shape,
        model="frozen fp16",
        mean=7.5,
        std=235.0,
        decision="mean",
        pooling=((1.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.5), (0.0,) * 7, (0.25,) * 7),
        calibration_scale=0.5,
        calibration_bias=(0.5, -1.0, 0.0),
        decision_weights=(1.0, 2.0, 0.5),
    )
    return {
        "fp32": make_network(CONFIG, plain["fp32"]),
        "fp16": make_network(CONFIG, calibrated),
        "bf16": make_network(CONFIG, plain["bf16"]),
    }


def freeze(model: onnx.ModelProto, precision: str, signal: np.ndarray, plan: Path) -> Any:
    """Write a plan; return its answers."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "model.onnx"
        onnx.save(model, path)
        build_cpu_plan(path, plan, precision=precision)
    prediction = ecgrt.Classifier(plan).predict(signal)
    return {
        "label": prediction.label,
        "probabilities": prediction.probabilities.tolist(),
        "segment_probabilities": Reference(model)(signal).tolist(),
        "tolerance": {"fp32": 1e-5, "fp16": 2e-3, "bf16": 2e-2}[precision],
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=ROOT / "tests" / "data" / "plans")
    folder = parser.parse_args().out / f"v{FORMAT_VERSION}"
    folder.mkdir(parents=True)  # what was promised is not written again
    signal = read_record(RECORD).signal[:SAMPLES].astype(np.int16)
    np.save(folder / "signal.npy", signal)
    answers = {
        f"{precision}.plan": freeze(model, precision, signal, folder / f"{precision}.plan")
        for precision, model in networks().items()
        if version_of(precision) == FORMAT_VERSION
    }
    (folder / "answers.json").write_text(json.dumps(answers, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
