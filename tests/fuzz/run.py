"""Runs one of the Python targets under atheris: ``python tests/fuzz/run.py onnx corpus/onnx``.

What follows the target's name are libFuzzer's own arguments. README.md says more.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1]))  # tests/family.py

# What is imported where it is used would stay unseen.
READERS = ("wfdb", "edfio", "pydicom", "ecgdatakit")
with atheris.instrument_imports(include=["ecgrt", "zipfile", *READERS]):
    from targets import TARGETS

    from ecgrt.records.registry import all_formats

    all_formats()
    for package in READERS:
        importlib.import_module(package)


def main() -> None:
    """Fuzz the target that the first argument names."""
    name = sys.argv.pop(1)
    atheris.Setup(sys.argv, TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
