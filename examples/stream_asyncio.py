"""Several devices, each a stream of its own, in one asyncio program.

    python examples/stream_asyncio.py examples/records/S0004 examples/records/S0006 --speed 10

Here each "device" is a record that is sent second by second; put what receives your samples in the
place of :func:`device`. A push of a second takes a millisecond or two when a decision is due, and
none otherwise; as it runs without the GIL, a thread keeps the loop free for others.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator

import numpy as np
import numpy.typing as npt

import ecgrt


async def device(record: ecgrt.Record, speed: float) -> AsyncIterator[npt.NDArray[np.generic]]:
    """Send a second of the signal each second."""
    second = round(record.fs)
    for first in range(0, record.signal.size, second):
        yield record.signal[first : first + second]
        await asyncio.sleep(1 / speed)


async def follow(classifier: ecgrt.Classifier, record: ecgrt.Record, speed: float) -> None:
    """Print what the stream of one device says."""
    stream = classifier.stream(record.fs)
    async for chunk in device(record, speed):
        for decision in await asyncio.to_thread(stream.push, chunk):
            show(record.name, decision)
    for decision in await asyncio.to_thread(stream.finish):
        show(record.name, decision)


def show(name: str, decision: ecgrt.Decision) -> None:
    """Print a decision."""
    rate = decision.prediction.heart_rate
    beats = "no beats" if rate is None else f"{rate:.0f}/min"
    print(f"{name}  {decision.start:.0f}-{decision.end:.0f} s  {decision.label or '-'}  {beats}")


async def main() -> None:
    """Follow all records at once."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("records", nargs="+")
    parser.add_argument("--speed", type=float, default=1.0)
    args = parser.parse_args()
    classifier = ecgrt.Classifier()
    records = [ecgrt.read_record(path) for path in args.records]
    async with asyncio.TaskGroup() as group:
        for record in records:
            group.create_task(follow(classifier, record, args.speed))


if __name__ == "__main__":
    asyncio.run(main())
