"""The notebook of the examples runs, and shows what it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

NOTEBOOK = ROOT / "examples" / "notebook.ipynb"


def test_no_outputs_are_kept() -> None:
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


def test_it_runs(tmp_path: Path) -> None:
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    config_of = pytest.importorskip("traitlets.config")
    pytest.importorskip("ipykernel")
    pytest.importorskip("matplotlib")
    (tmp_path / "records").symlink_to(ROOT / "examples" / "records")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    here = {"metadata": {"path": str(tmp_path)}}
    # Pipes in a folder, for some machines let nobody listen on a port
    config = config_of.Config()
    config.KernelManager.transport = "ipc"
    config.KernelManager.connection_file = str(tmp_path / "kernel.json")
    client = nbclient.NotebookClient(notebook, config=config, timeout=300, resources=here)
    done = client.execute()
    shown: list[dict[str, Any]] = [
        output["data"]
        for cell in done.cells
        for output in cell.get("outputs", [])
        if output["output_type"] == "execute_result"
    ]
    assert len(shown) == 9
    assert sum("image/png" in data for data in shown) == 3
    assert sum("text/html" in data for data in shown) == 3
    text = "".join(data["text/plain"] for data in shown)
    assert "irregular intervals" in text
    assert "('AF', " in text
    assert (tmp_path / "S0009.html").read_text(encoding="utf-8").startswith("<!doctype html>")
