"""The interpreter ends while other threads are at work in the core: at once, and without a word."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys, threading, warnings
import numpy as np, ecgrt
warnings.simplefilter("ignore")
plan, call = sys.argv[1:]
classifier = ecgrt.Classifier(plan, threads=2)
short = np.random.default_rng(1).normal(0, 200, 3_000).astype(np.float32)
long = np.tile(short, 1_000)
begun = threading.Event()

record = ecgrt.Record("hours", long, fs=300.0)
stream = classifier.stream(300, unit="uV")

calls = {
    "predict": lambda: classifier.predict(short),
    "predict of hours": lambda: classifier.predict(long),
    "predict_batch": lambda: classifier.predict_batch([short] * 3),
    "timeline": lambda: classifier.timeline(record),
    "stream": lambda: stream.push(short),
    "stream of hours": lambda: stream.push(long),
    "Classifier": lambda: ecgrt.Classifier(plan),
    "find_evidence": lambda: ecgrt.find_evidence(long, 300),
}

def work():
    begun.set()
    while True:
        calls[call]()

for _ in range(2):
    threading.Thread(target=work, daemon=True).start()
    begun.wait()
    begun.clear()
classifier.predict(short)  # so long have they worked
sys.exit(7)
"""

CALLS = re.findall(r'"(.*)": lambda', PROGRAM)


@pytest.mark.parametrize("call", CALLS)
def test_an_exit_while_the_core_is_at_work(call: str, plan: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(plan), call],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (7, "", "")
