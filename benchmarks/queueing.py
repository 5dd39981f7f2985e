"""Simulate how long requests wait for workers that are busy: the tail of latency by utilisation.

    pip install ".[bench]"
    python benchmarks/queueing.py --seconds 10                # of the plan that comes with ecgrt
    python benchmarks/queueing.py --milliseconds 4.5          # each request takes so long

Requests come at random (a Poisson process, which many patients or streams together are close to),
wait in one queue, first come first served, and are answered by N workers of one thread each. How
long an answer takes is drawn from times that are measured here, of the sample records on one
thread; what a network and a server add is not in it. Needs simpy.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

SAMPLES = Path(__file__).parents[1] / "examples" / "records"
WORKERS = (1, 2, 8, 32)
UTILISATIONS = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
#: Share of the requests, the first ones, that find the queue emptier than it will be.
WARM_UP = 0.1

Times = NDArray[np.float64]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--plan", type=Path, help="default: the one that comes with ecgrt")
    parser.add_argument("--seconds", type=float, default=10, help="length of the records")
    parser.add_argument("--milliseconds", type=float, help="do not measure: each answer takes this")
    parser.add_argument("--requests", type=int, default=100_000)
    args = parser.parse_args(argv)
    if args.milliseconds is None:
        times = measure(args.plan, args.seconds)
    else:
        times = np.array([args.milliseconds / 1e3])
    print(
        f"An answer takes {1e3 * times.mean():.2f} ms in the mean, "
        f"{1e3 * np.percentile(times, 99):.2f} in the 99th percentile.\n"
    )
    print("| workers | utilisation | requests a second | p50, ms | p99, ms | p99.9, ms |")
    print("|---|---|---|---|---|---|")
    for workers in WORKERS:
        for utilisation in UTILISATIONS:
            rate = utilisation * workers / times.mean()
            latency = 1e3 * simulate(times, workers, utilisation, args.requests)
            figures = " | ".join(f"{x:.2f}" for x in np.percentile(latency, [50, 99, 99.9]))
            print(f"| {workers} | {utilisation:.2f} | {rate:.0f} | {figures} |")


def simulate(times: Times, workers: int, utilisation: float, requests: int, seed: int = 0) -> Times:
    """Return how many seconds each request took from its arrival to its answer.

    Parameters
    ----------
    times
        Seconds that answers take, each as likely as the others.
    workers
        How many requests are answered at a time.
    utilisation
        Share of the time that a worker is busy, below 1.
    requests
        How many come; the first tenth of them is left out of what is returned.
    seed
        Of the random numbers.
    """
    if not 0 < utilisation < 1:
        raise ValueError(f"the utilisation is {utilisation}; between 0 and 1 a queue has an end")
    rng = np.random.default_rng(seed)
    between = rng.exponential(times.mean() / (utilisation * workers), requests)
    service = rng.choice(times, requests)
    took = np.zeros(requests)
    world = simpy.Environment()
    desk = simpy.Resource(world, capacity=workers)

    def request(number: int) -> Iterator[Any]:
        came = world.now
        with desk.request() as turn:
            yield turn
            yield world.timeout(service[number])
        took[number] = world.now - came

    def arrivals() -> Iterator[Any]:
        for number in range(requests):
            yield world.timeout(between[number])
            world.process(request(number))

    world.process(arrivals())
    world.run()
    return took[int(WARM_UP * requests) :]


def measure(plan: Path | None, seconds: float, calls: int = 1000) -> Times:
    """Return the seconds of calls of ``predict`` on one thread, each with another piece of ECG."""
    import ecgrt
    from ecgrt.records import read_record

    classifier = ecgrt.Classifier(plan, threads=1)
    whole = np.concatenate([read_record(SAMPLES / f"S{i:04d}").signal for i in range(1, 11)])
    length = round(seconds * 300)
    starts = np.random.default_rng(0).integers(0, whole.size - length, calls)
    times = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ecgrt.SignalWarning)
        classifier.predict(whole[:length], 300)
        for start in starts:
            began = time.perf_counter()
            classifier.predict(whole[start : start + length], 300)
            times.append(time.perf_counter() - began)
    return np.array(times)


if __name__ == "__main__":
    main()
