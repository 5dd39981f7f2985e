"""What the tests share: the model that ecgrt ships, a plan built from it, the sample records."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest
from cpp_builds import CppBuilds

from ecgrt.compile.cpu_plan import build_cpu_plan
from ecgrt.metadata import ONNX_KEY

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def model() -> Path:
    """The ONNX model that ecgrt ships."""
    return ROOT / "models" / "cinc17.onnx"


@pytest.fixture(scope="session")
def bare_model(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model without what prepares its signal: many tests hand in a second or two.

    What stands in front of the network and withholds labels has its own tests, in tests/signal and
    tests/core/test_quality.py.
    """
    path = tmp_path_factory.mktemp("bare") / "model.onnx"
    network = onnx.load(model)
    (entry,) = (entry for entry in network.metadata_props if entry.key == ONNX_KEY)
    values = json.loads(entry.value)
    del values["signal"]
    entry.value = json.dumps(values)
    onnx.save(network, path)
    return path


@pytest.fixture(scope="session")
def plan(bare_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CPU plan of the bare model."""
    path = tmp_path_factory.mktemp("plan") / "model.plan"
    build_cpu_plan(bare_model, path)
    return path


@pytest.fixture(scope="session")
def plan_bytes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The content of a CPU plan of a small network."""
    from family import SMALL, build, make_network  # not every test has what it needs

    folder = tmp_path_factory.mktemp("small")
    return build(make_network(SMALL), folder).read_bytes()


@pytest.fixture(scope="session")
def records() -> Path:
    """The folder of the sample records that ecgrt ships; not to be written to."""
    return ROOT / "examples" / "records"


@pytest.fixture(scope="session")
def cpp_builds(tmp_path_factory: pytest.TempPathFactory) -> CppBuilds:
    """The build folders of the C++ tests, the library among them, by sanitizer."""
    return CppBuilds(tmp_path_factory)
