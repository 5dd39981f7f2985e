"""What the tests share: the model that ecgrt ships, a plan built from it, the sample records."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecgrt.compile.cpu_plan import build_cpu_plan

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def model() -> Path:
    """The ONNX model that ecgrt ships."""
    return ROOT / "models" / "cinc17.onnx"


@pytest.fixture(scope="session")
def plan(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CPU plan of the model."""
    path = tmp_path_factory.mktemp("plan") / "model.plan"
    build_cpu_plan(model, path)
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
