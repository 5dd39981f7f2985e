"""The C++ core with its tests, compiled when it is first asked for and then shared."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "cpp" / "core"

#: Beside Python first: there pip puts the cmake and the ninja of the test extra.
SEARCH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
CMAKE = shutil.which("cmake", path=SEARCH)
COMPILER = os.environ.get("CXX") or shutil.which("c++")


def run(*command: str | Path) -> str:
    """Return what a command prints; fail the test where the command fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    return done.stdout


class CppBuilds:
    """Build folders by sanitizer: ``"address"``, ``"thread"``, or ``""`` for none."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        self._factory = factory
        self._folders: dict[str, Path] = {}

    def __getitem__(self, sanitizer: str) -> Path:
        """The folder in which ``core_tests`` lies; without sanitizers the library as well."""
        if sanitizer not in self._folders:
            folder = self._factory.mktemp(sanitizer or "plain")
            options = (f"-DECGRT_SANITIZE={sanitizer}", f"-DPython_EXECUTABLE={sys.executable}")
            run(str(CMAKE), "-S", SOURCE, "-B", folder, *options)
            targets = ("--target", "core_tests") if sanitizer else ()
            parallel = ("--parallel", str(os.cpu_count()))
            run(str(CMAKE), "--build", folder, *parallel, *targets)
            self._folders[sanitizer] = folder
        return self._folders[sanitizer]
