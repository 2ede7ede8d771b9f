"""What data sets that are generated share: checked sizes and a fingerprint."""

import json
from hashlib import sha256
from inspect import getsource
from math import isfinite
from types import ModuleType

import numpy as np

from ..errors import FusebenchError
from .registry import Dataset

__all__ = ["check_count", "check_number", "generator_fingerprint"]


def check_count(option: str, value: object, low: int = 1, high: int | None = None) -> int:
    """Return the value of an integer option if it lies between `low` and `high`.

    Raises
    ------
    FusebenchError
        If it does not.

    Examples
    --------
    >>> check_count("n_train", 0)
    Traceback (most recent call last):
    ...
    fusebench.errors.FusebenchError: n_train must be an integer of at least 1, however: 0.
    """
    if (
        not isinstance(value, (int, np.integer))
        or isinstance(value, bool)
        or value < low
        or (high is not None and value > high)
    ):
        bounds = f"of at least {low}" if high is None else f"between {low} and {high}"
        raise FusebenchError(f"{option} must be an integer {bounds}, however: {value!r}.")
    return int(value)


def check_number(option: str, value: object, low: float = 0.0, high: float = float("inf")) -> float:
    """Return the value of a real option if it is finite and lies between `low` and `high`.

    Raises
    ------
    FusebenchError
        If it is not.

    Examples
    --------
    >>> check_number("noise", "much", high=1.0)
    Traceback (most recent call last):
    ...
    fusebench.errors.FusebenchError: noise must be a number between 0 and 1, however: 'much'.
    """
    number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
    if not number or not isfinite(value) or not low <= value <= high:  # type: ignore[arg-type, operator]
        bounds = f"of at least {low:g}" if high == float("inf") else f"between {low:g} and {high:g}"
        raise FusebenchError(f"{option} must be a number {bounds}, however: {value!r}.")
    return float(value)  # type: ignore[arg-type]


def generator_fingerprint(dataset: Dataset, *modules: ModuleType) -> str:
    """Hash the name, the options, and the source of the modules that generate the samples.

    Other code may give other samples from the same options, so the source counts as content.
    """
    options = {option: getattr(dataset, option) for option in dataset.options()}
    parts = [dataset.name, json.dumps(options, sort_keys=True), *map(getsource, modules)]
    return sha256("\0".join(parts).encode()).hexdigest()
