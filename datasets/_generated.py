"""What data sets that are generated share: checked sizes and a fingerprint."""

import json
from hashlib import sha256
from inspect import getsource
from types import ModuleType

import numpy as np

from ..errors import FusebenchError
from .registry import Dataset

__all__ = ["check_count", "generator_fingerprint"]


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
    if not isinstance(value, (int, np.integer)) or value < low or (high is not None and value > high):
        bounds = f"of at least {low}" if high is None else f"between {low} and {high}"
        raise FusebenchError(f"{option} must be an integer {bounds}, however: {value!r}.")
    return int(value)


def generator_fingerprint(dataset: Dataset, *modules: ModuleType) -> str:
    """Hash the name, the options, and the source of the modules that generate the samples.

    Other code may give other samples from the same options, so the source counts as content.
    """
    options = {option: getattr(dataset, option) for option in dataset.options()}
    parts = [dataset.name, json.dumps(options, sort_keys=True), *map(getsource, modules)]
    return sha256("\0".join(parts).encode()).hexdigest()
