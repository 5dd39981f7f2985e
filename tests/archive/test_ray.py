"""Archives answered on a Ray cluster of this machine; needs the extra ``ray``, as CI's job of that
name has it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from archives import after, answers, holds_answers_of_predict, sample_records, write_table
from commands import exit_code

from ecgrt.archive import score

ray = pytest.importorskip("ray", reason='needs ecgrt[ray]: pip install "ecgrt[ray]"')


@pytest.fixture(scope="module", autouse=True)
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Three workers on a cluster that sends nothing anywhere."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray.data

    ray.init(num_cpus=3, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    ray.data.DataContext.get_current().wait_for_min_actors_s = 300  # all of them, then work begins
    yield
    ray.shutdown()


def actors() -> set[int]:
    """The processes of Ray's actors on this machine that hold a classifier."""
    found = set()
    for folder in Path("/proc").iterdir():
        try:
            if b"_Actor" in (folder / "cmdline").read_bytes().partition(b"\0")[0]:
                found.add(int(folder.name))
        except OSError:  # ended by now, or no process at all
            continue
    return found


def test_a_worker_that_is_killed_costs_no_row(records: Path, tmp_path: Path) -> None:
    table = write_table(tmp_path / "in.parquet", sample_records(records), copies=30, rows=60)
    out = tmp_path / "answers.parquet"
    seen: list[set[int]] = []

    def kill() -> None:
        seen.append(actors())
        os.kill(min(seen[0]), signal.SIGKILL)

    score([table], out, block=3, workers=3, ray="", progress=after(2, kill))
    assert len(seen[0]) == 3
    holds_answers_of_predict(out, table)


def test_files_and_failures(records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that are named from the folder of the run, which is not that of the cluster."""
    monkeypatch.chdir(records.parent)
    records = Path(records.name)
    out = tmp_path / "answers.parquet"
    code = exit_code("score", records, tmp_path / "missing", "--out", out, "--block", 4, "--ray")
    assert code == 1
    here = tmp_path / "here.parquet"
    assert exit_code("score", records, tmp_path / "missing", "--out", here, "--block", 4) == 1
    assert answers(out) == answers(here)


def test_a_run_that_was_interrupted_goes_on_elsewhere(records: Path, tmp_path: Path) -> None:
    """What was answered by Ray, without it."""
    table = write_table(tmp_path / "in.parquet", sample_records(records), copies=6)
    out = tmp_path / "answers.parquet"

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score([table], out, block=3, workers=2, ray="", progress=after(4, stop))
    score([table], out, block=3, workers=1, resume=True)
    holds_answers_of_predict(out, table)
