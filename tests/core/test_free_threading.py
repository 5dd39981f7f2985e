"""Python without its lock: the extension asks for none, and threads get the same answers."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

import ecgrt

THREADS = 8


@pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="needs a free-threaded Python"
)
def test_the_extension_leaves_the_lock_off() -> None:
    """An extension that does not say that it needs none turns it on, with a warning."""
    code = "import ecgrt._core, sys; print(sys._is_gil_enabled())"
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_threads_share_whatever_there_is(records: Path) -> None:
    """A classifier, a stream, a prediction: used by all at the same time."""
    record = ecgrt.read_record(records / "S0009")
    signal = np.asarray(record.signal)
    classifier = ecgrt.Classifier(threads=2)
    expected = classifier.predict(record)
    timeline = classifier.timeline(record).states.tolist()
    stream = classifier.stream(record.fs, hop=1)
    rhythm, evidence = ecgrt.find_beats(signal, record.fs), ecgrt.find_evidence(signal, record.fs)
    start = Barrier(THREADS)

    def use_all(_: int) -> int:
        start.wait()
        made = 0
        for first in range(0, signal.size, 3000):
            made += len(stream.push(signal[first : first + 3000]))
            stream.running()
            repr(stream)
        assert classifier.timeline(record).states.tolist() == timeline
        np.testing.assert_array_equal(ecgrt.find_beats(signal, record.fs), rhythm)
        assert ecgrt.find_evidence(signal, record.fs) == evidence
        for prediction in (classifier.predict(record), *classifier.predict_batch([record] * 2)):
            assert prediction.to_dict() == expected.to_dict()
        np.testing.assert_array_equal(expected.segment_labels, prediction.segment_labels)
        return made

    with ThreadPoolExecutor(THREADS) as executor:
        made = sum(executor.map(use_all, range(THREADS)))
    seconds = THREADS * signal.size / record.fs
    assert stream.seconds == pytest.approx(seconds)
    assert made == int(seconds - stream.window) + 1
