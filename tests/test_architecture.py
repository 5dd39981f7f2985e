"""Who may know what, for both languages: nothing reaches upwards, nothing runs in a circle.

Rooms of the Python package, from the ground up. A room may import those below it, not the others
on its own level, and a lazy import counts like any other:

1. ``_core`` (the extension), ``_scratch``, then ``_files``, ``_progress``, ``_extras``, ``shipped``
   (a plan's place), ``_looks`` (by which predictions, records and timelines find ``view`` by name,
   when they are asked to show themselves: the one way up)
2. ``_errors``, ``metadata`` (which asks the core)
3. ``onnx_file`` (what an ONNX model says about itself)
4. ``records``
5. ``rhythm``, then ``view``, which shows it
6. ``compile``
7. ``ecgrt`` itself, the face: what users import, lazily where it takes more than the extension
8. ``archive``, ``serve``, ``sklearn`` and ``triton``; ``challenge``, ``training``,
   ``calibration``, ``bench``, each above the one before
9. ``cli``, then ``__main__``

Rooms of the C++ core, likewise: the files at the root of ``cpp/`` are the ground, each of the
folders ``signal``, ``cpu``, ``tensorrt`` and ``timeline`` knows the ground only, the table of
backends and the classifier put them together, the stream asks the classifier, and on top lie the
C API, and the bindings, which are the only ones that know of Python.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from conftest import ROOT

PACKAGE = ROOT / "src" / "ecgrt"
CPP = ROOT / "cpp"
#: The package's own ``__init__``, as a room.
FACE = "ecgrt"

PYTHON_LEVELS: tuple[tuple[str, ...], ...] = (
    ("_core", "_scratch"),
    ("_files", "_looks", "_progress", "_extras", "shipped"),
    ("_errors", "metadata"),
    ("onnx_file",),
    ("records",),
    ("rhythm",),
    ("view",),
    ("compile",),
    (FACE,),
    ("archive", "serve", "sklearn", "triton"),
    ("challenge",),
    ("training",),
    ("calibration",),
    ("bench",),
    ("cli",),
    ("__main__",),
)
#: A file at the root of cpp/ that is not named here belongs to the ground.
CPP_LEVELS: tuple[tuple[str, ...], ...] = (
    ("ground",),
    ("signal", "cpu", "tensorrt", "timeline"),
    ("backends",),
    ("classifier",),
    ("stream",),
    ("capi", "bindings"),
)
#: Headers that the build writes.
GENERATED = {"docstrings.h"}
#: Lines that a source file may have, a test's file, and a function without its docstring.
FILE_LINES, TEST_LINES, FUNCTION_LINES = 350, 400, 60

Edges = dict[str, set[str]]


def levels(rooms: tuple[tuple[str, ...], ...]) -> dict[str, int]:
    return {room: level for level, names in enumerate(rooms) for room in names}


def upward(edges: Edges, room_of: Mapping[str, str], level_of: Mapping[str, int]) -> list[str]:
    """Edges that leave a room for one that is not below it."""
    return [
        f"{source} knows {target}"
        for source, targets in sorted(edges.items())
        for target in sorted(targets)
        if room_of[source] != room_of[target]
        and level_of[room_of[target]] >= level_of[room_of[source]]
    ]


def circle(edges: Edges) -> list[str]:
    """A circle, its first node repeated at the end; empty where there is none."""
    done: set[str] = set()

    def visit(node: str, path: list[str]) -> list[str]:
        if node in path:
            return [*path[path.index(node) :], node]
        if node in done:
            return []
        found = next((c for n in sorted(edges.get(node, ())) if (c := visit(n, [*path, node]))), [])
        done.add(node)
        return found

    return next((c for node in sorted(edges) if (c := visit(node, []))), [])


# Python


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
#: The extension imports nothing. Its stub names the types of what Classifier.timeline asks for by
#: name when it is called, as ``_looks`` does.
MODULES["ecgrt._core"] = Path()


def python_room(module: str) -> str:
    return module.split(".")[1] if "." in module else FACE


def imported(module: str, path: Path) -> Iterator[str]:
    """Names of the package's modules that a file imports, anywhere in it."""
    if path == Path():
        return
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.split(".")[0] == FACE)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                stem = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*stem, *([node.module] if node.module else [])])
            if base.split(".")[0] == FACE:
                names = (f"{base}.{alias.name}" for alias in node.names)
                yield from (name if name in MODULES else base for name in names)


@pytest.fixture(scope="module")
def imports() -> Edges:
    return {module: set(imported(module, path)) - {module} for module, path in MODULES.items()}


