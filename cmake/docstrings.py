"""Writes the docstrings and signatures of the stub _core.pyi as a C++ header for the bindings.

The stub is the one place where they are written; the build runs this, and so help() and
inspect.signature() speak of the extension as type checkers do. A constant is named for what it
documents: `Classifier`, `Classifier_predict`, `preprocess`.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

Documented = ast.ClassDef | ast.FunctionDef


def docstrings(stub: str) -> dict[str, str]:
    """Return the text of each constant by its name."""
    module = ast.parse(stub)
    texts = {"module": ast.get_docstring(module) or ""}
    for node in module.body:
        if isinstance(node, Documented) and not node.name.startswith("_"):
            texts |= dict(_texts(node))
    return texts


def _texts(node: Documented) -> Iterator[tuple[str, str]]:
    doc = ast.get_docstring(node) or ""
    if isinstance(node, ast.FunctionDef):
        yield node.name, _signed(node.name, node.args) + doc
        return
    methods = [one for one in node.body if isinstance(one, ast.FunctionDef)]
    made = [one for one in methods if one.name == "__init__"]
    yield node.name, (_signed(node.name, made[0].args, skip_self=True) if made else "") + doc
    for method in methods:
        name = f"{node.name}_{method.name.strip('_')}"
        text = ast.get_docstring(method) or ""
        is_property = any(ast.unparse(one) == "property" for one in method.decorator_list)
        yield name, text if is_property else _signed(method.name, method.args) + text


def _signed(name: str, arguments: ast.arguments, *, skip_self: bool = False) -> str:
    """Return the first lines of a docstring that CPython takes as the signature."""
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        argument.annotation = None
    text = ast.unparse(arguments)
    if skip_self:
        text = text.removeprefix("self").removeprefix(", ")
    return f"{name}({text})\n--\n\n"


def header(stub: str) -> str:
    """Return the header's text."""
    constants = "".join(
        f'inline constexpr char {name}[] = R"doc({text})doc";\n'
        for name, text in docstrings(stub).items()
    )
    return (
        "// Written by cmake/docstrings.py from src/ecgrt/_core.pyi.\n#pragma once\n\n"
        f"namespace ecgrt::doc {{\n\n{constants}\n}}  // namespace ecgrt::doc\n"
    )


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(header(source.read_text(encoding="utf-8")), encoding="utf-8")
