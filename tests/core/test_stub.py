"""The extension speaks as its stub does: signatures, docstrings, types."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

import ecgrt
from ecgrt import _core

STUB = ast.parse((ROOT / "src" / "ecgrt" / "_core.pyi").read_text(encoding="utf-8"))
PUBLIC = [
    node
    for node in STUB.body
    if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_")
]
METHODS = [
    (cls.name, method)
    for cls in PUBLIC
    if isinstance(cls, ast.ClassDef)
    for method in cls.body
    if isinstance(method, ast.FunctionDef)
]


@pytest.mark.parametrize("node", PUBLIC, ids=lambda node: node.name)
def test_help_speaks(node: ast.ClassDef | ast.FunctionDef) -> None:
    assert ast.get_docstring(node)
    assert inspect.getdoc(getattr(_core, node.name)) == ast.get_docstring(node)


@pytest.mark.parametrize(
    ("owner", "method"), METHODS, ids=[f"{owner}.{method.name}" for owner, method in METHODS]
)
def test_help_of_methods_speaks(owner: str, method: ast.FunctionDef) -> None:
    runtime = inspect.getattr_static(getattr(_core, owner), method.name)
    if isinstance(runtime, staticmethod):
        runtime = runtime.__func__
    doc = ast.get_docstring(method)
    assert doc or method.name.startswith("__")
    if doc:
        assert inspect.cleandoc(runtime.__doc__) == doc
    if not isinstance(runtime, property):
        found = inspect.signature(getattr(getattr(_core, owner), method.name))
        assert list(found.parameters) == names(method.args)


def names(arguments: ast.arguments) -> list[str]:
    """Return the parameters' names in their order."""
    return [one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]


def test_signatures_have_defaults() -> None:
    assert str(inspect.signature(ecgrt.Classifier)) == "(plan=None, *, threads=None, device=0)"
    assert (
        str(inspect.signature(ecgrt.Classifier.from_bytes)) == "(data, *, threads=None, device=0)"
    )
    assert str(inspect.signature(ecgrt.Classifier.predict)) == (
        "(self, x, fs=None, min_confidence=0.0, *, unit='uV')"
    )


def test_stub_and_extension_agree(tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="stubtest comes with mypy")
    done = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "ecgrt._core"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "name",
    [
        "BackendUnavailableError",
        "Classifier",
        "Decision",
        "PlanError",
        "Prediction",
        "Record",
        "RecordReader",
        "Stream",
    ],
)
def test_public_names_are_of_the_package(name: str) -> None:
    public = getattr(ecgrt, name)
    assert (public.__module__, public.__qualname__) == ("ecgrt", name)
