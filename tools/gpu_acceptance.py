"""Check TensorRT on this machine's GPU and print one table.

    python tools/gpu_acceptance.py
    python tools/gpu_acceptance.py --records data/training2017 --flavour rtx
    python tools/gpu_acceptance.py --rehearse        # no GPU: CPU plans in TensorRT's place

The checks are those of ``pytest -m gpu`` (tests/gpu/acceptance.py). Exit code 1 if one fails.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "gpu"))

import acceptance

import ecgrt

WIDTHS = (12, 44, 34, 8, 6)


def line(*cells: str) -> str:
    """Return one line of the table."""
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, WIDTHS, strict=True)).rstrip()


def main() -> int:
    """Run every check; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "cinc17.onnx")
    parser.add_argument("--records", type=Path, default=ROOT / "examples" / "records")
    parser.add_argument("--flavour", choices=("auto", "enterprise", "rtx"), default="auto")
    parser.add_argument("--rehearse", action="store_true", help="CPU plans in TensorRT's place")
    parser.add_argument("--hours", type=float, default=24.0, help="of the long record")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        try:
            setup = acceptance.prepare(
                args.model, args.records, Path(folder), flavour=args.flavour, rehearse=args.rehearse
            )
        except (ecgrt.BackendUnavailableError, ecgrt.PlanError, ImportError, OSError) as error:
            parser.exit(2, f"gpu_acceptance: error: {error}\n")
        setup.long_samples = round(args.hours * 3600 * setup.metadata.sampling_rate)
        failed = print_table(setup)
    if args.rehearse:
        print("a rehearsal with CPU plans: it says nothing of TensorRT")
    print(f"{failed} failed" if failed else "all passed")
    return 1 if failed else 0


def print_table(setup: acceptance.Setup) -> int:
    """Run every check and print its rows as they come; return how many failed."""
    print(line("check", "of", "max |Δp|, or min / median / p99", "limit", "passed"))
    failed = 0
    for check in acceptance.CHECKS:
        for row in check(setup):
            passed = {True: "yes", False: "NO", None: ""}[row.passed]
            print(line(row.check, row.subject, row.value, row.limit, passed), flush=True)
            failed += row.passed is False
    return failed


if __name__ == "__main__":
    sys.exit(main())
