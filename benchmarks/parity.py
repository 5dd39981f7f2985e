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
from ecgrt import _core
from ecgrt._progress import track
from ecgrt.records.base import list_records, read_record


def reference(
    onnx: Path, records: list[Path], classifier: ecgrt.Classifier
) -> dict[str, np.ndarray]:
    """Return ONNX Runtime's answers, a row per segment, by record name."""
    session = onnxruntime.InferenceSession(onnx, providers=["CPUExecutionProvider"])
    metadata, size = json.dumps(classifier.metadata), classifier.samples_per_segment
    cut = classifier.metadata.get("signal", {}).get("gaps") == "cut"
    outputs = sum(o.shape[-1] for o in session.get_outputs())
    answers = {}
    for path in track(records, desc="ONNX Runtime"):
        record = read_record(path)
        x, readable = _core.preprocess(record.signal, record.fs, metadata=metadata)
        rows = np.full((len(readable), outputs), np.nan, np.float32)
        for begin, end in stretches(readable if cut else np.ones_like(readable)):
            piece = x[begin * size : end * size]
            found = session.run(None, {session.get_inputs()[0].name: piece[None, :, None]})
            rows[begin:end] = np.concatenate([one[0] for one in found], axis=1)
        answers[path.name] = rows
    return answers


def stretches(readable: np.ndarray) -> np.ndarray:
    """Return where runs of readable segments begin and end; of none, the whole record."""
    if not readable.any():
        return np.array([[0, len(readable)]])
    edges = np.diff(np.concatenate([[0], readable.astype(int), [0]]))
    return np.flatnonzero(edges).reshape(-1, 2)


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
    metadata, classes = json.dumps(classifier.metadata), len(classifier.classes)
    worst, worst_name, other_segments, other_labels = 0.0, "", 0, 0
    for path in track(records, desc=classifier.backend):
        record = read_record(path)
        prediction = classifier.predict(record.signal, record.fs)
        answers = expected[path.name]
        found, wanted = prediction.segment_probabilities, answers[:, :classes]
        # What nobody can read is nan there.
        answered = ~np.isnan(wanted[:, 0])
        found, wanted = found[answered], wanted[answered]
        difference = float(np.abs(found - wanted).max())
        if difference > worst:
            worst, worst_name = difference, path.name
        other_segments += int((found.argmax(1) != wanted.argmax(1)).sum())
        label, _ = _core.decide(
            metadata, np.nan_to_num(answers), prediction.readable, prediction.rhythm
        )
        other_labels += label != prediction.label
    print(
        f"{args.plan} on {classifier.backend}, {len(records)} records: max |dp| {worst:.2e} "
        f"({worst_name}); {other_labels} labels and {other_segments} segment labels differ"
    )


if __name__ == "__main__":
    main()
