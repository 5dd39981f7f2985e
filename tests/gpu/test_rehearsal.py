"""The checks of acceptance.py themselves, run with CPU plans in the place of TensorRT's."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator
from pathlib import Path

import acceptance
import numpy as np
import pytest
import trtexec
from acceptance import Row, Setup

OUTPUT = """\
[11/20/2026-10:00:00] [I] === Performance summary ===
[11/20/2026-10:00:00] [I] Throughput: 1300.3 qps
[11/20/2026-10:00:00] [I] Latency: min = 0.512 ms, max = 1.5 ms, mean = 0.6 ms, \
median = 0.55 ms, percentile(90%) = 0.6 ms, percentile(95%) = 0.7 ms, percentile(99%) = 0.81 ms
[11/20/2026-10:00:00] [I] H2D Latency: min = 0.004 ms, max = 0.1 ms, mean = 0.01 ms, \
median = 0.005 ms, percentile(90%) = 0.02 ms, percentile(95%) = 0.02 ms, percentile(99%) = 0.05 ms
"""


@pytest.fixture(scope="module")
def setup(model: Path, records: Path, tmp_path_factory: pytest.TempPathFactory) -> Setup:
    folder = tmp_path_factory.mktemp("rehearsal")
    made = acceptance.prepare(model, records, folder, rehearse=True)
    made.signals = dict(list(made.signals.items())[:3])
    made.lengths = (1, 2, 5)
    made.long_samples = 100 * 256
    made.calls = 3
    return made


@pytest.mark.parametrize("check", acceptance.CHECKS, ids=lambda check: check.__name__)
def test_check_passes(setup: Setup, check: Callable[[Setup], Iterator[Row]]) -> None:
    rows = list(check(setup))
    assert rows
    assert [row for row in rows if row.passed is False] == []
    if check is not acceptance.check_latency:
        assert any(row.passed for row in rows)


class Wrong:
    """A classifier whose answers are a little off, every second one."""

    def __init__(self, real: acceptance.ecgrt.Classifier) -> None:
        self.real = real
        self.backend = real.backend
        self.calls = 0

    def predict(self, x: object) -> types.SimpleNamespace:
        right = self.real.predict(x)  # type: ignore[arg-type]
        self.calls += 1
        shifted = right.segment_probabilities + np.float32(0.01 * (self.calls % 2))
        label = "wrong" if self.calls % 2 else right.label
        return types.SimpleNamespace(segment_probabilities=shifted, label=label)

    def predict_batch(self, xs: list[object]) -> list[types.SimpleNamespace]:
        return [self.real.predict(x) for x in xs]  # type: ignore[arg-type,misc]


@pytest.mark.parametrize("check", acceptance.CHECKS[:-1], ids=lambda check: check.__name__)
def test_check_notices_a_wrong_answer(
    setup: Setup, check: Callable[[Setup], Iterator[Row]], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {precision: Wrong(real) for precision, real in setup.classifiers.items()}
    monkeypatch.setattr(setup, "classifiers", wrong)
    rows = [row for row in check(setup) if row.subject != setup.cpu.backend]
    assert any(row.passed is False for row in rows)


def test_latency_beside_trtexec(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "flavour", "tensorrt")
    monkeypatch.setattr(trtexec, "find", lambda rtx: "trtexec")
    for theirs, passed in [(1e9, True), (1e-9, False)]:
        latency = trtexec.Latency(theirs, theirs, theirs)
        monkeypatch.setattr(trtexec, "measure", lambda *_, latency=latency: latency)
        ratios = [row.passed for row in acceptance.check_latency(setup) if row.limit]
        assert ratios == [passed, passed]


def test_trtexec_output() -> None:
    latency = trtexec.parse(OUTPUT)
    assert latency == trtexec.Latency(0.512, 0.55, 0.81)
    assert str(latency) == "0.512 / 0.550 / 0.810 ms"
    with pytest.raises(ValueError, match="printed no latency"):
        trtexec.parse("&&&& FAILED TensorRT.trtexec")


def test_trtexec_command() -> None:
    plan = Path("model.plan")
    for major, rtx, transfers in [(11, False, True), (10, False, False), (1, True, False)]:
        line = trtexec.command("trtexec", plan, 8960, major, rtx)
        assert line[:3] == ["trtexec", "--loadEngine=model.plan", "--shapes=signal:1x8960x1"]
        assert "--useCudaGraph" in line
        assert ("--includeDataTransfers" in line) is transfers
