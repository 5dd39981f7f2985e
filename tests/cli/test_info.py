"""ecgrt-info and python -m ecgrt."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from commands import exit_code

import ecgrt
from ecgrt import _core
from ecgrt.cli import info
from ecgrt.shipped import PLAN


def test_text_says_what_is_here(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ECGRT_NUM_THREADS", "3")
    monkeypatch.delenv("ECGRT_PLAN", raising=False)
    assert exit_code("info") == 0
    text = capsys.readouterr().out
    assert f"ecgrt      {ecgrt.__version__}\n" in text
    assert _core.supported_isas()[0] in text
    assert f"plan       {PLAN}\n" in text
    assert "ECGRT_NUM_THREADS '3'" in text
    assert "ECGRT_PLAN        (not set)" in text


def test_json_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("info", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["cpu"]["instruction_sets"] == _core.supported_isas()
    assert set(facts["environment"]) == set(info.VARIABLES)
    assert facts["extras"]["build"] == []  # what the tests themselves need


def test_extras_name_what_they_lack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "importlib.metadata.requires",
        lambda name: [
            "numpy>=1.24",
            'numpy>=1.24; extra == "train"',
            'no-such-package[extra]>=3; extra == "train"',
            "no-such-package-either>=3; platform_machine == 'z80' and extra == 'train'",
        ],
    )
    assert info.collect()["extras"]["train"] == ["no-such-package"]


def test_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ecgrt", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"ecgrt-info {ecgrt.__version__}\n"
