"""Mutation testing of the C++ core: which small faults of a file do its tests notice?

All mutants of a file are compiled at once, each behind its number, and one is chosen when a test
starts. Needs tree-sitter, tree-sitter-cpp, cmake and what the tests need::

    python tools/mutate.py cpp/decision.cpp tests/core/test_decision.py
"""

from __future__ import annotations

import argparse
import collections
import importlib
import importlib.util
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import tree_sitter
import tree_sitter_cpp

ROOT = Path(__file__).parents[1]
SWITCH = """#include <cstdlib>
static const int MUTANT = std::atoi(std::getenv("ECGRT_MUTANT"));
#line 1
"""
OPERATORS = (
    "< <= >=", "<= < >", "> >= <=", ">= > <", "== !=", "!= ==", "&& ||", "|| &&",
    "+ -", "- +", "* /", "/ *", "% /", "+= -=", "-= +=", "*= /=", "/= *=", "++ --", "-- ++",
    "std::min std::max", "std::max std::min", "true false", "false true",
)  # fmt: skip
SWAPS = {words[0]: words[1:] for words in map(str.split, OPERATORS)}
OPERATIONS = ("binary_expression", "assignment_expression", "update_expression", "call_expression")
#: What must be known when it is compiled.
CONSTANT = (
    "template_argument_list",
    "array_declarator",
    "case_statement",
    "static_assert_declaration",
)
#: How much longer than all tests of the right program one mutant may take.
PATIENCE = 3
MEMORY = 16 << 30
LATE = (signal.SIGXCPU, signal.SIGKILL, signal.SIGALRM)


class Mutants:
    """The mutants of one file, and its text with all of them."""

    def __init__(self, path: Path, banned: set[int]) -> None:
        self.source, self.banned = path.read_bytes(), banned
        self.found: list[str] = []
        parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_cpp.language()))
        self.text = SWITCH + self.render(parser.parse(self.source).root_node, inside=False)

    def plain(self, start: int, end: int) -> str:
        return self.source[start:end].decode()

    def render(self, node: tree_sitter.Node, inside: bool) -> str:
        """The text of a node with its mutants; they are `inside` functions only."""
        kept = self.plain(node.start_byte, node.end_byte)
        fixed = node.type == "declaration" and re.match(r"(static )?constexpr\b", kept)
        if node.type in CONSTANT or fixed or node.type.startswith("preproc"):
            return kept
        inside = inside or node.type == "compound_statement"
        text, at = "", node.start_byte
        for child in node.children:
            text += self.plain(at, child.start_byte) + self.render(child, inside)
            at = child.end_byte
        text += self.plain(at, node.end_byte)
        for mutant in self.of(node) if inside else ():
            row = node.start_point.row + 1
            self.found.append(f"{row}: {' '.join(kept.split())}  ->  {mutant or 'nothing'}")
            number = len(self.found)
            if row in self.banned and mutant:
                self.found[-1] = ""
            elif mutant:
                one_line = " ".join(re.sub(r"//.*", "", mutant).split())
                text = f"(MUTANT == {number} ? ({one_line}) : ({text}))"
            else:
                text = f"{{ if (MUTANT != {number}) {{ {text} }} }}"
        return text

    def of(self, node: tree_sitter.Node) -> Iterator[str]:
        """What could stand in the place of a node; an empty text: nothing."""
        kept = self.plain(node.start_byte, node.end_byte)
        operator = node.child_by_field_name("operator") or node.child_by_field_name("function")
        if node.type in OPERATIONS and operator is not None:
            for other in SWAPS.get(operator.text.decode(), ()):
                before = self.plain(node.start_byte, operator.start_byte)
                yield before + other + self.plain(operator.end_byte, node.end_byte)
        elif node.type in ("true", "false"):
            yield SWAPS[kept][0]
        elif node.type == "number_literal" and (number := re.fullmatch(r"([0-9.]+)(F?)", kept)):
            yield f"{float(number[1]) + 1}{number[2]}" if "." in kept else str(int(kept) + 1)
        elif node.type == "unary_expression" and kept.startswith("!"):
            yield kept[1:]
        elif node.type in ("expression_statement", "continue_statement", "break_statement"):
            yield ""
        if is_condition(node):
            yield f"!({kept})"


def is_condition(node: tree_sitter.Node) -> bool:
    """Whether a node is what an ``if`` or a ``?`` asks."""
    branch = node.parent
    if branch is not None and branch.type == "condition_clause":
        node, branch = (
            (branch, branch.parent) if node == branch.named_children[-1] else (node, None)
        )
    kinds = ("if_statement", "conditional_expression")
    return (
        branch is not None
        and branch.type in kinds
        and branch.child_by_field_name("condition") == node
    )


