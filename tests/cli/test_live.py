"""``ecgrt-predict --live``: a record replayed as a stream, on a clock of the test's own."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pytest
from commands import exit_code

import ecgrt
from ecgrt.cli.live import replay


class Clock:
    """Time passes by waiting only."""

    def __init__(self, ends: float = np.inf) -> None:
        self.now, self.ends = 100.0, ends

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds
        if self.now > 100 + self.ends:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def classifier() -> ecgrt.Classifier:
    return ecgrt.Classifier(threads=1)


def asked(*records: object, speed: float = 1.0, json: str | None = None) -> argparse.Namespace:
    return argparse.Namespace(
        records=[str(one) for one in records],
        speed=speed,
        json=json,
        fs=250,
        unit="uV",
        lead=None,
        min_confidence=0.0,
    )


@pytest.fixture(scope="module")
def minute(records: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    signal = ecgrt.read_record(records / "S0006").signal
    path = tmp_path_factory.mktemp("live") / "<script>.npy"
    np.save(path, np.resize(signal, 46 * 250).astype(np.int16))
    return path


@pytest.mark.parametrize("speed", [1, 8])
def test_it_keeps_the_time_and_tells_as_decisions_fall(
    speed: float,
    minute: Path,
    classifier: ecgrt.Classifier,
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    assert replay(classifier, asked(minute, speed=speed), wait=clock.wait, clock=clock) == 0
    assert clock.now - 100 == pytest.approx(46 / speed)
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [(line[0], line[1], line[5]) for line in lines] == [
        ("00:00:00", "00:00:10", "so far"),
        ("00:00:00", "00:00:20", "so far"),
        ("00:00:00", "00:00:30", "final"),
        ("00:00:10", "00:00:40", "final"),
        ("00:00:20", "00:00:46", "final"),
    ]
    assert {line[2] for line in lines} == {"A"}


def test_ctrl_c_tells_what_there_was(
    minute: Path, classifier: ecgrt.Classifier, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = Clock(ends=37.5)
    with pytest.raises(KeyboardInterrupt):
        replay(classifier, asked(minute, json="-"), wait=clock.wait, clock=clock)
    facts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["state"], one["start"], one["end"]) for one in facts] == [
        ("so far", 0, 10),
        ("so far", 0, 20),
        ("final", 0, 30),
        ("final", 10, 37),
    ]


def test_the_command(minute: Path, records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--fs", 250, "--unit", "uV", "--live", "--speed", "inf")
    assert exit_code("predict", minute, *options) == 0
    assert len(capsys.readouterr().out.splitlines()) == 5
    assert exit_code("predict", records, *options) == 2
    assert "--live replays one record, and these are 10" in capsys.readouterr().err
    for speed in ("0", "-1", "nan", "fast"):
        assert exit_code("predict", minute, *options[:-1], speed) == 2
    assert exit_code("predict", minute, *options, "--json", "file.json") == 2
    assert "--json takes no file" in capsys.readouterr().err


def test_the_time_of_day_is_told_where_the_file_knows_it(
    classifier: ecgrt.Classifier, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header = "a 1 250 2500 23:59:55 01/03/2026\na.dat 16 1000/mV 16 0 0 0 0 II\n"
    (tmp_path / "a.hea").write_text(header)
    (1000 * np.sin(np.arange(2500) / 9)).astype("<i2").tofile(tmp_path / "a.dat")
    pytest.importorskip("wfdb", reason='needs pip install "ecgrt[formats]"')
    options = asked(tmp_path / "a", speed=np.inf)
    options.fs = options.unit = None
    assert replay(classifier, options) == 0
    assert capsys.readouterr().out.startswith("23:59:55\t00:00:05\t")
