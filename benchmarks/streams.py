"""Tell how many cores many streams of one classifier need, and how much memory each takes.

On an idle machine::

    python benchmarks/streams.py --streams 10000 --rate 250

Every stream gets a second of signal at a time. In ten seconds each of them makes one decision, on
the last half minute, so that ten rounds are what they cost; half a minute before is not counted.
"""

from __future__ import annotations

import argparse
import resource
import time
from pathlib import Path

import numpy as np

import ecgrt
from ecgrt.records import read_record

SAMPLES = Path(__file__).parents[1] / "examples" / "records"
#: Seconds in which each stream makes one decision.
HOP = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plan", type=Path, help="default: the one that comes with ecgrt")
    parser.add_argument("--streams", type=int, default=10_000)
    parser.add_argument("--rate", type=int, default=250)
    args = parser.parse_args()
    classifier = ecgrt.Classifier(args.plan, threads=1)
    pieces = [read_record(SAMPLES / f"S{i:04d}").signal for i in range(1, 11)]
    signal = np.concatenate(pieces).astype(np.int16)
    before = peak()
    streams = [classifier.stream(args.rate) for _ in range(args.streams)]
    for number, stream in enumerate(streams):  # not all of them decide in the same second
        first = number * 997 % 30_000
        stream.push(signal[first : first + (29 - number % HOP) * args.rate])
    memory = (peak() - before) / args.streams
    decisions, slowest = 0, 0.0
    cpu, start = time.process_time(), time.perf_counter()
    for second in range(HOP):
        chunk = signal[second * args.rate :][: args.rate]
        for stream in streams:
            begun = time.perf_counter()
            decisions += len(stream.push(chunk))
            slowest = max(slowest, time.perf_counter() - begun)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - start
    print(
        f"{args.streams} streams at {args.rate} Hz on {classifier.backend}: {cpu / HOP:.2f} cores "
        f"({1e3 * cpu / max(decisions, 1):.2f} ms of CPU a decision, {decisions} decisions in "
        f"{wall:.1f} s), {memory:.0f} KiB a stream, slowest push {1e3 * slowest:.1f} ms"
    )


def peak() -> float:
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    main()
