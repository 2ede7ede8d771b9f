"""What a fit costs beside its time: the numbers that it learns and the memory that it takes."""

import ctypes
from collections.abc import Mapping
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from ..fusions.preprocessing import Standardizer

__all__ = ["count_parameters", "read_peak", "reset_peak"]

_STATUS = Path("/proc/self/status")
_RESET = Path("/proc/self/clear_refs")


def count_parameters(fusion: object) -> int:
    """Count the numbers that a fitted strategy has learnt.

    These are the trainable and frozen parameters of networks, the nodes of boosted trees, and the entries
    of all arrays of floating-point numbers in the fitted state, each array once: so the samples that a
    method keeps to compare with are among them, and single numbers (a temperature, a penalty) are not.
    Constructor parameters do not count, nor does the standardisation that all strategies share.

    Parameters
    ----------
    fusion : object
        A fitted strategy, or a part of one.

    Returns
    -------
    int

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> count_parameters(LogisticRegression().fit(np.eye(4), [0, 0, 1, 1]))  # 4 weights and a bias
    5
    """
    total = 0
    seen: dict[int, object] = {}  # holds what it has seen, so that no identity is used again
    waiting: list[Any] = [fusion]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen[id(thing)] = thing
        if isinstance(thing, np.ndarray):
            total += thing.size if np.issubdtype(thing.dtype, np.floating) else 0
        elif isinstance(thing, Mapping):
            waiting += thing.values()
        elif isinstance(thing, list | tuple | set):
            waiting += thing
        elif hasattr(thing, "named_parameters"):  # a torch module; torch itself need not be loaded
            total += sum(parameter.numel() for parameter in thing.parameters())
        elif hasattr(thing, "get_dump"):  # an XGBoost booster: its dump has a line for every node
            total += sum(tree.count("\n") for tree in thing.get_dump())
        elif hasattr(thing, "__dict__") and not isinstance(
            thing, type | FunctionType | ModuleType | Standardizer
        ):
            given = thing.get_params(deep=False) if hasattr(thing, "get_params") else ()
            waiting += [value for name, value in vars(thing).items() if name not in given]
    return total


def reset_peak() -> float:
    """Forget the highest memory use of this process so far.

    Freed memory is given back to the system first, else a fit would be measured by what the ones before it
    left.

    Returns
    -------
    float
        Memory in use now, in bytes; NaN where the system cannot forget (it can on Linux).
    """
    try:
        ctypes.CDLL(None).malloc_trim(0)
        _RESET.write_text("5", encoding="ascii")
    except (OSError, TypeError, AttributeError):  # not Linux, no glibc, or not allowed
        return float("nan")
    return read_peak()


def read_peak() -> float:
    """Highest resident memory since `reset_peak`, in bytes; NaN if not known.

    Less what `reset_peak` gave, it is about what was taken in between: what fitted into memory that the
    process had already is not seen.
    """
    try:
        lines = _STATUS.read_text(encoding="ascii").splitlines()
    except OSError:
        return float("nan")
    found = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return 1024.0 * int(found[0]) if found else float("nan")
