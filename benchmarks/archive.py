"""Time ``ecgrt-score`` on a table of short synthetic records.

On an idle machine::

    python benchmarks/archive.py --records 20000 --seconds 10

The records are pieces of the sample records with noise of their own, 16-bit numbers in one Parquet
file. The time is that of a new process from its start to its end, so that starting workers, loading
the plan and writing the answers are in it.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ecgrt.records import read_record

SAMPLES = Path(__file__).parents[1] / "examples" / "records"
RATE = 300
#: Records of a row group.
GROUP = 5000
PROGRAM = """
import sys
from ecgrt.cli.score import main
if __name__ == "__main__":  # which workers import it without
    sys.exit(main())
"""


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--plan", type=Path, help="default: the one that comes with ecgrt")
    parser.add_argument("--workers", type=int, help="default: one for each core")
    parser.add_argument("--ray", action="store_true", help="on a Ray cluster of this machine")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder, "records.parquet")
        make_table(table, args.records, args.seconds * RATE)
        program = Path(folder, "run.py")
        program.write_text(PROGRAM)
        command = [sys.executable, program, table, "--out", Path(folder, "answers.parquet")]
        for name in ("plan", "workers"):
            if (value := getattr(args, name)) is not None:
                command += [f"--{name}", str(value)]
        start = time.perf_counter()
        subprocess.run([*command, *(["--ray"] if args.ray else [])], check=True)
        wall = time.perf_counter() - start
        size = table.stat().st_size / 1e6
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime
    print(
        f"{args.records} records of {args.seconds} s ({size:.0f} MB) in {wall:.1f} s: "
        f"{args.records / wall:.0f} a second; {1e3 * cpu / args.records:.2f} ms of CPU each, "
        f"{cpu / args.records * 1e6 / 3600:.2f} core hours a million"
    )


def make_table(path: Path, count: int, length: int) -> None:
    """Write `count` records of `length` samples in microvolts, the same ones each time."""
    rng = np.random.default_rng(0)
    whole = np.concatenate([read_record(SAMPLES / f"S{i:04d}").signal for i in range(1, 11)])
    schema = pa.schema({"name": pa.string(), "signal": pa.list_(pa.int16())})
    schema = schema.append(pa.field("fs", pa.float64())).append(pa.field("unit", pa.string()))
    with pq.ParquetWriter(path, schema) as writer:
        for first in range(0, count, GROUP):
            numbers = range(first, min(first + GROUP, count))
            starts = rng.integers(0, whole.size - length, len(numbers))
            signals = [
                (whole[start : start + length] + rng.normal(0, 10, length)).astype(np.int16)
                for start in starts
            ]
            columns = [
                [f"R{number:07d}" for number in numbers],
                pa.array(signals, pa.list_(pa.int16())),
                [float(RATE)] * len(numbers),
                ["uV"] * len(numbers),
            ]
            writer.write_table(pa.table(columns, schema=schema))


if __name__ == "__main__":
    main()
