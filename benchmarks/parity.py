"""Compare plans with ONNX Runtime on records: every precision, every instruction set there is.

For example::

    python benchmarks/parity.py data/training2017 models/*.onnx --first 300

For each model a plan of each precision is built, and answers all records on each instruction set.
Printed are the largest difference of a segment's probability from ONNX Runtime's, and how many
segments and how many records get another label. The exit code is 1 if a difference is above what
a plan of that precision may have, or if a record gets another label.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnxruntime

import ecgrt
from ecgrt import _core
from ecgrt._progress import track
from ecgrt.compile.cpu_plan import PRECISIONS, TOLERANCE, build_cpu_plan
from ecgrt.records import list_records, read_record

Answers = dict[str, "np.ndarray[Any, Any]"]


def stretches(readable: np.ndarray[Any, Any], metadata: dict[str, Any]) -> list[slice]:
    """Return what the network sees as a record of its own: all, or what lies between gaps."""
    if (metadata.get("signal") or {}).get("gaps") != "cut" or readable.all():
        return [slice(0, len(readable))]
    ends = np.flatnonzero(np.diff(np.concatenate([[0], readable.astype(int), [0]])))
    return [slice(begin, end) for begin, end in ends.reshape(-1, 2)]


def reference(onnx: Path, records: list[Path], metadata: dict[str, Any]) -> Answers:
    """Return ONNX Runtime's answers by record name: a row per segment, classes and evidence."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    name, size = session.get_inputs()[0].name, metadata["samples_per_segment"]
    answers: Answers = {}
    for path in track(records, desc=f"ONNX Runtime: {onnx.stem}"):
        record = read_record(path)
        x, readable = _core.preprocess(record.signal, record.fs, metadata=json.dumps(metadata))
        rows = None
        for part in stretches(readable, metadata):
            seen = x[part.start * size : part.stop * size]
            found = np.concatenate(
                [one[0] for one in session.run(None, {name: seen[None, :, None]})], axis=1
            )
            if rows is None:
                rows = np.zeros((len(readable), found.shape[1]), np.float32)
                rows[:, : len(metadata["classes"])] = 1 / len(metadata["classes"])
            rows[part] = found
        if rows is not None:
            answers[path.name] = rows
    return answers


def compare(plan: Path, records: list[Path], expected: Answers) -> dict[str, Any]:
    """Return how far a plan's answers are from the expected ones."""
    classifier = ecgrt.Classifier(plan)
    metadata, classes = json.dumps(classifier.metadata), len(classifier.classes)
    worst, worst_name, segments, other_segments, other_records = 0.0, "", 0, 0, 0
    for path in records:
        if path.name not in expected:  # nothing of it can be read
            continue
        record = read_record(path)
        prediction = classifier.predict(record.signal, record.fs)
        answers = expected[path.name]
        found, wanted = prediction.segment_probabilities, answers[:, :classes]
        difference = float(np.abs(found - wanted).max())
        if difference > worst or np.isnan(difference):
            worst, worst_name = difference, path.name
        segments += len(found)
        other_segments += int((found.argmax(1) != wanted.argmax(1)).sum())
        label, _ = _core.decide(metadata, answers, prediction.readable, prediction.rhythm)
        # What quality withholds is no matter of the network.
        other_records += prediction.label is not None and label != prediction.label
    return {
        "backend": classifier.backend,
        "worst": worst,
        "record": worst_name,
        "segments": segments,
        "other_segments": other_segments,
        "other_records": other_records,
    }


def compare_on(isa: str, plan: Path, records: list[Path], folder: Path) -> dict[str, Any]:
    """Return what :func:`compare` says in a process that is held to an instruction set."""
    names = folder / "records.json"
    names.write_text(json.dumps([str(path) for path in records]))
    command = [sys.executable, __file__, "--compare", str(plan), str(names)]
    environment = {**os.environ, "ECGRT_FORCE_ISA": isa, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def check_model(onnx: Path, records: list[Path], folder: Path) -> bool:
    """Print a line for each precision and instruction set; return whether all is as it must be."""
    fine, expected = True, None
    for precision in PRECISIONS:
        plan = folder / "model.plan"
        build_cpu_plan(onnx, plan, precision=precision)
        if expected is None:
            expected = reference(onnx, records, ecgrt.Classifier(plan).metadata)
            np.savez(folder / "expected.npz", **expected)
        for isa in _core.supported_isas():
            figures = compare_on(isa, plan, records, folder)
            print(
                f"{onnx.stem}  {precision}  {figures['backend']}: {len(expected)} records, "
                f"max |dp| {figures['worst']:.1e} ({figures['record']}); "
                f"{figures['other_segments']} of {figures['segments']} segments and "
                f"{figures['other_records']} records have another label",
                flush=True,
            )
            # not (a <= b): NaN is a fault
            fine &= figures["worst"] <= TOLERANCE[precision] and figures["other_records"] == 0
    return fine


def main() -> int:
    if sys.argv[1:2] == ["--compare"]:
        plan, names = map(Path, sys.argv[2:])
        records = [Path(name) for name in json.loads(names.read_text())]
        expected = dict(np.load(names.with_name("expected.npz")))
        print(json.dumps(compare(plan, records, expected)))
        return 0
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", type=Path, help="a folder")
    parser.add_argument("onnx", type=Path, nargs="+")
    parser.add_argument("--first", type=int, metavar="N", help="only so many records")
    args = parser.parse_args()
    records = list_records([args.records])[: args.first]
    fine = True
    for onnx in args.onnx:
        with TemporaryDirectory() as folder:
            fine &= check_model(onnx, records, Path(folder))
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
