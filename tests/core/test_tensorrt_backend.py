"""The C++ TensorRT backend against a pretended TensorRT and CUDA, under AddressSanitizer.

What runs is in ``tests/cpp/fake_tensorrt``. It proves the logic around TensorRT (order of calls,
memory, CUDA graphs, threads, every failing call) and nothing of TensorRT itself; that takes a GPU
and ``pytest -m gpu``. Only headers are needed, found as the build finds them: the environment
variables TensorRT_ROOT and CUDAToolkit_ROOT, or the system's folders.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "cpp" / "fake_tensorrt"


def run(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=600
    )


@pytest.fixture(scope="module")
def contract_tests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program, built for whichever headers are here."""
    if not shutil.which("cmake"):
        pytest.skip("cmake is not installed")
    build = tmp_path_factory.mktemp("fake_tensorrt")
    configured = run(
        build, "cmake", "-S", SOURCE, "-B", ".", f"-DPython_EXECUTABLE={sys.executable}"
    )
    assert configured.returncode == 0, configured.stdout + configured.stderr
    if "TensorRT headers: none" in configured.stdout:
        pytest.skip("the headers of TensorRT or of CUDA are not here; TensorRT_ROOT tells where")
    built = run(build, "cmake", "--build", ".")
    assert built.returncode == 0, built.stdout + built.stderr
    return build / "contract_tests"


def test_backend_keeps_the_contracts(contract_tests: Path) -> None:
    done = run(contract_tests.parent, contract_tests)
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.findall(r"^ok \w+$", done.stdout, flags=re.MULTILINE)
    assert f"{len(passed)} passed" in done.stdout
    assert len(passed) >= 30
    assert done.stderr == ""
