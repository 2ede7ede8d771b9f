"""Which strategies are about to need more memory than there is, told before a run."""

from collections.abc import Iterable, Iterator

import psutil

from ...datasets.large import is_large
from ...datasets.own.cleaning import read_rows
from ...datasets.own.dataset import OwnDataset
from ...datasets.registry import Dataset
from ...errors import FusebenchError
from ...fusions.base import FusionStrategy
from ...fusions.wrapped import innermost
from ...results.tables.formatting import count_noun, join_words
from .plan import Cell

__all__ = ["find_shortages"]

COPIES = 3
"""Of the training features, in units of their float32 form: that and one of float64, about."""

SAMPLES = 300
"""From which the size of the features of one is found."""

SHOWN = 3


def find_shortages(cells: Iterable[Cell], jobs: int) -> Iterator[str]:
    """Say, for each data set, which strategies hold more in memory than is free for them.

    Looked at are data sets with modalities that are too large for memory, and strategies that do not stream;
    the rest of the data is taken to fit.

    Parameters
    ----------
    cells : iterable of Cell
        That are to be run.
    jobs : int
        How many at once.
    """
    datasets: dict[str, Dataset] = {}
    strategies: dict[str, dict[str, FusionStrategy]] = {}
    for cell in cells:
        datasets[cell.dataset] = cell.bundle.dataset
        if not cell.skip and not cell.entry.estimator.streams:
            strategies.setdefault(cell.dataset, {})[cell.fusion] = cell.entry.estimator
    free = psutil.virtual_memory().available
    for name, hungry in strategies.items():
        sizes = _measure(datasets[name])
        needs = {fusion: COPIES * _choose(sizes, estimator) for fusion, estimator in hungry.items()}
        short = [fusion for fusion, need in needs.items() if need > free / jobs]
        if short:
            need, several = max(needs.values()) / 2**30, len(short) > 1
            yield (
                f"{_list(short)} hold{'s' * (not several)} the training features of {name} in memory, about "
                f"{need:.1f} GiB a cell; {free / 2**30:.1f} GiB are free for {count_noun(jobs, 'job')}. "
                f"Take fewer jobs, leave {'them' if several else 'it'} out, or free memory; networks stream."
            )


def _measure(dataset: Dataset) -> dict[str, dict[str, int]]:
    """Bytes of the training features of each modality that is too large for memory, by view."""
    if not isinstance(dataset, OwnDataset):
        return {}
    contents = dataset.contents.data
    large = [name for name, modality in contents.modalities.items() if is_large(modality.values)]
    if not large:
        return {}
    train, *_ = dataset.draw_split(0)
    try:
        some = read_rows(contents.select(large), train[:SAMPLES])
    except ValueError as error:
        raise FusebenchError(f"{dataset.name!r}: {error}.") from error
    featurizer = dataset.featurizer()
    featurizer.extractors = {name: featurizer.extractors[name] for name in large}
    views = featurizer.fit(some).transform(some).modalities
    return {
        name: {view: modality.values.nbytes * len(train) // len(some) for view, modality in offered.items()}
        for name, offered in views.items()
    }


def _choose(sizes: dict[str, dict[str, int]], estimator: FusionStrategy) -> int:
    """Sum the sizes of what a strategy takes: of each modality the first view, or of one modality alone."""
    only = getattr(innermost(estimator), "modality", None)
    taken = [offered for name, offered in sizes.items() if only in (None, name)]
    return sum(next(offered[view] for view in estimator.views if view in offered) for offered in taken)


def _list(names: list[str]) -> str:
    rest = len(names) - SHOWN
    return join_words([*names[:SHOWN], count_noun(rest, "other")] if rest > 0 else names)
