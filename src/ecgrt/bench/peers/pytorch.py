"""PyTorch as a peer."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from ..engine import Array, Run
from ..models import Model
from .base import Peer, last_of
from .torch_network import torch_network


class PyTorch(Peer):
    """PyTorch's compiler for the exact shape; a new process runs the exported network as it is."""

    name = "pytorch"
    cold_start = """\
import torch
torch.set_num_threads(threads)
network = torch.export.load(model).module()
x = torch.from_numpy(numpy.load(signal)[None, None])
with torch.inference_mode():
    network(x).numpy()
"""

    def __init__(self, source: Model, fs: float | None, threads: int) -> None:
        super().__init__(source, fs, threads)
        # No extra brings it: from PyPI it comes with gigabytes of libraries for GPUs.
        self._torch: Any = importlib.import_module("torch")
        self._network = source.network
        self._folder = source.folder

    def version(self) -> str:
        """Return the version of PyTorch."""
        return str(self._torch.__version__)

    def open(self, x: Array, threads: int) -> Run:
        """Return what answers records; the threads are those of the process."""
        torch = self._torch
        torch.set_num_threads(threads)
        rows = torch.from_numpy(x).transpose(1, 2).contiguous()
        # A network of its own for each shape: PyTorch compiles one only so often.
        network = torch_network(self._network)
        if len(x) == 1:
            self.model = self._export(network, rows)
        # The full graph or an error, never a part of it without the compiler.
        compiled = torch.compile(network, fullgraph=True, dynamic=False)

        def run() -> Array:
            with torch.inference_mode():
                return last_of(compiled(rows).numpy())

        return run

    def _export(self, network: Any, rows: Any) -> Path:
        path = self._folder / f"network-{rows.shape[-1]}.pt2"
        if not path.exists():
            self._torch.export.save(self._torch.export.export(network, (rows,)), path)
        return path
