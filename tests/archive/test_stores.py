"""Archives in an object store: read from S3, written to it, killed, gone on with, refused by it."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pyarrow.fs
import pyarrow.parquet as pq
import pytest
from archives import answers, holds_answers_of_predict, sample_records, write_table
from commands import exit_code
from s3 import S3, serving

import ecgrt
from ecgrt.archive import score, stores
from ecgrt.records import list_records

NUMBERS = itertools.count()
KILLED = """
import os, signal, sys
from ecgrt.archive import score

def progress(blocks, count):
    for done, number in enumerate(blocks, 1):
        if done == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        yield number

score(sys.argv[1:2], sys.argv[2], workers=1, block=4, progress=progress)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    with serving() as store, pytest.MonkeyPatch.context() as patch:
        for name, value in (
            ("ENDPOINT_URL", store.url),
            ("ACCESS_KEY_ID", "test"),
            ("SECRET_ACCESS_KEY", "test"),
            ("DEFAULT_REGION", "us-east-1"),
            ("EC2_METADATA_DISABLED", "true"),
        ):
            patch.setenv(f"AWS_{name}", value)
        stores._system.cache_clear()
        yield store
        stores._system.cache_clear()


class Bucket:
    """A bucket, and the store that it is in."""

    def __init__(self, name: str, store: S3) -> None:
        self.uri = f"s3://{name}"
        self.store = store
        self._name = name
        host = store.url.removeprefix("http://")
        self._system = pyarrow.fs.S3FileSystem(
            endpoint_override=host, scheme="http", allow_bucket_creation=True
        )
        self._system.create_dir(name)

    def put(self, key: str, content: bytes) -> str:
        with self._system.open_output_stream(f"{self._name}/{key}") as sink:
            sink.write(content)
        return f"{self.uri}/{key}"

    def objects(self) -> set[str]:
        everything = pyarrow.fs.FileSelector(self._name, recursive=True)
        found = self._system.get_file_info(everything)
        return {info.path.removeprefix(f"{self._name}/") for info in found if info.is_file}

    def read(self, key: str, folder: Path) -> Path:
        """Copy an object to a folder."""
        (copy := folder / Path(key).name).write_bytes(
            self._system.open_input_stream(f"{self._name}/{key}").read()
        )
        return copy


@pytest.fixture
def bucket(server: S3) -> Iterator[Bucket]:
    yield Bucket(f"bucket-{next(NUMBERS)}", server)
    server.fault = lambda method, path: ""


@pytest.fixture
def table(records: Path, tmp_path: Path) -> Path:
    """40 records in ten blocks of four."""
    return write_table(tmp_path / "in.parquet", sample_records(records), copies=4, rows=20)


def upload(bucket: Bucket, folder: str, paths: list[Path]) -> None:
    for path in paths:
        bucket.put(f"{folder}{path.name}", path.read_bytes())


def test_wfdb_records(bucket: Bucket, records: Path, tmp_path: Path) -> None:
    """Of a folder, with something else in it; all of it, and those that RECORDS names."""
    files = [path for path in records.iterdir() if path.suffix in (".hea", ".mat")]
    upload(bucket, "a b/", files)
    bucket.put("a b/README.txt", b"no record")
    bucket.put("a b/deeper/S0001.hea", b"no record of this folder")
    bucket.put("a b/lies.hea", b"lies 1 300 9000\nlies.mat 16+24 1000/mV 16 0 0 0 0 ECG\n")
    code = exit_code("score", f"{bucket.uri}/a%20b", "-o", tmp_path / "x.parquet", "--workers", 1)
    assert code == 1
    *found, lies = answers(tmp_path / "x.parquet")
    classifier = ecgrt.Classifier(threads=1)
    names = [path.name for path in list_records(records)]
    assert [row["source"] for row in found] == [f"{bucket.uri}/a%20b/{name}" for name in names]
    for row, record in zip(found, sample_records(records), strict=True):
        assert (row["name"], row["label"]) == (record.name, classifier.predict(record).label)
    assert f"{bucket.uri}/a%20b/lies.mat" in lies["error"]
    bucket.put("a b/RECORDS", b"S0003\nS0001\n")
    for source in ("a%20b/", "a%20b/RECORDS"):
        score([f"{bucket.uri}/{source}"], tmp_path / "y.parquet", workers=1)
        assert [row["name"] for row in answers(tmp_path / "y.parquet")] == ["S0003", "S0001"]


def test_text_and_single_objects(bucket: Bucket, records: Path, tmp_path: Path) -> None:
    record = sample_records(records)[0]
    lines = "\n".join(f"{x}" for x in record.signal)
    bucket.put("csv/one.csv", f"ecg [uV]\n{lines}\n".encode())
    for suffix in ("hea", "mat"):
        bucket.put(f"S1.{suffix}", (records / f"S0001.{suffix}").read_bytes())
    host = bucket.store.url.removeprefix("http://")
    inputs = [f"{bucket.uri}/csv?scheme=http&endpoint_override={host}", f"{bucket.uri}/none.edf"]
    score(inputs, tmp_path / "x.parquet", workers=1, fs=300)
    text, none = answers(tmp_path / "x.parquet")
    assert text["name"] == "one"
    assert text["label"] == ecgrt.Classifier().predict(record).label
    assert none["error"] == f"{bucket.uri}/none.edf does not exist"


