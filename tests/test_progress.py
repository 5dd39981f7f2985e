"""Progress goes to a terminal, and never into a log."""

from __future__ import annotations

import io
import sys

import pytest

from ecgrt import _progress as progress


class Terminal(io.StringIO):
    """A stderr that is a terminal."""

    def isatty(self) -> bool:
        return True


def test_silent_without_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress.track(iter("abc"), total=3, desc="letters")) == ["a", "b", "c"]
    assert capsys.readouterr() == ("", "")


def test_plain_lines_without_tqdm(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr(progress, "INTERVAL", 0.0)
    assert list(progress.track("ab", desc="letters")) == ["a", "b"]
    assert list(progress.track(iter([1]))) == [1]
    assert terminal.getvalue().splitlines() == [
        "letters: 1 of 2",
        "letters: 2 of 2",
        "letters: 2 of 2, done",
        "1 of 1",
        "1 of 1, done",
    ]


def test_bar_with_tqdm(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tqdm")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert list(progress.track("ab", desc="letters")) == ["a", "b"]
    assert "letters: 100%" in terminal.getvalue()
    assert "2/2" in terminal.getvalue()