def test_python_imports_run_downwards(imports: Edges) -> None:
    level_of = levels(PYTHON_LEVELS)
    room_of = {module: python_room(module) for module in MODULES}
    assert set(room_of.values()) <= level_of.keys(), "PYTHON_LEVELS does not name every room"
    assert sum(map(len, imports.values())) > 50, "the imports were not found"
    assert upward(imports, room_of, level_of) == []


def test_python_imports_run_in_no_circle(imports: Edges) -> None:
    assert circle(imports) == []


# C++


def unit(file: str) -> str:
    """A header and its source are one unit."""
    return file.rpartition(".")[0]


def cpp_room(name: str) -> str:
    first = name.split("/")[0]
    return first if first in levels(CPP_LEVELS) else "ground"


def own_files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if "third_party" not in p.parts)


CPP_FILES = [p.relative_to(CPP).as_posix() for p in own_files(CPP) if p.suffix in {".cpp", ".h"}]


def includes(file: str, pattern: str = r'"([^"]+)"') -> set[str]:
    text = (CPP / file).read_text(encoding="utf-8")
    return set(re.findall(rf"^\s*#\s*include\s+{pattern}", text, re.MULTILINE))


@pytest.fixture(scope="module")
def units() -> Edges:
    edges: Edges = {}
    for file in CPP_FILES:
        edges.setdefault(unit(file), set()).update(map(unit, includes(file) - GENERATED))
    return {name: targets - {name} for name, targets in edges.items()}


def test_cpp_includes_run_downwards(units: Edges) -> None:
    known = {*CPP_FILES, *GENERATED}
    unknown = {(file, i) for file in CPP_FILES for i in includes(file) - known}
    assert unknown == set(), "include the project's headers by their path from cpp/"
    assert upward(units, {name: cpp_room(name) for name in units}, levels(CPP_LEVELS)) == []


def test_cpp_includes_run_in_no_circle(units: Edges) -> None:
    assert circle(units) == []


@pytest.mark.parametrize(
    ("library", "rooms"),
    [
        (r"<(pybind11/[^>]+)>", {"bindings"}),
        (r"<(Python\.h)>", set()),
        (r"<(Nv[^>]+|cuda[^>]+)>", {"tensorrt"}),
    ],
)
def test_libraries_stay_in_their_rooms(library: str, rooms: set[str]) -> None:
    users = {cpp_room(file.partition(".")[0]) for file in CPP_FILES if includes(file, library)}
    assert users == rooms


def test_only_the_entrance_of_tensorrt_is_known_outside() -> None:
    outside = (file for file in CPP_FILES if not file.startswith("tensorrt/"))
    known = {i for file in outside for i in includes(file) if i.startswith("tensorrt/")}
    assert known <= {"tensorrt/plan_info.h", "tensorrt/plugin.h"}


def test_kernels_include_no_standard_templates() -> None:
    """See CONTRIBUTING.md: the linker would keep one instruction set's copy for all."""
    allowed = {"stddef.h", "stdint.h", "string.h", "immintrin.h", "arm_neon.h"}
    for name in ("fft.h", "kernels.cpp", "kernels.h", "products.h", "simd.h"):
        assert includes(f"cpu/{name}", r"<([^>]+)>") <= allowed, name


# Sizes


def source_files() -> list[Path]:
    folders = ("src", "cpp", "tests", "tools", "benchmarks")
    found = (p for folder in folders for p in own_files(ROOT / folder))
    return [p for p in found if p.suffix in {".py", ".pyi", ".cpp", ".h"}]


def test_files_are_short() -> None:
    long = {}
    for path in source_files():
        name = path.relative_to(ROOT).as_posix()
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if path.suffix == ".pyi":  # the extension has one stub
            continue
        if lines > (TEST_LINES if name.startswith("tests/") else FILE_LINES):
            long[name] = lines
    assert long == {}, "divide these files by what they do"


def test_functions_are_short() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{name}": lines
        for path in source_files()
        if path.suffix == ".py"
        for name, lines in functions(path)
        if lines > FUNCTION_LINES
    }
    assert long == {}, "divide these functions"


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if ast.get_docstring(node):
                lines -= (node.body[0].end_lineno or 0) - node.body[0].lineno + 1
            yield node.name, lines


# The checks themselves


def test_a_step_upwards_and_a_circle_are_found() -> None:
    edges = {"ecgrt.records.base": {"ecgrt.training"}, "ecgrt.training": {"ecgrt.records.base"}}
    room_of = {name: python_room(name) for name in edges}
    assert upward(edges, room_of, levels(PYTHON_LEVELS)) == [
        "ecgrt.records.base knows ecgrt.training"
    ]
    assert circle(edges) == ["ecgrt.records.base", "ecgrt.training", "ecgrt.records.base"]
    assert circle({"a": {"b", "c"}, "b": {"c"}}) == []
