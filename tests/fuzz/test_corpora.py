"""The fuzzers' corpora, run once by the normal tests: what was found stays mended."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from cpp_builds import CMAKE, COMPILER, CppBuilds, run

from ecgrt import Classifier, PlanError, _core

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER))

from targets import TARGETS

INPUTS = [
    pytest.param(name, path, id=f"{name}/{path.name}")
    for name in TARGETS
    for path in sorted((FOLDER / "corpus" / name).iterdir())
]


@pytest.mark.parametrize(("name", "path"), INPUTS)
def test_input_of_a_python_target(name: str, path: Path) -> None:
    TARGETS[name](path.read_bytes())


@pytest.mark.parametrize(
    "path", sorted((FOLDER / "corpus" / "plan").iterdir()), ids=lambda p: p.name
)
def test_input_of_the_plan_reader(path: Path, tmp_path: Path) -> None:
    """The first byte is the C++ target's own: whether it puts the hash right."""
    plan = tmp_path / "model.plan"
    plan.write_bytes(path.read_bytes()[1:])
    try:
        assert Classifier(plan, threads=1).self_test() >= 0
    except PlanError:
        return


@pytest.mark.parametrize(
    "path", sorted((FOLDER / "corpus" / "metadata").iterdir()), ids=lambda p: p.name
)
def test_input_of_the_metadata_reader(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", errors="replace")
    try:
        _core.check_metadata(text)
    except ValueError:
        return


@pytest.mark.skipif(not (CMAKE and COMPILER), reason="needs cmake and a C++ compiler")
@pytest.mark.parametrize(
    "name", ["plan", "metadata", "signal", "rhythm", "stream", "pieces", "rows"]
)
def test_inputs_of_a_core_target(name: str, cpp_builds: CppBuilds) -> None:
    target = cpp_builds[""] / f"replay_{name}"
    if not target.exists():
        pytest.skip("needs FuzzedDataProvider.h, which comes with Clang")
    inputs = sorted((FOLDER / "corpus" / name).iterdir())
    assert run(target, *inputs).splitlines() == list(map(str, inputs))


def test_no_corpus_is_left_out() -> None:
    cmake = (FOLDER / "targets.cmake").read_text()
    core = set(cmake.partition("foreach(target ")[2].partition(")")[0].split())
    assert {path.name for path in (FOLDER / "corpus").iterdir()} == core | set(TARGETS)
