"""Nothing but fetching data uses the network, and nothing unpickles; seen by an audit hook."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

WATCH = """
import json, runpy, sys

seen = []
def hook(event, arguments):
    if event.startswith(("socket.", "urllib.", "ftplib.", "http.")) or event == "pickle.find_class":
        seen.append(event)
sys.addaudithook(hook)

from importlib import import_module
codes = []
for command, *arguments in json.loads(sys.argv[1]):
    sys.argv[0] = f"ecgrt-{command}"
    try:
        codes.append(import_module(f"ecgrt.cli.{command.replace('-', '_')}").main(arguments))
    except SystemExit as end:
        codes.append(end.code)
with open(sys.argv[2], "w") as file:
    json.dump({"seen": seen, "codes": codes}, file)
"""

RECORD = ROOT / "examples" / "records" / "S0001"


@pytest.mark.parametrize(
    ("commands", "events"),
    [
        (
            [
                ["info"],
                ["predict", RECORD, "--json", "p.json"],
                ["holter", RECORD, "--json", "t.json", "--report", "t.html", "--fhir", "t.fhir"],
                ["eval", RECORD.parent, "-o", "answers.txt"],
                ["score", RECORD.parent, "--out", "a.parquet", "--workers", "1"],
                ["build-engine", ROOT / "models" / "cinc17.onnx", "-o", "m.plan"],
            ],
            False,
        ),
        ([["data", "fetch", "--source", "http://127.0.0.1:9/", "--out", "data"]], True),
    ],
    ids=["everything else", "fetching"],
)
def test_what_uses_the_network(commands: list[list[object]], events: bool, tmp_path: Path) -> None:
    out = tmp_path / "seen.json"
    text = json.dumps([[str(word) for word in command] for command in commands])
    run = subprocess.run(
        [sys.executable, "-c", WATCH, text, str(out)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(out.read_text())
    assert bool(found["seen"]) == events, found
    assert all(found["codes"]) if events else not any(found["codes"]), run.stderr
