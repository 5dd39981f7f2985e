"""Files of clinical recorders: cuts of published samples, decoded here once more by hand."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import numpy as np
import pytest

from ecgrt.records import read_record

pytest.importorskip("ecgdatakit", reason='needs pip install "ecgrt[formats]"')

FOLDER = Path(__file__).parents[1] / "data" / "records"


def test_muse() -> None:
    record = read_record(FOLDER / "muse.xml", lead="II")
    text = (FOLDER / "muse.xml").read_text()
    stored = re.findall(r"<WaveFormData>(.*?)</WaveFormData>", text, re.DOTALL)[1]
    expected = np.frombuffer(base64.b64decode(stored), "<i2") * 4.88
    assert (record.fs, record.lead, record.format) == (500.0, "II", "GE MUSE XML")
    assert str(record.start) == "2024-01-01 10:35:17"
    np.testing.assert_allclose(record.signal, expected)


def test_aecg() -> None:
    record = read_record(FOLDER / "aecg.xml")
    digits = re.search(r"<digits>(.*?)</digits>", (FOLDER / "aecg.xml").read_text())
    assert digits is not None
    assert (record.fs, record.lead, record.format) == (500.0, "II", "HL7 aECG")
    np.testing.assert_allclose(record.signal, np.array(digits[1].split(), float) * 2.5)


def test_philips() -> None:
    record = read_record(FOLDER / "philips.xml", lead="II")
    assert (record.fs, record.lead, record.signal.size) == (500.0, "II", 5500)
    # As the package sierraecg decodes them, times 5 uV.
    np.testing.assert_allclose(record.signal[:5], [585, 575, 555, 535, 525])
    np.testing.assert_allclose([record.signal.min(), record.signal.max()], [-465, 1000])


def test_ishne(tmp_path: Path) -> None:
    content = (FOLDER / "ishne.ecg").read_bytes()
    stored = np.frombuffer(content[522:], "<i2").reshape(-1, 2)
    record = read_record(FOLDER / "ishne.ecg", lead="ii")
    assert (record.fs, record.lead, record.format) == (1000.0, "II", "ISHNE Holter")
    np.testing.assert_allclose(record.signal, stored[:, 1] * 5.0)
    changed = stored.copy()
    changed[7, 1] = -(2**15)  # the lead was off
    (tmp_path / "a.ecg").write_bytes(content[:522] + changed.tobytes())
    assert read_record(tmp_path / "a.ecg", lead="II").gaps == ((7, 8),)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("ishne.ecg", b"\xf4\x01\0\0", b"\xe8\x03\0\0", "its checksum is wrong"),
        ("muse.xml", b"<WaveFormData>", b"<WaveFormData>AAAA", "cannot be read"),
        ("muse.xml", b"4.88", b"", r"give unit= \(--unit\)"),
        ("muse.xml", b"<SampleBase>500", b"<SampleBase>0", "cannot be read"),
        ("aecg.xml", b'value="0.002"', b'value="0.0039"', "its rate is no whole number"),
        ("aecg.xml", b'unit="uV"', b'unit="mmHg"', "a.xml"),
        ("aecg.xml", b"AnnotatedECG", b"Annotated", "none of"),
        ("philips.xml", b"7gUAAAEA", b"AAAAAAAA", "cannot be read"),
    ],
)
def test_what_is_wrong_is_refused(
    tmp_path: Path, name: str, old: bytes, new: bytes, message: str
) -> None:
    content = (FOLDER / name).read_bytes()
    assert old in content
    path = tmp_path / f"a{Path(name).suffix}"
    path.write_bytes(content.replace(old, new))
    with pytest.raises(ValueError, match=message):
        read_record(path, lead="II")


@pytest.mark.parametrize("keep", [0.3, 0.9])
@pytest.mark.parametrize("name", ["aecg.xml", "ishne.ecg", "muse.xml", "philips.xml"])
def test_half_a_file_is_refused(tmp_path: Path, name: str, keep: float) -> None:
    content = (FOLDER / name).read_bytes()
    path = tmp_path / name
    path.write_bytes(content[: 4 * int(keep * len(content) / 4)])
    with pytest.raises(ValueError, match=re.escape(name)):
        read_record(path, lead="II")


def test_xml_does_not_grow(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY a0 "x">'
    bomb += "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
    for root in ("AnnotatedECG", "RestingECG", "restingecgdata"):
        (tmp_path / "a.xml").write_text(f"{bomb}]><{root}>&a11;</{root}>")
        with pytest.raises(ValueError, match=r"a\.xml cannot be read"):
            read_record(tmp_path / "a.xml")
    (tmp_path / "a.xml").write_text(
        '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><RestingECG>&e;</RestingECG>'
    )
    with pytest.raises(ValueError, match=r"a\.xml cannot be read") as caught:
        read_record(tmp_path / "a.xml")
    assert "/bin" not in str(caught.value)


def test_no_scp_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.scp").write_bytes(b"\0" * 100)
    with pytest.raises(ValueError, match=r"none of .*SCP-ECG"):
        read_record(tmp_path / "a.scp")
