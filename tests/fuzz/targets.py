"""What is fuzzed of the Python side: each takes any bytes, and raises where it finds a fault."""

from __future__ import annotations

import copy
import json
import tempfile
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import helper, numpy_helper

from ecgrt.challenge.unpack import check_zip, unzip
from ecgrt.compile.cpu_plan import build_cpu_plan
from ecgrt.compile.graph import UnsupportedModelError
from ecgrt.compile.onnx_graph import load_graph
from ecgrt.metadata import Metadata
from ecgrt.records.base import Record, read_record
from ecgrt.records.manifest import read_manifest
from ecgrt.training.config import TrainConfig

warnings.simplefilter("ignore")

#: An operator more or less than the family's, so that handlers meet what they do not expect.
OPERATORS = ("Shape", "Identity", "Squeeze", "Reshape", "Concat", "Gather", "Slice", "Cast", "Loop")


#: Of records, with how each kind of file is told.
SUFFIXES = (
    *(".csv", ".tsv", ".txt", ".hea", ".mat", ".edf", ".bdf", ".rec", ".npy", ".npz"),
    *(".dcm", ".ecg", ".xml", ".scp"),
)


class Bytes:
    """Reads decisions off a fuzzer's bytes; zeros where they end."""

    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0

    def number(self, below: int) -> int:
        """Return a number from 0 to below ``below``."""
        value = self.data[self.place] if self.place < len(self.data) else 0
        self.place += 1
        return value % below

    def signed(self) -> int:
        """Return a small number, at times a large one."""
        value = self.number(256) - 128
        return value if abs(value) < 100 else value << 40

    @property
    def left(self) -> bool:
        """Tell whether there are bytes left."""
        return self.place < len(self.data)


@cache
def networks() -> tuple[onnx.ModelProto, ...]:
    """Sound networks, small enough to be compiled a hundred times a second."""
    from family import SMALL, make_network, make_selector

    return make_network(SMALL), make_selector()


def mutate(model: onnx.ModelProto, data: Bytes) -> None:
    """Change one thing that a node says, where it stands, or a weight."""
    nodes, weights = model.graph.node, model.graph.initializer
    if not nodes or not weights:
        return
    node = nodes[data.number(len(nodes))]
    names = [*(o for n in nodes for o in n.output), *(t.name for t in weights), "", "signal"]
    kind = data.number(8)
    if kind == 0:
        types = (*sorted({n.op_type for n in nodes}), *OPERATORS)
        node.op_type = types[data.number(len(types))]
    elif kind == 1 and node.input:
        node.input[data.number(len(node.input))] = names[data.number(len(names))]
    elif kind == 2:
        node.input.append(names[data.number(len(names))])
    elif kind == 3:
        del node.input[data.number(len(node.input) + 1) :]
    elif kind == 4:
        known = ("axis", "axes", "perm", "pads", "strides", "kernel_shape", "epsilon", "to", "mode")
        values = [data.signed() for _ in range(data.number(5))]
        value = values if len(values) > 1 else values[0] if values else 0.5
        node.attribute.append(helper.make_attribute(known[data.number(len(known))], value))
    elif kind == 5:
        nodes.remove(node)
    elif kind == 6:
        nodes.insert(data.number(len(nodes)), copy.deepcopy(node))
    else:
        tensor = weights[data.number(len(weights))]
        shape = tuple(data.number(5) for _ in range(data.number(5)))
        kinds = ("f4", "f8", "i8", "f2")
        values = np.full(shape, data.signed(), kinds[data.number(4)])
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))


def fuzz_onnx(data: bytes) -> None:
    """A network of the family after some changes, or any bytes: refused, or compiled and right."""
    source = Bytes(data)
    if source.number(4) == 3:
        try:
            load_graph(onnx.load_from_string(data[1:]))
        except (DecodeError, UnsupportedModelError):
            return
        return
    model = copy.deepcopy(networks()[source.number(len(networks()))])
    for _ in range(8):
        if source.left:
            mutate(model, source)
    try:
        load_graph(model)
    except UnsupportedModelError:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.onnx")
        path.write_bytes(model.SerializeToString())
        try:
            # which compares the engine's answers with those of ONNX Runtime
            build_cpu_plan(path, Path(folder, "model.plan"))
        except UnsupportedModelError as error:
            # a weight of 2^40 loses its precision, which is for the check to find
            if "probabilities differ by" in str(error) and not _has_large_weights(model):
                raise AssertionError(str(error)) from error
        except ValueError as error:
            if "not finite" not in str(error):
                raise


def _has_large_weights(model: onnx.ModelProto) -> bool:
    arrays = map(numpy_helper.to_array, model.graph.initializer)
    return any(np.abs(a.astype(np.float64)).max(initial=0) > 1000 for a in arrays)


def fuzz_zip(data: bytes) -> None:
    """Any bytes as a zip: refused, or unpacked within its folder and its limits."""
    with tempfile.TemporaryDirectory() as folder:
        archive, out = Path(folder, "a.zip"), Path(folder, "out")
        archive.write_bytes(data)
        out.mkdir()
        try:
            check_zip(archive)
            unzip(archive, out)
        except ValueError:
            assert not list(out.iterdir())
            return
        assert unzip(archive, out) == 0
        assert {p.name for p in Path(folder).iterdir()} == {"a.zip", "out"}
        assert not any(p.is_symlink() for p in out.rglob("*"))


def fuzz_config(data: bytes) -> None:
    """Any bytes as a training configuration."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(data)
        file.flush()
        try:
            config = TrainConfig.load(file.name)
        except ValueError:
            return
    assert TrainConfig.from_dict(config.to_dict()) == config


def fuzz_manifest(data: bytes) -> None:
    """Any bytes as a manifest, beside a record."""
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder, "a.npy"), np.zeros(600, np.float32))
        path = Path(folder, "train.json")
        path.write_bytes(data)
        try:
            read_manifest(path)
        except (ValueError, OSError):
            return


def fuzz_record(data: bytes) -> None:
    """Any bytes as a record of each kind: the first names it, and what of it the caller says.

    A WFDB record is two files, its header up to the first zero.
    """
    source = Bytes(data)
    suffix = SUFFIXES[source.number(len(SUFFIXES))]
    says = ({}, {"fs": 250.0, "unit": "mV", "lead": 0}, {"lead": "II"})[source.number(3)]
    content = data[2:]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "record" + suffix)
        if suffix == ".hea":
            content, _, samples = content.partition(b"\0")
            path.with_suffix(".dat").write_bytes(samples)
        path.write_bytes(content)
        try:
            record = read_record(path, **says)
        except (ValueError, TypeError, FileNotFoundError):
            return
        _check_record(record)


def _check_record(record: Record) -> None:
    assert record.signal.ndim == 1
    assert record.signal.size
    assert record.signal.dtype in (np.int16, np.int32, np.float32, np.float64)
    assert 10 <= record.fs <= 100_000
    assert not np.isinf(record.signal).any()


def fuzz_metadata(data: bytes) -> None:
    """Any text as metadata: Python and the core must agree on what is valid."""
    from ecgrt import _core

    text = data.decode("utf-8", errors="replace")
    try:
        metadata = Metadata.from_json(text)
        again = metadata.to_json()
    except ValueError:
        return
    except TypeError:
        return
    _core.check_metadata(again)
    assert Metadata.from_json(again) == metadata
    json.loads(again)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "onnx": fuzz_onnx,
    "zip": fuzz_zip,
    "config": fuzz_config,
    "manifest": fuzz_manifest,
    "metadata": fuzz_metadata,
    "record": fuzz_record,
}
