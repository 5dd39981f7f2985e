"""Commands that write something, on inputs so small that they can be run hundreds of times."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from challenge_files import write_record
from family import SMALL, build, make_network, make_selector, save

from ecgrt.metadata import ONNX_TRAINING_RECORDS_KEY

#: What an earlier run has written, where a command replaces files.
OLD = b"what an earlier run has written\n"


@dataclass(frozen=True)
class Command:
    """A command line, in which {in} and {out} are folders, and what it writes to the latter.

    Attributes
    ----------
    argv
        With the command's name first.
    replaces
        Files that an earlier run has written; any others are new.
    again
        What a run that goes on is given besides.
    partly
        Whether a record that fails leaves the others answered, with exit code 1.
    once
        Whether it refuses to replace what is there.
    in_workers
        Whether calls of the processes that it starts go wrong, not its own.
    facts
        By suffix: what of a file is the same in every run.
    """

    argv: str
    replaces: tuple[str, ...] = ()
    again: str = ""
    partly: bool = False
    once: bool = False
    in_workers: bool = False
    facts: Mapping[str, Callable[[bytes], Any]] = field(default_factory=dict)

    def line(self, box: Path, extra: str = "") -> list[str]:
        places = {"in": box / "in", "out": box / "out"}
        return [word.format(**places) for word in f"{self.argv} {extra}".split()]

    def facts_of(self, name: str, content: bytes) -> Any:
        """What of a file is the same in every run."""
        return self.facts.get(Path(name).suffix, bytes)(content)


def _figures(content: bytes) -> Any:
    """A report in JSON without times."""
    values = json.loads(content)
    for key in ("load", "record_milliseconds", "timings", "seconds"):
        values.pop(key, None)
    return values


def _first_column(content: bytes) -> list[bytes]:
    return [line.partition(b",")[0] for line in content.splitlines()]


def _rows(content: bytes) -> Any:
    return pq.read_table(pa.BufferReader(content)).to_pylist()


COMMANDS = {
    "predict": Command(
        "predict {in}/records --plan {in}/small.plan --json {out}/p.json --report {out}/reports",
        replaces=("p.json",),
        partly=True,
    ),
    "holter": Command(
        "holter {in}/records/R1 --plan {in}/small.plan --json {out}/t.json --csv {out}/t.csv "
        "--fhir {out}/fhir.json --report {out}/t.html",
        replaces=("t.json", "t.csv", "fhir.json", "t.html"),
        partly=True,
    ),
    "eval": Command(
        "eval {in}/records --plan {in}/small.plan -o {out}/answers.txt --json {out}/e.json "
        "--timing {out}/e.csv",
        replaces=("answers.txt", "e.json", "e.csv"),
        again="--resume",
        partly=True,
        facts={".json": _figures, ".csv": _first_column},
    ),
    "score": Command(
        "score {in}/records {in}/table.parquet --plan {in}/small.plan --workers 1 --block 2 "
        "--out {out}/s.parquet --json {out}/s.json",
        replaces=("s.parquet", "s.json"),
        again="--resume",
        partly=True,
        facts={".parquet": _rows},
    ),
    "score in workers": Command(
        "score {in}/records {in}/table.parquet --plan {in}/small.plan --workers 2 --block 2 "
        "--out {out}/s.parquet --json {out}/s.json",
        replaces=("s.parquet", "s.json"),
        again="--resume",
        partly=True,
        in_workers=True,
        facts={".parquet": _rows},
    ),
    "build-engine": Command(
        "build_engine {in}/small.onnx --target cpu -o {out}/m.plan --json {out}/m.json",
        replaces=("m.plan", "m.json"),
        facts={".json": _figures},
    ),
    "calibrate": Command(
        "calibrate {in}/selector.onnx {in}/dev/dev.json -o {out}/c.onnx --decision mean "
        "--json {out}/c.json",
        replaces=("c.onnx", "c.json"),
    ),
    "entry": Command(
        "entry {in}/records --plan {in}/small.plan --wheel {in}/ecgrt-1-py3-none-any.whl "
        "-o {out}/entry.zip",
        replaces=("entry.zip",),
    ),
    "export": Command(
        "export {in}/foreign.onnx --metadata {in}/fields.json -o {out}/m.onnx",
        replaces=("m.onnx",),
    ),
    "fetch": Command("data fetch --source {in}/mirror --out {out}/data"),
    "split": Command(
        "data split {in}/data --out {out} --dev-fraction 0.5", replaces=("train.json", "dev.json")
    ),
    "triton": Command("triton {out}/models --plan {in}/small.plan", once=True),
}


def write_inputs(folder: Path) -> None:
    """Make everything that COMMANDS read."""
    rng = np.random.default_rng(5)
    folder.mkdir()
    save(make_network(SMALL), folder / "small.onnx")
    build(make_network(SMALL), folder).replace(folder / "small.plan")
    _write_foreign(folder)
    for name in ("R1", "R2", "R3"):
        write_record(folder / "records", name, rng.integers(-500, 500, 3000))
    (folder / "records" / "REFERENCE.csv").write_text("R1,N\nR2,A\nR3,O\n")
    signals = pa.array([rng.integers(-500, 500, 900).astype(np.int16)] * 3, pa.list_(pa.int16()))
    columns = {"name": ["T1", "T2", "T3"], "signal": signals, "fs": [300.0] * 3, "unit": ["uV"] * 3}
    pq.write_table(pa.table(columns), folder / "table.parquet")
    _write_dev(folder)
    _write_challenge(folder)


def _write_foreign(folder: Path) -> None:
    """A model that says nothing of itself, and what is to be said of it; and an empty wheel."""
    model = make_network(SMALL)
    del model.metadata_props[:]
    save(model, folder / "foreign.onnx")
    fields = {"classes": ["A", "N", "O"], "sampling_rate": 300, "mean": 0, "std": 100}
    (folder / "fields.json").write_text(json.dumps(fields))
    zipfile.ZipFile(folder / "ecgrt-1-py3-none-any.whl", "w").close()


def _write_dev(folder: Path) -> None:
    """A model whose one segment is its input, and records to calibrate it by."""
    model = make_selector()
    model.metadata_props.add(key=ONNX_TRAINING_RECORDS_KEY, value="t1 t2")
    save(model, folder / "selector.onnx")
    (folder / "dev").mkdir()
    rng, lines = np.random.default_rng(6), []
    for number in range(24):
        np.save(folder / "dev" / f"r{number}.npy", rng.exponential(2.5, 4).astype(np.float32))
        line = {"ecg": f"r{number}.npy", "fs": 300, "unit": "uV", "labels": ["ANO~"[number % 4]]}
        lines.append(json.dumps(line) + "\n")
    (folder / "dev" / "dev.json").write_text("".join(lines))


def _write_challenge(folder: Path) -> None:
    """The challenge's data, as ``fetch`` leaves it, and zipped as PhysioNet does."""
    data, mirror, rng = folder / "data", folder / "mirror", np.random.default_rng(8)
    training, validation = data / "training2017", data / "sample2017" / "validation"
    labels = {f"A{number:05d}": "NAO~"[number % 4] for number in range(10)}
    for name in labels:
        write_record(training, name, rng.integers(-500, 500, 600))
    validation.mkdir(parents=True)
    for path in training.glob("A00000.*"):
        shutil.copy(path, validation)
    (training / "RECORDS").write_text("".join(f"{name}\n" for name in labels))
    (validation / "RECORDS").write_text("A00000\n")
    reference = "".join(f"{name},{label}\n" for name, label in labels.items())
    (training / "REFERENCE.csv").write_text(reference)
    (data / "REFERENCE-v3.csv").write_text(reference)
    mirror.mkdir()
    for name in ("training2017", "sample2017"):
        with zipfile.ZipFile(mirror / f"{name}.zip", "w") as zipped:
            for path in sorted((data / name).rglob("*")):
                zipped.write(path, path.relative_to(data))
    shutil.copy(data / "REFERENCE-v3.csv", mirror)
