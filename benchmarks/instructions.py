"""Count the instructions of loading a plan and of answering, under callgrind.

Times differ from run to run and from machine to machine; instruction counts hardly do, so a
growth of a percent shows. They say nothing of caches and memory: for that there is ecgrt-bench::

    python benchmarks/instructions.py --plan model.plan --json new.json
    python benchmarks/instructions.py --compare old.json new.json

Needs valgrind, which knows no AVX-512: the kernels are those of AVX2, or of SSE2 with ``--isa``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

#: What a process does, and what is left of its count once another's is taken away.
STAGES: dict[str, tuple[str, str, int]] = {
    "import": ("import ecgrt", "pass", 1),
    "load": ("c = load()", "import ecgrt", 1),
    "first answer": ("c = load(); predict(c, 300)", "c = load()", 1),
    "answer": ("c = load(); predict(c, 300, 3)", "c = load(); predict(c, 300)", 2),
    "answer, resampled from 250 Hz": (
        "c = load(); predict(c, 300); predict(c, 250, 3)",
        "c = load(); predict(c, 300); predict(c, 250)",
        2,
    ),
}
#: Growth that is more than chance; GitHub shows lines that begin with ``::warning`` as warnings.
GROWTH = 0.01
#: What every process starts with. The record lasts 30 s.
PROGRAM = """
import sys
import numpy as np

def load():
    import ecgrt
    return ecgrt.Classifier(sys.argv[1], threads=1)

def predict(classifier, fs, times=1):
    x = (1000 * np.sin(np.arange(30 * fs) * (0.3 + np.arange(30 * fs) % 7))).astype(np.int16)
    for _ in range(times):
        classifier.predict(x, fs=fs)

"""


def count(statements: str, plan: Path, isa: str) -> int:
    """Instructions of a Python process."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "callgrind.out"
        environment = {
            **os.environ,
            "ECGRT_FORCE_ISA": isa,
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONHASHSEED": "0",
        }
        valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--quiet"]
        python = [sys.executable, "-c", PROGRAM + statements, str(plan)]
        subprocess.run([*valgrind, *python], check=True, env=environment)
        (total,) = re.findall(r"^(?:totals|summary): (\d+)$", out.read_text(), re.MULTILINE)[:1]
    return int(total)


def measure(plan: Path, isa: str) -> dict[str, int]:
    """Instructions of each stage."""
    programs = {statements for do, without, _ in STAGES.values() for statements in (do, without)}
    counts = {statements: count(statements, plan, isa) for statements in sorted(programs)}
    return {
        stage: (counts[do] - counts[without]) // times
        for stage, (do, without, times) in STAGES.items()
    }


def table(old: dict[str, int] | None, new: dict[str, int]) -> str:
    """Markdown, in millions of instructions."""
    lines = ["| stage | before | now | growth |", "|---|--:|--:|--:|"]
    for stage, instructions in new.items():
        before = (old or {}).get(stage)
        growth = f"{instructions / before - 1:+.2%}" if before else ""
        told = f"{before / 1e6:.1f}" if before else ""
        lines.append(f"| {stage} | {told} | {instructions / 1e6:.1f} | {growth} |")
    return "\n".join(["Millions of instructions:", "", *lines])


def grown(old: dict[str, int], new: dict[str, int]) -> list[str]:
    """Stages that take noticeably more instructions than before."""
    return [stage for stage, n in new.items() if n > (1 + GROWTH) * old.get(stage, n)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--plan", type=Path, help="a CPU plan to measure")
    parser.add_argument("--isa", default="avx2", help="kernels to take (default: avx2)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the counts")
    parser.add_argument(
        "--compare", type=Path, nargs=2, metavar=("OLD", "NEW"), help="compare two such files"
    )
    args = parser.parse_args()
    if args.compare:
        old, new = (json.loads(path.read_text(encoding="utf-8")) for path in args.compare)
        print(table(old, new))
        for stage in grown(old, new):
            print(f"::warning title=Instructions::{stage!r} takes over {GROWTH:.0%} more of them")
        return
    if not args.plan:
        parser.error("give --plan or --compare")
    counts = measure(args.plan, args.isa)
    if args.json:
        args.json.write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")
    print(table(None, counts))


if __name__ == "__main__":
    main()
