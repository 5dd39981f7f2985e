"""Importing ecgrt is light, and its versions agree."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib import metadata

import pytest
from conftest import ROOT

import ecgrt
from ecgrt import _core

HEAVY = ("keras", "onnx", "onnxruntime", "openvino", "scipy", "tensorflow", "tensorrt", "tqdm")


@pytest.mark.parametrize(
    "module", ["ecgrt", "ecgrt.cli", "ecgrt.challenge.evaluate", "ecgrt.bench"]
)
def test_import_brings_nothing_heavy(module: str) -> None:
    program = f"import {module}, json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    modules = set(json.loads(done.stdout))
    assert "ecgrt._core" in modules
    assert modules.isdisjoint(HEAVY)


def test_versions_agree() -> None:
    (stated,) = re.findall(
        r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert ecgrt.__version__ == _core.__version__ == metadata.version("ecgrt") == stated


def test_public_names_exist() -> None:
    assert all(hasattr(ecgrt, name) for name in ecgrt.__all__)
    assert issubclass(ecgrt.PlanError, RuntimeError)
    assert issubclass(ecgrt.BackendUnavailableError, RuntimeError)
