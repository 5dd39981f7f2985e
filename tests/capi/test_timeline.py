"""Timelines of the library for C are those of Python, to the bit, on real records."""

from __future__ import annotations

import ctypes
import platform
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from cpp_builds import CMAKE, COMPILER, CppBuilds, run

import ecgrt
from ecgrt.records import Record
from ecgrt.rhythm.episodes import NOISE
from ecgrt.rhythm.states import UNREADABLE, Settings
from ecgrt.shipped import PLAN

FS = 300
REASONS = {-1: NOISE, 0: "missing", 1: "flat", 2: "rail"}
INT16, MISSING = 0, np.iinfo(np.int16).min

pytestmark = pytest.mark.skipif(not (CMAKE and COMPILER), reason="needs cmake and a C++ compiler")


class Signal(ctypes.Structure):
    _fields_ = (
        ("samples", ctypes.c_void_p),
        ("type", ctypes.c_int32),
        ("stride", ctypes.c_ssize_t),
        ("count", ctypes.c_size_t),
        ("sampling_rate", ctypes.c_double),
        ("microvolts", ctypes.c_double),
    )


class Options(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_size_t),
        *((name, ctypes.c_double) for name in ("sampling_rate", "microvolts")),
        *((name, ctypes.c_double) for name in ("window", "hop", "smoothing", "margin", "shortest")),
        ("cancel", ctypes.c_void_p),
        ("context", ctypes.c_void_p),
    )


class Span(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_double) for name in ("start", "end", "probability")),
        ("label", ctypes.c_char_p),
        ("state", ctypes.c_int32),
        ("reason", ctypes.c_int32),
    )


class Gap(ctypes.Structure):
    _fields_ = (("start", ctypes.c_double), ("end", ctypes.c_double), ("reason", ctypes.c_int))


class Burden(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_double) for name in ("share", "expected", "seconds"))


class Timeline:
    """Of the C API, of a whole record."""

    def __init__(self, library: ctypes.CDLL, samples: np.ndarray, settings: Settings) -> None:
        self._library = library
        self._classifier, self._handle = ctypes.c_void_p(), ctypes.c_void_p()
        options = Options(ctypes.sizeof(Options), FS, 1.0, **vars(settings))
        self.call("classifier_open", str(PLAN).encode(), None, ctypes.byref(self._classifier))
        self.call(
            "timeline_open",
            self._classifier,
            ctypes.byref(options),
            ctypes.byref(self._handle),
        )
        for first in range(0, samples.size, 50 * FS):
            chunk = samples[first : first + 50 * FS]
            signal = Signal(chunk.ctypes.data, INT16, 0, chunk.size, 0.0, 0.0)
            self.call("timeline_push", self._handle, ctypes.byref(signal))
        self.call("timeline_finish", self._handle)

    def call(self, name: str, *arguments: object) -> None:
        status = getattr(self._library, f"ecgrt_{name}")(*arguments)
        assert status == 0, ctypes.c_char_p(self._library.ecgrt_last_error()).value

    def close(self) -> None:
        self._library.ecgrt_timeline_close(self._handle)
        self._library.ecgrt_classifier_close(self._classifier)

    def number(self, name: str) -> float:
        ask = getattr(self._library, f"ecgrt_timeline_{name}")
        ask.restype = ctypes.c_double
        return float(ask(self._handle))

    def count(self, name: str) -> int:
        return int(getattr(self._library, f"ecgrt_timeline_{name}_count")(self._handle))

    def all(self, name: str, kind: type[ctypes.Structure], count: str = "") -> Iterator[tuple]:
        """Every field of every entry."""
        for index in range(self.count(count or name)):
            found = kind()
            self.call(f"timeline_{name}", self._handle, ctypes.c_size_t(index), ctypes.byref(found))
            yield tuple(getattr(found, field[0]) for field in kind._fields_)

    def array(self, name: str, size: int) -> np.ndarray:
        ask = getattr(self._library, f"ecgrt_timeline_{name}")
        ask.restype = ctypes.POINTER(ctypes.c_double)
        return np.ctypeslib.as_array(ask(self._handle), (size,)).copy()

    def states(self) -> list[int]:
        ask = self._library.ecgrt_timeline_step_state
        ask.restype = ctypes.c_int32
        return [ask(self._handle, ctypes.c_size_t(i)) for i in range(self.count("step"))]


