"""The official score, and the files of answers."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from ecgrt._files import write_text
from ecgrt.challenge.scoring import (
    CLASSES,
    read_answers,
    score,
    score_name,
    scored_classes,
    write_answers,
)


def test_worked_example() -> None:
    # reference  N N N N  A A  O O  ~ ~
    # answers    N N N O  A N  O -  ~ N      (- is missing, so it counts as ~)
    #
    #                answered
    #                N  A  O  ~   sum
    #   true   N     3  0  1  0    4      F1n = 2*3 / (4 + 5) = 2/3
    #          A     1  1  0  0    2      F1a = 2*1 / (2 + 1) = 2/3
    #          O     0  0  1  1    2      F1o = 2*1 / (2 + 2) = 1/2
    #          ~     1  0  0  1    2      F1p = 2*1 / (2 + 2) = 1/2, not counted
    #          sum   5  1  2  2   10      overall = (2/3 + 2/3 + 1/2) / 3 = 11/18
    reference = dict(zip("abcdefghij", "NNNNAAOO~~", strict=True))
    answers = dict(zip("abcdefgij", "NNNOANO~N", strict=True))

    result = score(reference, answers)

    assert result.confusion.tolist() == [[3, 0, 1, 0], [1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 0, 1]]
    assert result.f1 == pytest.approx({"N": 2 / 3, "A": 2 / 3, "O": 1 / 2, "~": 1 / 2})
    assert result.overall == pytest.approx(11 / 18)
    assert result.accuracy == pytest.approx(6 / 10)
    assert result.missing == ("h",)


@pytest.mark.parametrize("seed", range(20))
def test_agrees_with_counting_hits_and_misses(seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = [f"r{i}" for i in range(60)]
    reference = dict(zip(names, rng.choice(CLASSES, 60).tolist(), strict=True))
    answers = dict(zip(names, rng.choice(CLASSES, 60).tolist(), strict=True))
    for name in rng.choice(names, 5, replace=False).tolist():
        del answers[name]

    result = score(reference, answers)

    for label in CLASSES:
        is_it = {name for name in names if reference[name] == label}
        called_it = {name for name in names if answers.get(name, "~") == label}
        hits, errors = len(is_it & called_it), len(is_it ^ called_it)
        assert result.f1[label] == pytest.approx(2 * hits / (2 * hits + errors))
    assert result.overall == pytest.approx((result.f1["N"] + result.f1["A"] + result.f1["O"]) / 3)
    assert result.confusion.sum() == 60


def test_perfect_answers_score_one_and_none_zero() -> None:
    reference = dict(zip("abcd", CLASSES, strict=True))
    assert score(reference, reference).overall == 1.0
    nothing = score(reference, {})
    assert nothing.overall == 0.0
    assert nothing.f1["~"] == pytest.approx(2 / 5)  # one of four is noise, all four are called so
    assert nothing.missing == tuple("abcd")


def test_a_class_that_nobody_names_has_no_f1() -> None:
    result = score({"a": "N", "b": "A"}, {"a": "N", "b": "A"})
    assert math.isnan(result.f1["O"])
    assert math.isnan(result.overall)
    assert result.f1["N"] == 1.0
    # Claimed, though it is not there: that is an error, not an absence.
    assert score({"a": "N", "b": "A"}, {"a": "N", "b": "O"}).f1["O"] == 0.0


def test_answers_beyond_the_reference_count_for_nothing() -> None:
    reference = {"a": "N", "b": "A", "c": "O"}
    assert score(reference, reference | {"z": "~"}).overall == 1.0


def test_classes_of_ones_own_are_scored_in_their_order() -> None:
    # reference  y y x z        y was found once of twice, and never claimed: 2 * 1 / (2 + 1)
    # answers    y x x -        x was found, and claimed once more:           2 * 1 / (1 + 2)
    reference = {"a": "y", "b": "y", "c": "x", "d": "z"}
    result = score(reference, {"a": "y", "b": "x", "c": "x"}, ["y", "x", "z"])
    assert list(result.f1.items()) == [("y", 2 / 3), ("x", 2 / 3), ("z", 0.0)]
    assert result.overall == pytest.approx(4 / 9)
    assert result.confusion.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert result.confusion.dtype == np.int64
    assert (result.accuracy, result.missing) == (0.5, ("d",))
    assert scored_classes(["y", "x"]) == ("y", "x")
    assert score_name(["y", "x"]) == "macro F1"


def test_the_challenges_classes_have_one_order() -> None:
    reference = dict(zip("abcd", CLASSES, strict=True))
    result = score(reference, {"a": "A", "b": "A"}, ["~", "O", "A", "N"])
    assert list(result.f1) == ["N", "A", "O", "~"]
    assert result.confusion.tolist()[:2] == [[0, 1, 0, 0], [0, 1, 0, 0]]
    assert result.overall == pytest.approx((0 + 2 / 3 + 0) / 3)
    assert scored_classes(reversed(CLASSES)) == ("N", "A", "O")
    assert score_name(reversed(CLASSES)) == "CinC F1"


@pytest.mark.parametrize("label", ["", "n", "B", "N ", "AF", "NN"])
def test_unknown_symbols_are_refused(label: str) -> None:
    with pytest.raises(ValueError, match=r"answer of record a: .* use one of N, A, O, ~"):
        score({"a": "N"}, {"a": label})
    with pytest.raises(ValueError, match="reference of record a"):
        score({"a": label}, {})


def test_an_empty_reference_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^the reference names no record, so there is nothing"):
        score({}, {"a": "N"})


def test_answers_survive_a_round_trip(tmp_path: Path) -> None:
    answers = {"A00002": "~", "A00001": "N", "B": "A"}
    write_answers(tmp_path / "answers.txt", answers)
    assert (tmp_path / "answers.txt").read_bytes() == b"A00002,~\nA00001,N\nB,A\n"
    assert list(read_answers(tmp_path / "answers.txt").items()) == list(answers.items())
    assert [path.name for path in tmp_path.iterdir()] == ["answers.txt"]


def test_windows_line_ends_blank_lines_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xef\xbb\xbfA1,N\r\n\r\n A2 , ~ \r\n")
    assert read_answers(tmp_path / "a.csv") == {"A1": "N", "A2": "~"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A1,N\nA2\n", "line 2: 'A2' is not RECORD,LABEL"),
        ("A1,N\n,A\n", "line 2: ',A' is not RECORD,LABEL"),
        ("A1,N\nA2,X\n", "line 2: 'X' is not a label"),
        ("record,label\n", "line 1: 'label' is not a label"),
        ("A1,N\nA2,A\nA1,N\n", "line 3: record A1 was named before"),
        ("A1,N,A\n", "line 1: 'N,A' is not a label"),
        ("PK\x03\x04\x00\n", "line 1: .* is not RECORD,LABEL"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_answers(tmp_path / "a.csv")


def test_a_missing_file_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.csv"):
        read_answers(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"A1": "X"}, "^the answer of record A1: 'X' is not a label"),
        *(
            ({name: "N"}, r"a record's name .* line NAME,LABEL each: rename .* outer spaces$")
            for name in ("A,1", "", "A\n1", "A\u20281", " A1", "\udce9")
        ),
        *(
            ({"A1": label}, r" cannot be a label .* it has line ends or outer spaces$")
            for label in (" y", "y\n", "y\nz", "")
        ),
    ],
)
def test_what_cannot_be_read_back_is_not_written(
    tmp_path: Path, answers: dict[str, str], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        write_answers(tmp_path / "answers.txt", answers, [*CLASSES, " y", "y\n", "y\nz", ""])
    assert not list(tmp_path.iterdir())


def test_bytes_that_are_no_text_are_named_by_their_line(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"A1,N\nA2,\xe9\n")
    with pytest.raises(ValueError, match="line 2: '\ufffd' is not a label"):
        read_answers(tmp_path / "a.csv")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "answers.txt"
    write_answers(target, {"A1": "N"})
    with pytest.raises(UnicodeEncodeError):
        write_text(target, "half of it, then \ud800")
    assert target.read_text() == "A1,N\n"
    assert [path.name for path in tmp_path.iterdir()] == ["answers.txt"]
