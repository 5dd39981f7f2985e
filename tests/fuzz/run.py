"""Runs one of the Python targets under atheris: ``python tests/fuzz/run.py onnx corpus/onnx``.

What follows the target's name are libFuzzer's own arguments. README.md says more.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1]))  # tests/family.py

with atheris.instrument_imports(include=["ecgrt", "zipfile"]):
    from targets import TARGETS


def main() -> None:
    """Fuzz the target that the first argument names."""
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
