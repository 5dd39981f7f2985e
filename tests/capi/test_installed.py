"""The library for C and C++ as ``cmake --install`` leaves it, and the examples built against it.

What callers get right and wrong within a process is in ``tests/cpp/core/test_capi.cpp``.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT
from cpp_builds import CMAKE, COMPILER, CppBuilds, run

import ecgrt
from ecgrt.shipped import PLAN

SYMBOLS = ROOT / "cpp" / "capi" / "symbols.txt"
NAMES = ("S0001", "S0003", "S0006", "S0010")
C_COMPILER = os.environ.get("CC") or shutil.which("cc")
STRICT = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-fsyntax-only")

pytestmark = pytest.mark.skipif(
    not (CMAKE and COMPILER and C_COMPILER), reason="needs cmake and a compiler of C and C++"
)


@pytest.fixture(scope="module")
def installed(cpp_builds: CppBuilds, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree that was installed, stripped, and moved elsewhere."""
    folder = tmp_path_factory.mktemp("installed")
    options = ("--prefix", folder / "first", "--strip")
    run(str(CMAKE), "--install", cpp_builds[""], *options)
    return (folder / "first").rename(folder / "moved")


def library(installed: Path) -> Path:
    (found,) = installed.rglob("libecgrt.dylib" if platform.system() == "Darwin" else "libecgrt.so")
    return found


def lines(records: list[Path]) -> list[str]:
    """What the examples print of these records, by the Python library."""
    classifier = ecgrt.Classifier()
    predictions = [classifier.predict(ecgrt.read_record(path)) for path in records]
    return [
        f"{path} {p.label or 'none'} {p.confidence:.4f} {p.heart_rate:.1f}"
        for path, p in zip(records, predictions, strict=True)
    ]


