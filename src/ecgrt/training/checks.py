"""Checks of a configuration's fields: each error names the field, its value, what is accepted."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

from ..records.manifest import is_label


def invalid(name: str, value: object, accepted: str) -> ValueError:
    """Return the error of a field that has an impossible value."""
    return ValueError(f"{name} is {value!r}; accepted is {accepted}")


def check_integer(name: str, value: object, low: int, high: int) -> None:
    """Raise ValueError unless `value` is an integer (no bool) from `low` to `high`."""
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise invalid(name, value, f"an integer from {low} to {high}")


def check_number(name: str, value: Any, test: Callable[[float], bool], accepted: str) -> None:
    """Raise ValueError unless `value` is a finite number that passes `test`."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not test(value):
        raise invalid(name, value, accepted)


def check_choice(name: str, value: object, choices: Sequence[object]) -> None:
    """Raise ValueError unless `value` is one of `choices`, and of its type."""
    if not any(
        value is choice or (value == choice and type(value) is type(choice)) for choice in choices
    ):
        accepted = ", ".join(json.dumps(choice) for choice in choices)
        raise invalid(name, value, f"{'only ' if len(choices) == 1 else 'one of '}{accepted}")


def check_integers(name: str, values: Any, kind: str, low: int, high: int) -> tuple[int, ...]:
    """Return `values` as a tuple; raise ValueError unless it is a list of integers in a range."""
    if not isinstance(values, (list, tuple)):
        raise invalid(name, values, f"a list of {kind}, one per block")
    for value in values:
        check_integer(name, value, low, high)
    return tuple(values)


def check_labels(name: str, values: Any) -> tuple[str, ...]:
    """Return `values` as a tuple; raise ValueError unless it is a list of two labels, or none."""
    accepted = "a list of two or more different labels, or none"
    if not isinstance(values, (list, tuple)) or len(values) == 1:
        raise invalid(name, values, accepted)
    if not all(isinstance(value, str) and is_label(value) for value in values):
        raise invalid(name, values, f"{accepted}, each without line ends and outer spaces")
    if len(set(values)) != len(values):
        raise invalid(name, values, accepted)
    return tuple(values)
