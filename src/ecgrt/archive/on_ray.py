"""Blocks answered on a Ray cluster, by actors that each hold one classifier."""

from __future__ import annotations

import logging
import os
import pickle
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import SignalWarning
from .._extras import require
from .answers import Scorer, Table
from .blocks import Group
from .settings import Settings

#: Blocks of a group of rows that an actor reads and answers at a time.
_BLOCKS = 8


def answer_on_ray(
    settings: Settings,
    groups: Sequence[Group],
    done: set[int],
    address: str,
    workers: int | None,
    *,
    on_gpu: bool = False,
) -> Iterator[tuple[int, Table]]:
    """Yield the answers of the blocks that are not done, as they come, with their numbers.

    Parameters
    ----------
    settings
        Of the run. The plan travels to the actors; the records must be where they are named.
    groups, done
        The whole archive, and what of it has answers.
    address
        Of the cluster; empty: the one that Ray finds, else one on this machine.
    workers
        Actors; None: as many as the cluster has of what each needs.
    on_gpu
        Whether an actor needs a GPU, and not only a CPU.
    """
    with _ray(address) as ray:
        kind = "GPU" if on_gpu else "CPU"
        actors = workers or max(1, int(ray.cluster_resources().get(kind, 1)))
        orders = list(_orders(groups, done))
        plan = ray.put(Path(settings.plan).read_bytes())
        data = ray.data.from_items(
            [{"order": pickle.dumps(order)} for order in orders],
            override_num_blocks=len(orders),
        ).map_batches(
            _Actor,
            fn_constructor_args=(settings, os.getcwd(), [plan]),
            batch_size=1,
            batch_format="numpy",
            compute=ray.data.ActorPoolStrategy(size=min(actors, len(orders))),
            num_cpus=1,
            num_gpus=1 if on_gpu else 0,
        )
        pa = require("pyarrow", extra="archive")
        for row in data.iter_rows():
            yield int(row["number"]), pa.ipc.open_stream(row["answers"]).read_all()


def _orders(groups: Sequence[Group], done: set[int]) -> Iterator[tuple[Group, set[int]]]:
    for group in groups:
        numbers = [group.first + i for i in range(len(group.sizes))]
        wanted = [number for number in numbers if number not in done]
        for start in range(0, len(wanted), _BLOCKS):
            yield group, set(wanted[start : start + _BLOCKS])


class _Actor:
    """What runs on the cluster."""

    def __init__(self, settings: Settings, folder: str, plan: list[Any]) -> None:
        if os.path.isdir(folder):  # inputs may be named from there
            os.chdir(folder)
        content = require("ray", extra="ray").get(plan[0])
        warnings.simplefilter("ignore", SignalWarning)  # the rows tell
        with tempfile.TemporaryDirectory(prefix="ecgrt-") as own:
            path = Path(own, "model.plan")
            path.write_bytes(content)
            self._scorer = Scorer(replace(settings, plan=str(path)))

    def __call__(self, batch: dict[str, Any]) -> Iterator[dict[str, list[Any]]]:
        for order in batch["order"]:
            group, wanted = pickle.loads(order)
            for block in group.blocks(wanted):
                table = self._scorer.answer(block)
                yield {"number": [block.number], "answers": [_bytes(table)]}


def _bytes(table: Table) -> bytes:
    pa = require("pyarrow", extra="archive")
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


@contextmanager
def _ray(address: str) -> Iterator[Any]:
    """Connect to a cluster; one that is connected already stays so."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # ecgrt sends nothing anywhere
    ray = require("ray", extra="ray")
    require("ray.data", extra="ray")
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    began = not ray.is_initialized()
    if began:
        ray.init(address=address or None, log_to_driver=False, logging_level="ERROR")
    context = ray.data.DataContext.get_current()
    shown, context.enable_progress_bars = context.enable_progress_bars, False
    try:
        yield ray
    finally:
        context.enable_progress_bars = shown
        if began:
            ray.shutdown()