@pytest.fixture(scope="module")
def examples(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The build folders of ``examples/c`` and ``examples/cpp``."""
    folders = {}
    for language in ("c", "cpp"):
        folders[language] = folder = tmp_path_factory.mktemp(language)
        source = ROOT / "examples" / language
        run(str(CMAKE), "-S", source, "-B", folder, f"-DCMAKE_PREFIX_PATH={installed}")
        run(str(CMAKE), "--build", folder)
    return folders


@pytest.mark.parametrize(
    ("language", "program", "has_plan"),
    [("c", "classify", False), ("c", "embedded", True), ("cpp", "classify", False)],
)
def test_examples_answer_as_python_does(
    language: str,
    program: str,
    has_plan: bool,
    examples: dict[str, Path],
    installed: Path,
    records: Path,
) -> None:
    files = [records / f"{name}.mat" for name in NAMES]
    (plan,) = installed.rglob("*.plan")
    output = run(examples[language] / program, *(() if has_plan else (plan,)), *files)
    assert output.splitlines() == lines(files)


def test_examples_tell_what_is_wrong(examples: dict[str, Path], records: Path) -> None:
    for arguments, code, says in (
        (("nowhere.plan", records / "S0001.mat"), 2, "nowhere.plan: cannot open the plan"),
        ((PLAN, records / "S0001.hea"), 1, "segment"),
    ):
        done = subprocess.run(
            [examples["c"] / "classify", *arguments], capture_output=True, text=True, check=False
        )
        assert done.returncode == code
        assert says in done.stderr


def test_a_push_that_was_cancelled_can_be_made_again(installed: Path, tmp_path: Path) -> None:
    """Nothing was decided of it, and no time passed; then all of it."""
    program, found = tmp_path / "cancel", library(installed)
    source = ROOT / "tests" / "capi" / "cancel.c"
    include, rpath = f"-I{installed / 'include'}", f"-Wl,-rpath,{found.parent}"
    run(str(C_COMPILER), "-std=c99", *STRICT[:-1], include, source, found, rpath, "-o", program)
    assert run(program, PLAN).splitlines() == ["5 0 0", "0 600 58"]


def test_the_library_shows_what_the_list_names(installed: Path) -> None:
    """The list is what programs link with: a name that leaves it breaks them."""
    listed = SYMBOLS.read_text(encoding="utf-8").split()
    assert listed == sorted(set(listed))
    headers = (ROOT / "include" / "ecgrt").glob("*.h")
    header = "\n".join(path.read_text(encoding="utf-8") for path in headers)
    declared = re.findall(r"^ECGRT_API [\w\s*]+?[\s*](ecgrt_\w+)\(", header, re.MULTILINE)
    assert sorted(declared) == listed
    shown = {line.split()[-1] for line in run(*symbols_of(library(installed))).splitlines()}
    names = {name.split("@")[0].removeprefix("_") for name in shown}
    assert {name for name in names if not name.startswith("ECGRT_")} == set(listed)


def symbols_of(shared: Path) -> tuple[str | Path, ...]:
    if platform.system() == "Darwin":
        return ("nm", "-gU", shared)
    return ("nm", "-D", "--defined-only", shared)


def test_the_library_is_small(installed: Path) -> None:
    assert library(installed).stat().st_size < 1_000_000


@pytest.mark.skipif(not shutil.which("readelf"), reason="needs readelf of the binutils")
def test_the_library_needs_nothing_but_the_compilers_own(installed: Path) -> None:
    needed = re.findall(r"NEEDED.*\[(.+?)\.so", run("readelf", "-d", library(installed)))
    assert set(needed) <= {"libstdc++", "libm", "libgcc_s", "libc", "ld-linux-x86-64"} | {
        "libpthread",
        "libdl",
        "ld-linux-aarch64",
        "libc++",
        "libc++abi",
    }


def test_headers_are_strictly_correct(installed: Path, tmp_path: Path) -> None:
    include = f"-I{installed / 'include'}"
    (tmp_path / "a.c").write_text("#include <ecgrt/ecgrt.h>\nint main(void) { return 0; }\n")
    run(str(C_COMPILER), "-std=c99", *STRICT, include, tmp_path / "a.c")
    (tmp_path / "a.cpp").write_text("#include <ecgrt/ecgrt.hpp>\nint main() {}\n")
    run(str(COMPILER), "-std=c++20", *STRICT, include, tmp_path / "a.cpp")


@pytest.mark.skipif(not shutil.which("pkg-config"), reason="needs pkg-config")
def test_pkg_config_knows_it(installed: Path, records: Path, tmp_path: Path) -> None:
    (folder,) = installed.rglob("pkgconfig")

    def ask(*options: str) -> list[str]:
        environment = {**os.environ, "PKG_CONFIG_PATH": str(folder)}
        command = ["pkg-config", *options, "ecgrt"]
        return subprocess.check_output(command, env=environment, text=True).split()

    assert ask("--modversion") == [ecgrt.__version__]
    sources = [ROOT / "examples" / "c" / name for name in ("classify.c", "record.c")]
    program = tmp_path / "classify"
    rpath = f"-Wl,-rpath,{library(installed).parent}"
    run(str(C_COMPILER), *sources, *ask("--cflags", "--libs"), rpath, "-o", program)
    (plan,) = ask("--variable=plan")
    file = records / "S0006.mat"
    assert run(program, plan, file).splitlines() == lines([file])


def test_it_is_configured_without_python_and_without_json(tmp_path: Path) -> None:
    """Neither an interpreter nor a JSON library may be asked for."""
    options = ("-DCMAKE_DISABLE_FIND_PACKAGE_Python=ON", "-DECGRT_TENSORRT=OFF")
    no_json = "-DCMAKE_DISABLE_FIND_PACKAGE_nlohmann_json=ON"
    output = run(str(CMAKE), "-S", ROOT, "-B", tmp_path, *options, no_json)
    assert "Python" not in output
    cache = (tmp_path / "CMakeCache.txt").read_text(encoding="utf-8")
    assert "ECGRT_PYTHON:BOOL=OFF" in cache
    assert not re.search(r"_?Python3?_EXECUTABLE:", cache)


def test_tensorrt_module_lies_beside_the_library(tmp_path: Path) -> None:
    """Where the core looks for it; nothing is built, so a TensorRT of empty files will do."""
    version = "".join(f"#define TRT_{part}_RTX 1\n" for part in ("MAJOR", "MINOR", "PATCH"))
    version = version.replace("MINOR_RTX 1", "MINOR_RTX 6")
    for name, text in {
        "include/NvInferVersion.h": version,
        "include/NvInferRuntime.h": "",
        "include/cuda_runtime_api.h": "",
        "lib/libtensorrt_rtx.so.1": "",
        "lib/libcudart.so": "",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    build = tmp_path / "build"
    options = ("ECGRT_PYTHON=OFF", f"TensorRT_ROOT={tmp_path}", f"CUDAToolkit_ROOT={tmp_path}")
    run(str(CMAKE), "-S", ROOT, "-B", build, *(f"-D{option}" for option in options))
    text = (build / "cmake_install.cmake").read_text()
    found = re.findall(r'INSTALL DESTINATION "(\S+)" TYPE \w+ FILES "\S+/(libecgrt\S*)"', text)
    (folder,) = (folder for folder, name in found if name == "libecgrt_tensorrt.so")
    assert folder == dict(map(reversed, found))["libecgrt.so"]
