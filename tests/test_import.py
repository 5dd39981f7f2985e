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

HEAVY = (
    "keras",
    "onnx",
    "onnxruntime",
    "openvino",
    "pyarrow",
    "ray",
    "scipy",
    "tensorflow",
    "tensorrt",
    "tqdm",
)


def modules_after(statement: str) -> set[str]:
    program = f"{statement}\nimport json, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    "module",
    [
        "ecgrt",
        "ecgrt.cli.predict",
        "ecgrt.cli.eval",
        "ecgrt.cli.score",
        "ecgrt.challenge.evaluate",
        "ecgrt.bench",
    ],
)
def test_import_brings_nothing_heavy(module: str) -> None:
    modules = modules_after(f"import {module}")
    assert "ecgrt._core" in modules
    assert modules.isdisjoint(HEAVY)


def test_import_brings_numpy_and_the_extension() -> None:
    modules = modules_after("import ecgrt") - modules_after("import numpy")
    others = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names
    assert others == {"ecgrt"}
    assert {m for m in modules if m.startswith("ecgrt.")} == {"ecgrt._core"}


def test_loading_and_answering_bring_nothing_else() -> None:
    """A cold start is short: pathlib alone takes as long to import as a plan to load."""
    use = "ecgrt.Classifier(threads=1).predict(500 * numpy.sin(numpy.arange(9000) / 20))"
    before = modules_after("import numpy, ecgrt")
    assert modules_after(f"import numpy, ecgrt; {use}") - before == {"ecgrt.shipped"}


def test_what_is_loaded_later_is_the_same_thing() -> None:
    from ecgrt import records
    from ecgrt.compile import build

    assert ecgrt.Record is records.Record
    assert ecgrt.read_record is records.read_record
    assert ecgrt.build_plan is build.build_plan
    assert set(ecgrt.__all__) <= set(dir(ecgrt))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        ecgrt.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_versions_agree() -> None:
    (stated,) = re.findall(
        r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert ecgrt.__version__ == _core.__version__ == metadata.version("ecgrt") == stated


def test_public_names_exist() -> None:
    assert all(hasattr(ecgrt, name) for name in ecgrt.__all__)
    assert issubclass(ecgrt.PlanError, RuntimeError)
    assert issubclass(ecgrt.BackendUnavailableError, RuntimeError)
