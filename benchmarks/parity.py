"""Compare a plan's probabilities with ONNX Runtime's on every record of a folder.

For example::

    python benchmarks/parity.py data/training2017 --onnx models/cinc17.onnx --plan model.plan

ECGRT_FORCE_ISA chooses the instruction set. ONNX Runtime takes most of the time: its answers are
kept in ``--cache`` for the next plan or instruction set.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import onnxruntime

import ecgrt
from ecgrt._core import preprocess
from ecgrt._progress import track
from ecgrt.calibration.pooling import pool
from ecgrt.calibration.scaling import apply_scaling
from ecgrt.calibration.weights import decide
from ecgrt.metadata import Metadata
from ecgrt.records.base import list_records, read_record
from ecgrt.training import examples


def reference(
    onnx: Path, records: list[Path], classifier: ecgrt.Classifier
) -> dict[str, np.ndarray]:
    """Return ONNX Runtime's probabilities by record name."""
    session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    keys = ("mean", "std", "sampling_rate", "samples_per_segment")
    settings = {key: classifier.metadata[key] for key in keys}
    answers = {}
    for path in track(records, desc="ONNX Runtime"):
        record = read_record(path)
        x = preprocess(record.signal, record.fs, **settings)
        answers[path.name] = session.run(None, {"signal": x[None, :, None]})[0][0]
    return answers


def decide_record(probabilities: np.ndarray, metadata: Metadata) -> int:
    """Return the number of the class that a record's segments (S, C) decide."""
    if metadata.decision == "mode":
        return int(examples.decide(probabilities))
    segments = probabilities[None].astype(np.float64)
    pooled = pool(segments.mean(axis=1), segments.std(axis=1), metadata.pooling)
    calibrated = apply_scaling(pooled, metadata.calibration_scale, metadata.calibration_bias)
    return int(decide(calibrated, metadata.decision_weights)[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--onnx", type=Path, required=True)
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--cache", type=Path, help=".npz of ONNX Runtime's answers")
    args = parser.parse_args()
    records = list_records(args.directory)
    classifier = ecgrt.Classifier(args.plan)
    if args.cache and args.cache.exists():
        expected = dict(np.load(args.cache))
    else:
        expected = reference(args.onnx, records, classifier)
        if args.cache:
            np.savez(args.cache, **expected)
    metadata = Metadata.from_json(json.dumps(classifier.metadata))
    worst, worst_name, other_segments, other_labels = 0.0, "", 0, 0
    for path in track(records, desc=classifier.backend):
        record = read_record(path)
        prediction = classifier.predict(record.signal, record.fs)
        found, wanted = prediction.segment_probabilities, expected[path.name]
        difference = float(np.abs(found - wanted).max())
        if difference > worst:
            worst, worst_name = difference, path.name
        other_segments += int((found.argmax(1) != wanted.argmax(1)).sum())
        other_labels += classifier.classes[decide_record(wanted, metadata)] != prediction.label
    print(
        f"{args.plan} on {classifier.backend}, {len(records)} records: max |dp| {worst:.2e} "
        f"({worst_name}); {other_labels} labels and {other_segments} segment labels differ"
    )


if __name__ == "__main__":
    main()
