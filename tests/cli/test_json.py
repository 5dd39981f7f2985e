"""``--json`` alone: standard output holds JSON and nothing else, whatever else there is to say."""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT
from family import SMALL, make_network, make_selector, save
from tiny_training import tiny_config, write_data

from ecgrt.cli import common
from ecgrt.cli.output import STDOUT, nothing_but_json

RECORD = ROOT / "examples" / "records" / "S0001"


def write_dev(folder: Path) -> None:
    """Write ten records of each class, of one segment, and the model that passes them on."""
    rng, lines = np.random.default_rng(0), []
    for number in range(40):
        np.save(folder / f"r{number}.npy", rng.normal(size=4).astype(np.float32))
        line = {"ecg": f"r{number}.npy", "fs": 300, "unit": "uV", "labels": ["ANO~"[number % 4]]}
        lines.append(json.dumps(line) + "\n")
    (folder / "dev.json").write_text("".join(lines))
    save(make_selector(), folder / "selector.onnx")


def write_recipe(folder: Path) -> None:
    write_data(folder, train=12, dev=8)
    config = tiny_config(folder, max_epochs=1, checkpoint="last", schedule="cosine")
    (folder / "recipe.json").write_text(json.dumps(config.to_dict()))


#: What each command is called with, and what has to be there first.
COMMANDS: dict[str, tuple[list[object], Any]] = {
    "info": ([], None),
    "predict": ([RECORD], None),
    "holter": ([RECORD], None),
    "eval": ([RECORD.parent], None),
    "score": ([RECORD.parent, "--out", "a.parquet", "--workers", "1"], None),
    "bench": (
        ["--seconds", "1", "--threads", "1", "--calls", "1", "--batch", "1", "--starts", "1"],
        None,
    ),
    "build-engine": (
        ["model.onnx", "--target", "cpu"],
        lambda folder: save(make_network(SMALL), folder / "model.onnx"),
    ),
    "calibrate": (["selector.onnx", "dev.json"], write_dev),
    "crossval": (["recipe.json", "--folds", "2"], write_recipe),
}


def test_every_command_with_json_is_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []

    def look(parser: argparse.ArgumentParser, *_: object) -> int:
        if "--json" in parser.format_help():
            found.append(parser.prog.removeprefix("ecgrt-"))
        return 0

    for path in Path(common.__file__).parent.glob("*.py"):
        module = importlib.import_module(f"ecgrt.cli.{path.stem}")
        if hasattr(module, "main"):
            monkeypatch.setattr(module, "run", look)
            module.main([])
    assert sorted(found) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_json_stands_alone(name: str, tmp_path: Path) -> None:
    arguments, prepare = COMMANDS[name]
    if prepare is not None:
        prepare(tmp_path)
    module = f"ecgrt.cli.{name.replace('-', '_')}"
    program = f"import sys; from {module} import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments), "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert isinstance(json.loads(done.stdout), dict)
    for told in ("does not name its training records", "records to train on"):
        assert told not in done.stdout


@pytest.mark.parametrize("target", [None, "a.json", STDOUT])
def test_what_a_library_prints_stands_beside_json(
    target: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a build for TensorRT prints, which no command here can run."""
    with nothing_but_json(target):
        print("note")
    told = capsys.readouterr()
    assert (told.out, told.err) == (("", "note\n") if target == STDOUT else ("note\n", ""))