@pytest.fixture(scope="module")
def samples(records: Path) -> np.ndarray:
    """Eleven minutes, a real record of the MIT-BIH database in them, and gaps of each kind."""
    real, normal, af = (
        np.asarray(ecgrt.read_record(records / name).signal) for name in ("S0001", "S0004", "S0006")
    )
    parts = (
        np.resize(real, 60 * FS),
        np.resize(normal, 90 * FS),
        np.resize(af, 100 * FS),
        np.full(60 * FS, MISSING),
        np.resize(af, 30 * FS),
        np.full(80 * FS, 40),
        np.resize(normal, 25 * FS),
        np.full(3 * FS, MISSING),
        np.resize(normal, 100 * FS),
        np.resize(af, 117 * FS - 101),
    )
    return np.concatenate(parts).round().astype(np.int16)


@pytest.fixture(scope="module")
def library(cpp_builds: CppBuilds) -> ctypes.CDLL:
    suffix = "dylib" if platform.system() == "Darwin" else "so"
    (found,) = cpp_builds[""].rglob(f"libecgrt.{suffix}")
    return ctypes.CDLL(str(found))


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(hop=7.3, smoothing=45, margin=0.05, shortest=20),
        Settings(window=12, hop=0.9, smoothing=3, margin=0.4, shortest=61),
    ],
    ids=["default", "odd", "fine"],
)
def test_c_and_python_tell_the_same(
    library: ctypes.CDLL, samples: np.ndarray, settings: Settings
) -> None:
    expected = ecgrt.timeline(ecgrt.Classifier(), Record("spliced", samples, FS), settings=settings)
    found = Timeline(library, samples, settings)
    spans = [
        (start, end, label.decode(), probability, REASONS[reason] if state < 0 else "")
        for start, end, probability, label, state, reason in found.all("span", Span)
    ]
    np.testing.assert_equal(
        spans, [(s.start, s.end, s.label, s.probability, s.reason) for s in expected.spans]
    )
    assert {"AF", "not AF", UNREADABLE} == {span[2] for span in spans}
    gaps = tuple((*edges, REASONS[reason]) for *edges, reason in found.all("gap", Gap))
    assert gaps == expected.gaps
    burdens = list(found.all("burden", Burden, "state"))
    assert burdens == [(b.share, b.expected, b.seconds) for b in expected.burdens]
    assert found.states() == expected.states.tolist()
    probabilities = found.array("probabilities", expected.probabilities.size)
    np.testing.assert_array_equal(probabilities, expected.probabilities.ravel())
    beats = found.array("beats", found.count("beat"))
    np.testing.assert_array_equal(beats, expected.heart_rate.beats)
    assert found.number("seconds") == expected.duration
    assert found.number("readable") == expected.readable
    found.close()


def test_the_example_tells_it(cpp_builds: CppBuilds, samples: np.ndarray, tmp_path: Path) -> None:
    """``examples/c/timeline.c``, built against an installed tree."""
    prefix, build = tmp_path / "installed", tmp_path / "build"
    run(str(CMAKE), "--install", cpp_builds[""], "--prefix", prefix)
    run(str(CMAKE), "-S", ROOT / "examples" / "c", "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}")
    run(str(CMAKE), "--build", build, "--target", "timeline")
    record = tmp_path / "spliced.mat"
    record.write_bytes(bytes(24) + samples.tobytes())
    expected = ecgrt.Classifier().timeline(Record("spliced", samples, FS))
    lines = [
        f"{s.start:.1f} to {s.end:.1f} s: {s.label} ({s.reason or f'{s.probability:.3f}'})"
        for s in expected.spans
    ]
    lines += [
        f"{label}: {burden.share:.4f} of the time that can be read, {burden.seconds:.1f} s"
        for label, burden in zip(expected.classes, expected.burdens, strict=True)
    ]
    lines.append(f"readable: {expected.readable:.4f}")
    assert run(build / "timeline", PLAN, record).splitlines() == lines


def test_the_structs_are_those_of_the_header() -> None:
    """What is written above of their fields follows the header's order."""
    header = (ROOT / "include" / "ecgrt" / "timeline.h").read_text(encoding="utf-8")
    for kind, name in ((Options, "timeline_options"), (Span, "span"), (Burden, "burden")):
        body = re.search(rf"struct ecgrt_{name} {{(.*?)}} ecgrt_{name};", header, re.DOTALL)
        assert body
        text = re.sub(r"/\*.*?\*/", "", body[1], flags=re.DOTALL)
        names = re.findall(r"\(\*(\w+)\)\(|(\w+)(?=[;,])", text)
        assert [a or b for a, b in names] == [field[0] for field in kind._fields_]
