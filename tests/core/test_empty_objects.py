"""Objects that `__new__` made and nothing filled: a TypeError, never memory that nobody wrote."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: By class: everything that reads an object of it.
USES = {
    "Classifier": "repr copy.copy pickle.dumps {}.predict([1.0]) {}.stream() {}.plan {}.metadata",
    "Prediction": "repr pickle.dumps {}.label {}.probabilities {}.beats {}.to_dict() {}.quality",
    "Quality": "repr {}.readable {}.spans {}.warnings",
    "Stream": "repr {}.push([1.0]) {}.skip(1) {}.running() {}.finish() {}.restart() {}.beats {}.fs",
    "Decision": "repr pickle.dumps {}.start {}.prediction {}.label {}.to_dict()",
}

PROGRAM = """
import copy, pickle, sys
import numpy, ecgrt
from ecgrt import _core
made = getattr(_core, sys.argv[1])
for use in sys.argv[2:]:
    empty = made.__new__(made)
    try:
        eval(use.format("empty") if "{}" in use else use + "(empty)")
    except TypeError as error:
        assert "is empty" in str(error), (use, error)
    else:
        assert use == "copy.copy", use  # which reads nothing
"""


@pytest.mark.parametrize("name", USES)
def test_an_empty_object_is_refused(name: str) -> None:
    """In a process of its own, which a fault would end."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, name, *USES[name].split()],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
