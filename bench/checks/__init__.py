"""Conformance checks: the promises that every strategy and data set keeps, built in or from a plugin."""

from collections.abc import Iterator
from pathlib import Path

from ...datasets.registry import datasets, is_path, load_dataset
from ...errors import UnknownNameError, did_you_mean
from ...fusions.base import FusionStrategy
from ...fusions.registry import fusions, make_fusion
from .dataset import check_dataset, dataset_checks
from .fusion import check_fusion, fusion_checks
from .runner import Check

__all__ = ["check_dataset", "check_fusion", "dataset_checks", "find_checks", "fusion_checks"]

_SHORTENED = {"max_epochs": 12, "pretraining_updates": 200, "joint_updates": 100}


def find_checks(name: str, data_dir: Path | None = None) -> Iterator[Check]:
    """Give the checks of a registered strategy or data set, as (title, function).

    Parameters
    ----------
    name : str
        Of either, or the path of a file with one's own data.
    data_dir : Path, optional
        Where files of data sets are.

    Raises
    ------
    UnknownNameError
        If neither registry holds the name.
    """
    if name in fusions:
        return fusion_checks(_shorten(example_of(name)))
    if name in datasets or is_path(name):
        return dataset_checks(load_dataset(name, data_dir=data_dir))
    known = [*fusions, *datasets]
    raise UnknownNameError(f"There is no fusion or data set named {name!r}; {did_you_mean(name, known)}")


def _shorten(fusion: FusionStrategy) -> FusionStrategy:
    """Let a strategy train for a short while only: the promises hold however long it trains."""
    given = fusion.get_params()
    fusion.set_params(**{name: most for name, most in _SHORTENED.items() if given.get(name, 0) > most})
    return fusion


def example_of(name: str) -> FusionStrategy:
    """Make a registered strategy as the checks want it: one of a single modality looks at the first, "a"."""
    return make_fusion(name, modality="a") if fusions[name].per_modality else make_fusion(name)