def call(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def build(path: Path, folder: Path) -> tuple[Mutants, Path]:
    """Compile a file with all mutants that can be compiled into an extension."""
    names = ("cpp", "cmake", "include", "src/ecgrt/_core.pyi", "CMakeLists.txt", "pyproject.toml")
    files = (file for name in names for file in ((ROOT / name), *(ROOT / name).rglob("*")))
    for file in filter(Path.is_file, files):  # what is as it was is not compiled again
        copy = folder / "tree" / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if not copy.exists() or copy.read_bytes() != file.read_bytes():
            shutil.copyfile(file, copy)
    pybind = call(sys.executable, "-m", "pybind11", "--cmakedir").stdout.strip()
    options = {
        "ECGRT_PYTHON": "ON",
        "ECGRT_LIBRARY": "OFF",
        "CMAKE_BUILD_TYPE": "Debug",
        "CMAKE_CXX_FLAGS_DEBUG": "-O1",
        "Python_EXECUTABLE": sys.executable,
        "pybind11_DIR": pybind,
    }
    defines = [f"-D{name}={value}" for name, value in options.items()]
    call("cmake", "-S", folder / "tree", "-B", folder, *defines).check_returncode()
    banned: set[int] = set()
    while True:
        mutants = Mutants(ROOT / path, banned)
        (folder / "tree" / path).write_text(mutants.text)
        done = call("cmake", "--build", folder, "--target", "_core")
        if done.returncode == 0:
            return mutants, next(folder.glob("_core*.so"))
        lines = re.findall(rf"{path.name}:(\d+):\d+: error", done.stdout + done.stderr)
        if not set(map(int, lines)) - banned:
            sys.exit(done.stdout[-3000:] + done.stderr[-3000:])
        banned |= set(map(int, lines))


def run(extension: Path, mutant: int, tests: list[str], seconds: int | None) -> tuple[int, float]:
    """Run the tests with one mutant in a process of its own: its status, and its seconds of CPU."""
    if (child := os.fork()) == 0:
        if seconds is not None:
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            signal.alarm(60 * seconds)  # it waits for something that does not come
        os.environ["ECGRT_MUTANT"] = str(mutant)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        if mutant:
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
        import pytest

        spec = importlib.util.spec_from_file_location("ecgrt._core", extension)
        assert spec is not None
        assert spec.loader is not None
        core = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(core)
        importlib.import_module("ecgrt").__dict__[spec.name.partition(".")[2]] = core
        quiet = ("no:cacheprovider", "no:faulthandler", "no:xdist")
        os._exit(pytest.main(["-x", "-q", *(f"-p{name}" for name in quiet), *tests]))
    _, status, used = os.wait4(child, 0)
    return status, used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", type=Path, help="such as cpp/decision.cpp")
    parser.add_argument("tests", nargs="+", help="what pytest is to run")
    parser.add_argument("--only", type=int, nargs="+", help="numbers of mutants; default: all")
    arguments = parser.parse_args()
    folder = ROOT / "build" / "mutants"
    mutants, extension = build(arguments.file, folder)
    # What takes long to import, and knows no ecgrt, is imported once.
    for name in ("hypothesis", "numpy", "onnx", "onnxruntime", "pytest", "scipy.special"):
        importlib.import_module(name)

    status, seconds = run(extension, 0, arguments.tests, None)
    if status != 0:
        sys.exit("the tests fail without a mutant")
    counts: collections.Counter[str] = collections.Counter()
    for number, what in enumerate(mutants.found, start=1):
        if arguments.only and number not in arguments.only:
            continue
        fate = "not compiled"
        if what:
            status, _ = run(extension, number, arguments.tests, round(PATIENCE * seconds) + 1)
            late = os.WIFSIGNALED(status) and os.WTERMSIG(status) in (
                signal.SIGXCPU,
                signal.SIGKILL,
                signal.SIGALRM,
            )
            fate = "survived" if status == 0 else "out of time" if late else "killed"
        counts[fate] += 1
        if fate in ("survived", "out of time"):
            print(f"{fate} {number} {arguments.file}:{what}", flush=True)
    print(
        f"{arguments.file}: {len(mutants.found)} mutants,",
        ", ".join(f"{n} {k}" for k, n in counts.items()),
    )


if __name__ == "__main__":
    main()
