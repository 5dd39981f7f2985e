"""The Python of README.md and docs/ runs, and gives what its comments say.

The blocks of a page share their names, as if they were typed one after another, in a folder that
holds ``model.plan`` (the model that ships) and ``examples``. A block that cannot run here has an
HTML comment before it, with the reason: ``<!-- not run: needs a GPU -->``. Where the comment behind
an expression begins with a literal, the expression must equal it.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from ecgrt.compile.cpu_plan import build_cpu_plan

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(
    r"(?:<!-- not run: (?P<reason>.+?) -->\n+)?```python\n(?P<code>.*?)```", re.DOTALL
)
LITERAL = re.compile(r"  # (?P<value>'[^']*'|\([^()]*\)|-?[\d.]*\d|None|True|False)(?=$|[,;:. ])")


def blocks(page: Path) -> list[tuple[str, int, str | None]]:
    """Code, line and, where a block is not to run, the reason."""
    text = page.read_text(encoding="utf-8")
    found = BLOCK.finditer(text)
    return [(m["code"], text[: m.start("code")].count("\n"), m["reason"]) for m in found]


PAGES_WITH_CODE = [page for page in PAGES if any(r is None for _, _, r in blocks(page))]


def run(code: str, names: dict[str, Any], page: str, line: int) -> None:
    """Run a block statement by statement; the lines of a traceback are those of the page."""
    lines = code.splitlines()
    for statement in ast.parse(code).body:
        ast.increment_lineno(statement, line)
        if not isinstance(statement, ast.Expr):
            exec(compile(ast.Module([statement], []), page, "exec"), names)  # noqa: S102 (our own pages)
            continue
        value = eval(compile(ast.Expression(statement.value), page, "eval"), names)
        told = LITERAL.search(lines[(statement.end_lineno or 0) - line - 1])
        if told:
            expected = ast.literal_eval(told["value"])
            assert value == expected, f"{page}:{statement.lineno}: {value!r}, not {expected!r}"


@pytest.fixture(scope="module")
def shipped(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan as the pages have their readers build it."""
    path = tmp_path_factory.mktemp("shipped") / "model.plan"
    build_cpu_plan(model, path)
    return path


@pytest.mark.parametrize("page", PAGES_WITH_CODE, ids=lambda page: page.name)
def test_python_blocks_run(
    page: Path, shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.plan").symlink_to(shipped)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for code, line, reason in blocks(page):
        if reason is None:
            run(code, names, page.name, line)


def test_readme_has_code() -> None:
    assert ROOT / "README.md" in PAGES_WITH_CODE


def test_a_wrong_comment_is_noticed() -> None:
    run("1 + 1  # 2, of course\n'N'.lower()  # 'n'\n", {}, "page", 0)
    with pytest.raises(AssertionError, match="page:3: 2, not 3"):
        run("x = 1\nx + 1  # 3\n", {}, "page", 1)
