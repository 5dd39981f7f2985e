"""What an image is built from: enough of the sources, and nothing that lies beside them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from conftest import ROOT
from cpp_builds import CMAKE, COMPILER, run


def copied() -> list[str]:
    """The names that `COPY .` finds."""
    text = (ROOT / ".dockerignore").read_text()
    assert "\n*\n" in text, "everything else must be left out"
    return re.findall(r"^!(.+)$", text, re.MULTILINE)


@pytest.mark.skipif(not (CMAKE and COMPILER), reason="needs cmake and a C++ compiler")
def test_it_can_be_configured(tmp_path: Path) -> None:
    """CMake names each source that is missing."""
    source = tmp_path / "source"
    source.mkdir()
    for name in copied():
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        copy(ROOT / name, source / name)
    run(str(CMAKE), "-S", source, "-B", tmp_path / "build", "-DECGRT_TENSORRT=OFF")


def test_it_has_the_files_of_the_package() -> None:
    wanted = (ROOT / "pyproject.toml").read_text()
    (licences,) = re.findall(r"^license-files = \[(.+)\]", wanted, re.MULTILINE)
    named = {*re.findall(r'"(.+?)"', licences), "README.md", "pyproject.toml", "src"}
    assert named <= set(copied())
