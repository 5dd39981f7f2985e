"""Time a record of many hours, and compare its start with the same stretch in one piece.

On an idle machine::

    python benchmarks/long_record.py --plan model.plan --hours 24 --threads 2
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np

import ecgrt
from ecgrt.records.base import read_record

SAMPLES = Path(__file__).parents[1] / "examples" / "records"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    classifier = ecgrt.Classifier(args.plan, threads=args.threads)
    pieces = [read_record(SAMPLES / f"S{i:04d}").signal for i in range(1, 11)]
    once = np.concatenate(pieces).astype(np.int16)
    signal = np.resize(once, round(args.hours * 3600 * classifier.sampling_rate))
    start = time.perf_counter()
    prediction = classifier.predict(signal)
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{args.hours:g} h, {len(signal)} samples, {args.threads} threads on {classifier.backend}: "
        f"{seconds:.1f} s, {args.hours * 3600 / seconds:.0f} x real time, peak {peak:.0f} MiB"
    )
    segments = prediction.segment_probabilities
    # A shorter cut has other windows: where both know all of the context, they must agree.
    size, context = classifier.samples_per_segment, int(classifier.metadata["context_segments"])
    count = min(len(segments), 700) - context
    shorter = classifier.predict(signal[: (count + context) * size]).segment_probabilities
    difference = np.abs(shorter[:count] - segments[:count]).max()
    print(f"windows of another cut differ by at most {difference:.1e}")


if __name__ == "__main__":
    main()