def test_segments_and_companions_are_fetched(bucket: Bucket, records: Path, tmp_path: Path) -> None:
    """A header of segments, whose headers name their files; a .mat beside a header."""
    header = (records / "S0001.hea").read_text()
    count = int(header.split()[3])
    bucket.put("long.hea", f"long/2 1 300 {2 * count}\nS0001 {count}\nS0001 {count}\n".encode())
    upload(bucket, "", [records / "S0001.hea", records / "S0001.mat"])
    record = stores.read_object(f"{bucket.uri}/S0001.mat")
    np.testing.assert_array_equal(record.signal, ecgrt.read_record(records / "S0001").signal)
    whole = stores.read_object(f"{bucket.uri}/long")
    np.testing.assert_allclose(whole.signal, np.tile(record.signal, 2), atol=1e-3)
    assert stores.records_in(bucket.uri, ["S0001.hea", "S0001.mat", "long.hea"]) == [
        f"{bucket.uri}/long"
    ]


def test_a_run_that_is_killed_goes_on_in_the_store(
    bucket: Bucket, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tables in, answers out, in the same bucket; some requests are refused at first."""
    source, out = bucket.put("in.parquet", table.read_bytes()), f"{bucket.uri}/out/answers.parquet"
    (program := tmp_path / "run.py").write_text(KILLED)
    run = subprocess.run([sys.executable, program, source, out], check=False)
    assert run.returncode == -signal.SIGKILL
    kept = {key for key in bucket.objects() if "block-" in key}
    assert len(kept) == 3
    options = ["score", source, "--out", out, "--workers", 1, "--block"]
    assert exit_code(*options, 4) == 2
    assert "go on with --resume" in capsys.readouterr().err
    assert exit_code(*options, 5, "--resume") == 2
    assert "other options" in capsys.readouterr().err
    bucket.store.asked.clear()
    bucket.store.fault = lambda *_: "busy" if len(bucket.store.asked) % 11 == 0 else ""
    assert exit_code(*options, 4, "--resume", "--json") == 0
    assert '"records": 40' in capsys.readouterr().out
    bucket.store.fault = lambda *_: ""
    written = [path for method, path in bucket.store.asked if method == "PUT" and "block-" in path]
    assert not any(path.endswith(tuple(Path(key).name for key in kept)) for path in written)
    holds_answers_of_predict(bucket.read("out/answers.parquet", tmp_path), table)
    assert bucket.objects() == {"in.parquet", "out/answers.parquet"}
    assert exit_code(*options, 4, "--resume") == 0, "it does nothing where everything is done"


@pytest.fixture
def impatient(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask a store that fails twice, and not for six seconds."""
    twice = pyarrow.fs.AwsStandardS3RetryStrategy(max_attempts=2)
    host = bucket.store.url.removeprefix("http://")
    system = pyarrow.fs.S3FileSystem(endpoint_override=host, scheme="http", retry_strategy=twice)
    monkeypatch.setattr(stores, "_system", lambda uri: (system, unquote(uri.partition("//")[2])))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("failing", "fault"),
    [("in.parquet", "cut"), ("records/S0006.mat", "busy"), ("block-00000002", "busy")],
)
def test_a_store_that_fails_ends_the_run_which_can_go_on(
    failing: str,
    fault: str,
    bucket: Bucket,
    table: Path,
    records: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It says nothing about a record, so that no row may have it as its reason."""
    upload(bucket, "records/", list(records.glob("S*.*")))
    inputs = [f"{bucket.uri}/records", bucket.put("in.parquet", table.read_bytes())]
    out = f"{bucket.uri}/answers.parquet"
    whole = len(bucket.objects())
    options = ["score", *inputs, "--out", out, "--workers", 1, "--block", 4]

    def fail(method: str, path: str) -> str:
        late = any("block-00000001" in asked for _, asked in bucket.store.asked)
        return fault if failing in path and (late or failing != "in.parquet") else ""

    bucket.store.asked.clear()
    bucket.store.fault = fail
    assert exit_code(*options) == 2
    assert "go on with --resume" in capsys.readouterr().err
    assert len(bucket.objects()) > whole, "nothing was kept"
    bucket.store.fault = lambda *_: ""
    assert exit_code(*options, "--resume") == 0
    found = pq.read_table(bucket.read("answers.parquet", tmp_path))
    assert found.num_rows == 50
    assert found.column("error").null_count == 50


def test_what_is_refused(
    bucket: Bucket, records: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for out, fault in (
        (f"{bucket.uri}-none/a.parquet", "a.parquet"),
        ("nowhere://bucket/a.parquet", "no store"),
    ):
        assert exit_code("score", records, "--out", out, "--workers", 1) == 2
        assert fault in capsys.readouterr().err
    assert bucket.objects() == set()
    bucket.put("x/notes.doc", b"")
    for source, fault in (
        (f"{bucket.uri}/x", "holds no records"),
        (f"{bucket.uri}/none.parquet", f"{bucket.uri}/none.parquet does not exist"),
    ):
        assert exit_code("score", source, "--out", tmp_path / "a.parquet") == 2
        assert fault in capsys.readouterr().err
