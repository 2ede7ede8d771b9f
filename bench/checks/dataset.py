"""What every data set promises. Each check is a sentence; a broken promise is an AssertionError."""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from hashlib import sha256

import numpy as np

from ...datasets.data import Modality, MultimodalData, Splits, Task
from ...datasets.features.base import Featurizer, Views
from ...datasets.registry import Card, Dataset
from .runner import Check, bind, raise_broken

__all__ = ["check_dataset", "dataset_checks"]


def check_dataset(dataset: Dataset) -> None:
    """Check that a data set keeps all promises of `Dataset`.

    Parameters
    ----------
    dataset : Dataset
        With the options and files to check.

    Raises
    ------
    AssertionError
        At the first broken promise, saying which.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> check_dataset(load_dataset("synth-xor"))
    """
    raise_broken(dataset.name, dataset_checks(dataset))


def dataset_checks(dataset: Dataset) -> Iterator[Check]:
    """Give every check as (title, function without arguments), for a test runner of one's own.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> [title for title, _ in dataset_checks(load_dataset("synth-xor"))][0]
    'check_card_describes_the_data'
    """
    return bind(CHECKS, _Subject(dataset))


class _Subject:
    """A data set with the loads that several checks share."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    @cached_property
    def raw(self) -> Splits:
        return self.dataset.load(0)

    @cached_property
    def featurizer(self) -> Featurizer:
        return self.dataset.featurizer().fit(self.raw.train)

    @cached_property
    def test_views(self) -> Views:
        return self.featurizer.transform(self.raw.test)


def check_card_describes_the_data(subject: _Subject) -> None:
    """Modalities, kinds and classes are those of the card, in every split."""
    card = subject.dataset.card
    for split in _splits(subject.raw):
        kinds = {name: modality.kind for name, modality in split.modalities.items()}
        assert list(kinds.items()) == list(card.modalities.items()), (
            f"{kinds}, the card says {card.modalities}"
        )
        assert split.task is card.task, f"the labels are of {split.task}, the card says {card.task}"
    _check_classes(_splits(subject.raw), card)
    assert set(card.synthetic) <= set(card.modalities), f"synthetic names {card.synthetic}"


def check_same_seed_gives_the_same_data(subject: _Subject) -> None:
    """Loading again gives the same samples, to the last bit."""
    for first, again in zip(_splits(subject.raw), _splits(subject.dataset.load(0)), strict=True):
        assert _digests(first) == _digests(again), "the samples differ"
        np.testing.assert_array_equal(first.labels, again.labels)


def check_another_seed_gives_other_data(subject: _Subject) -> None:
    """Another seed gives other samples, pairs or splits, unless the card says that the splits are fixed."""
    same = _digests(subject.raw.train) == _digests(subject.dataset.load(1).train)
    if subject.dataset.card.fixed_splits:
        assert same, "the seed changes splits that are fixed"
    else:
        assert not same, "the seed changes nothing"


def check_splits_are_disjoint(subject: _Subject) -> None:
    """No sample is in two splits."""
    train, validation, test = (set(_digests(split)) for split in _splits(subject.raw))
    assert not train & validation, f"{len(train & validation)} samples of validation are in training"
    assert not train & test, f"{len(train & test)} samples of test are in training"
    assert not validation & test, f"{len(validation & test)} samples of test are in validation"


def check_views_are_those_of_the_card(subject: _Subject) -> None:
    """Every modality offers the views of the card, a vector among them, of the right kind and finite."""
    card = subject.dataset.card
    offered = {name: tuple(views) for name, views in subject.test_views.modalities.items()}
    expected = {name: set(views) for name, views in card.views.items()}
    assert {name: set(views) for name, views in offered.items()} == expected, f"{offered}, not {card.views}"
    for name, views in subject.test_views.modalities.items():
        assert "vector" in views, f"{name} has no vector view"
        for view, modality in views.items():
            assert modality.kind.value == view, f"the view {view} of {name} is of kind {modality.kind.value}"
            assert len(modality) == len(subject.raw.test), f"{view} of {name} has {len(modality)} samples"
            assert np.isfinite(modality.values).all(), f"{view} of {name} is not finite"


def check_features_depend_on_training_and_the_sample_alone(subject: _Subject) -> None:
    """A test sample has the same features whichever other samples stand beside it."""
    rows = np.arange(0, len(subject.raw.test), 7)
    alone = subject.featurizer.transform(subject.raw.test.take(rows))
    for name, views in alone.modalities.items():
        for view, modality in views.items():
            together = subject.test_views.modalities[name][view].take(rows)
            for one, other in zip(_samples(modality), _samples(together), strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5, err_msg=f"{view} of {name}")


def check_fingerprint_is_stable(subject: _Subject) -> None:
    """The fingerprint of the same data is the same."""
    assert subject.dataset.fingerprint() == subject.dataset.fingerprint(), "it changes from call to call"


CHECKS: tuple[Callable[[_Subject], None], ...] = (
    check_card_describes_the_data,
    check_same_seed_gives_the_same_data,
    check_another_seed_gives_other_data,
    check_splits_are_disjoint,
    check_views_are_those_of_the_card,
    check_features_depend_on_training_and_the_sample_alone,
    check_fingerprint_is_stable,
)


def _check_classes(splits: Iterable[MultimodalData], card: Card) -> None:
    """Labels are those of the card, and training has every one."""
    if card.task is Task.REGRESSION:
        assert not card.classes, "values to predict have no classes"
        return
    # By split, how often each class or label occurs.
    counts = []
    for split in splits:
        y = split.labels
        if card.task is Task.CLASSIFICATION:
            assert y.dtype.kind == "i", f"labels are {y.dtype}, not integers"
            assert y.min() >= 0, "a label is negative"
        counts.append(np.bincount(y) if y.ndim == 1 else y.sum(axis=0))
        assert len(counts[-1]) <= len(card.classes), (
            f"{len(counts[-1])} labels of {len(card.classes)} classes"
        )
    trained = int((counts[0] > 0).sum())
    assert trained == len(card.classes), f"training has {trained} of {len(card.classes)} classes"


def _splits(splits: Splits) -> tuple[MultimodalData, MultimodalData, MultimodalData]:
    return splits.train, splits.validation, splits.test


def _digests(data: MultimodalData) -> list[str]:
    """A hash of the content of each sample, all modalities together."""
    modalities = [list(_samples(modality)) for modality in data.modalities.values()]
    return [
        sha256(b"|".join(np.ascontiguousarray(part).tobytes() for part in sample)).hexdigest()
        for sample in zip(*modalities, strict=True)
    ]


def _samples(modality: Modality) -> Iterator[np.ndarray]:
    """The content of each sample without its padding."""
    for row, values in enumerate(modality.values):
        yield np.asarray(values if modality.lengths is None else values[: modality.lengths[row]])
