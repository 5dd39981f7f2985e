"""The source distribution holds all that its builds and the README's first command need.

CI installs from it and runs that command; here it is made, unpacked and configured.
"""

from __future__ import annotations

import os
import re
import sys
import tarfile
from pathlib import Path

import pytest
from conftest import ROOT
from cpp_builds import CMAKE, COMPILER, run

#: Folders without which something that it promises cannot be built or run.
FOLDERS = ("cmake", "configs", "cpp", "docs", "examples", "include", "packaging", "src", "tests")
#: What Python and others leave between the sources.
LEFT = re.compile(r"__pycache__|\.pyc$|\.so$|\.egg-info|_cache/")
MAKE = "import os, scikit_build_core.build as b; b.build_sdist(os.environ['OUT'])"


def make(out: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setenv("OUT", str(out))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    monkeypatch.chdir(ROOT)
    run(sys.executable, "-c", MAKE)
    (archive,) = out.iterdir()
    return archive.read_bytes()


@pytest.fixture
def sdist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The unpacked source distribution."""
    make(tmp_path / "dist", monkeypatch)
    (archive,) = (tmp_path / "dist").iterdir()
    with tarfile.open(archive) as tar:
        if hasattr(tarfile, "data_filter"):  # Python 3.11.4 and later
            tar.extraction_filter = tarfile.data_filter
        tar.extractall(tmp_path / "unpacked")
    (folder,) = (tmp_path / "unpacked").iterdir()
    return folder


def files(folder: Path) -> set[str]:
    found = (p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    return {name for name in found if not LEFT.search(name)}


def test_it_is_whole(sdist: Path) -> None:
    for folder in FOLDERS:
        assert files(ROOT / folder) <= files(sdist / folder), folder
    for name in ("CMakeLists.txt", "LICENSE", "README.md", "THIRD_PARTY_NOTICES.txt"):
        assert (sdist / name).is_file()


@pytest.mark.skipif(not (CMAKE and COMPILER), reason="needs cmake and a C++ compiler")
def test_it_can_be_configured(sdist: Path, tmp_path: Path) -> None:
    """CMake names each source that is missing."""
    run(str(CMAKE), "-S", sdist, "-B", tmp_path / "build", "-DECGRT_TENSORRT=OFF")


def test_the_readmes_first_command_finds_its_records(sdist: Path) -> None:
    readme = (sdist / "README.md").read_text(encoding="utf-8")
    (argument,) = re.findall(r"^pip install \. && ecgrt-predict (\S+)$", readme, re.MULTILINE)
    assert len(os.listdir(sdist / argument)) > 20


def test_it_is_the_same_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = make(tmp_path / "first", monkeypatch)
    assert make(tmp_path / "second", monkeypatch) == first
