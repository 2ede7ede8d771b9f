"""What every fusion strategy promises. Each check is a sentence; a broken promise is an AssertionError."""

from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from ...datasets.data import Kind, Modality, MultimodalData, Task
from ...errors import FusebenchError
from ...fusions.base import FusionStrategy
from ...fusions.state import load_fusion, save_fusion
from ...seeding import make_generator
from .networks import check_data_on_disk_are_streamed, check_every_parameter_moves
from .runner import Check, bind, raise_broken
from .samples import ask, drop, fill_absent, make_data

__all__ = ["check_fusion", "fusion_checks"]

TOLERANCE = 1e-5  # float32 networks sum in another order when the batch is another one


def check_fusion(estimator: FusionStrategy) -> None:
    """Check that a strategy keeps all promises of `FusionStrategy`.

    Parameters
    ----------
    estimator : FusionStrategy
        Unfitted; it is cloned, never changed.

    Raises
    ------
    AssertionError
        At the first broken promise, saying which.

    Examples
    --------
    >>> from fusebench.fusions.registry import make_fusion
    >>> check_fusion(make_fusion("late-mean"))
    """
    raise_broken(type(estimator).__name__, fusion_checks(estimator))


def fusion_checks(estimator: FusionStrategy) -> Iterator[Check]:
    """Give every check as (title, function without arguments), for a test runner of one's own.

    Examples
    --------
    >>> from fusebench.fusions.registry import make_fusion
    >>> titles = [title for title, _ in fusion_checks(make_fusion("majority"))]
    >>> "check_batch_of_one" in titles
    True
    """
    return bind(CHECKS, Subject(estimator))


class Subject:
    """A strategy with the fits that several checks share."""

    def __init__(self, estimator: FusionStrategy) -> None:
        self.estimator = estimator
        self.data = cache(partial(make_data, views=tuple(estimator.views)))
        self._fitted: dict[int, FusionStrategy] = {}

    def fitted(self, n_modalities: int = 2) -> FusionStrategy:
        if n_modalities not in self._fitted:
            data = self.data(n_modalities)
            self._fitted[n_modalities] = self.fit(data.train, data.validation)
        return self._fitted[n_modalities]

    def fit(self, train: MultimodalData, validation: MultimodalData | None) -> FusionStrategy:
        fusion: FusionStrategy = clone(self.estimator)
        return fusion.fit(train, validation)


def check_constructor_only_stores(subject: Subject) -> None:
    """Arguments come back from get_params as they are, and a clone has the same."""
    estimator = subject.estimator
    parameters = estimator.get_params(deep=False)
    again = type(estimator)(**parameters)
    for name, value in again.get_params(deep=False).items():
        assert value is parameters[name], f"__init__ changes {name}"
    learnt = [name for name in vars(again) if name.endswith("_") and not name.startswith("__")]
    assert not learnt, f"__init__ sets {learnt}"


def check_fit_returns_self(subject: Subject) -> None:
    """`fit` returns the estimator, with or without a validation split."""
    data = subject.data(2)
    estimator = clone(subject.estimator)
    assert estimator.fit(data.train) is estimator, "fit must return self"


def check_probabilities_are_normalised(subject: Subject) -> None:
    """Probabilities are finite, not negative, and sum to 1 in each row."""
    for n_modalities in (2, 3):
        test = subject.data(n_modalities).test
        _assert_distribution(subject.fitted(n_modalities).predict_proba(test), len(test), 3)


def check_predict_agrees_with_probabilities(subject: Subject) -> None:
    """`predict` gives the label of the highest probability."""
    fusion, test = subject.fitted(), subject.data(2).test
    expected = fusion.classes_[fusion.predict_proba(test).argmax(axis=1)]
    assert (fusion.predict(test) == expected).all(), "predict and predict_proba disagree"


def check_order_of_modalities_is_irrelevant(subject: Subject) -> None:
    """Data with their modalities in another order give the same fit and the same predictions."""
    data = subject.data(3)
    order = data.train.names[::-1]
    fusion = subject.fit(data.train.select(order), data.validation.select(order))
    expected = subject.fitted(3).predict_proba(data.test)
    np.testing.assert_allclose(fusion.predict_proba(data.test.select(order)), expected, atol=TOLERANCE)


def check_batch_of_one(subject: Subject) -> None:
    """A sample alone gets the probabilities that it gets among others."""
    fusion, test = subject.fitted(), subject.data(2).test
    together = fusion.predict_proba(test)
    alone = np.vstack([fusion.predict_proba(test.take(np.array([row]))) for row in range(3)])
    np.testing.assert_allclose(alone, together[:3], atol=TOLERANCE)


def check_every_pattern_of_absence(subject: Subject) -> None:
    """Whatever is absent, all of it included, the output is a distribution."""
    for n_modalities in (2, 3):
        fusion, test = subject.fitted(n_modalities), subject.data(n_modalities).test.take(np.arange(12))
        for pattern in product([True, False], repeat=n_modalities):
            masked = test.with_present(np.tile(np.array(pattern), (len(test), 1)))
            _assert_distribution(fusion.predict_proba(masked), len(test), 3)


def check_absent_content_is_not_read(subject: Subject) -> None:
    """What stands in an absent entry changes nothing, in training as in prediction."""
    data = subject.data(2)
    outputs = []
    for garbage in (0.0, np.nan, 1e6):
        train, validation, test = (
            fill_absent(drop(split, 0.3), garbage) for split in (data.train, data.validation, data.test)
        )
        outputs.append(subject.fit(train, validation).predict_proba(test))
    np.testing.assert_allclose(outputs[1], outputs[0], atol=TOLERANCE)
    np.testing.assert_allclose(outputs[2], outputs[0], atol=TOLERANCE)


def check_padding_is_not_read(subject: Subject) -> None:
    """What stands after the end of a sequence changes nothing."""
    fusion, test = subject.fitted(), subject.data(2).test
    for name, modality in test.modalities.items():
        if modality.kind is Kind.SEQUENCE:
            values = np.where(modality.frame_mask()[..., None], modality.values, np.float32(1e6))
            padded = test.with_modality(name, Modality(Kind.SEQUENCE, values, modality.lengths))
            np.testing.assert_allclose(
                fusion.predict_proba(padded), fusion.predict_proba(test), atol=TOLERANCE
            )


def check_training_with_a_modality_that_is_never_there(subject: Subject) -> None:
    """A modality may be absent from every training sample."""
    data = subject.data(3)
    fusion = subject.fit(data.train.without("c"), data.validation.without("c"))
    _assert_distribution(fusion.predict_proba(data.test), len(data.test), 3)


def check_seeding_is_idempotent(subject: Subject) -> None:
    """The same seed and data give the same predictions, to the last bit."""
    data = subject.data(2)
    again = subject.fit(data.train, data.validation)
    np.testing.assert_array_equal(again.predict_proba(data.test), subject.fitted().predict_proba(data.test))


def check_saved_state_predicts_the_same(subject: Subject) -> None:
    """Saved without pickle and loaded, it predicts the same, to the last bit."""
    fusion, test = subject.fitted(), subject.data(2).test
    kind = type(fusion)
    expected = fusion.predict_proba(test)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "state.skops"
        save_fusion(fusion, path)
        again = load_fusion(path, trusted=[f"{kind.__module__}.{kind.__qualname__}"])
    np.testing.assert_array_equal(again.predict_proba(test), expected)


def check_fit_forgets(subject: Subject) -> None:
    """A second fit leaves nothing of the first one."""
    other, data = subject.data(3), subject.data(2)
    fusion = subject.fit(other.train, other.validation).fit(data.train, data.validation)
    expected = subject.fitted().predict_proba(data.test)
    np.testing.assert_array_equal(fusion.predict_proba(data.test), expected)


def check_global_random_state_is_untouched(subject: Subject) -> None:
    """Fitting neither reads nor moves the global generator of NumPy."""
    data = subject.data(2)
    before = np.random.get_state(legacy=False)  # noqa: NPY002  (the global state is what is looked at)
    subject.fit(data.train, data.validation)
    after = np.random.get_state(legacy=False)  # noqa: NPY002
    np.testing.assert_equal(after, before, "the global generator has moved")


def check_input_is_not_changed(subject: Subject) -> None:
    """Neither `fit` nor `predict_proba` writes into the data."""
    data = subject.data(2)
    for split in (data.train, data.validation, data.test):
        for modality in split.modalities.values():
            modality.values.setflags(write=False)
        split.mask.setflags(write=False)
        split.labels.setflags(write=False)
    subject.fit(data.train, data.validation).predict_proba(data.test)


def check_labels_of_any_kind(subject: Subject) -> None:
    """Labels may be strings; columns of the probabilities follow the sorted labels."""
    data = subject.data(2)
    words = np.array(["cat", "dog", "owl"])
    train, validation = (
        MultimodalData(split.modalities, words[split.labels], split.mask)
        for split in (data.train, data.validation)
    )
    fusion = subject.fit(train, validation)
    assert fusion.classes_.tolist() == words.tolist(), f"classes_ are {fusion.classes_}"
    np.testing.assert_allclose(
        fusion.predict_proba(data.test), subject.fitted().predict_proba(data.test), atol=TOLERANCE
    )


def check_better_than_chance(subject: Subject) -> None:
    """On separable data it is right for more than half of the samples; chance is a third."""
    if subject.estimator.constant:
        return
    for n_modalities in (2, 3):
        test = subject.data(n_modalities).test
        accuracy = np.mean(subject.fitted(n_modalities).predict(test) == test.labels)
        assert accuracy > 0.5, f"accuracy is {accuracy:.2f}"


def check_every_task_that_is_declared(subject: Subject) -> None:
    """Labels of which several apply, and values, are predicted where declared: better than by their mean."""
    data = subject.data(2)
    for task in set(subject.estimator.tasks) - {Task.CLASSIFICATION}:
        train, validation, test = (ask(split, task) for split in (data.train, data.validation, data.test))
        fusion = subject.fit(train, validation)
        assert fusion.task_ is task, f"task_ is {fusion.task_!r}"
        shape = test.labels.shape
        for pattern in product([True, False], repeat=2):
            masked = test.with_present(np.tile(np.array(pattern), (len(test), 1)))
            predicted = fusion.predict(masked)
            assert predicted.shape == shape, f"{task}: shape {predicted.shape}, expected {shape}"
            assert np.isfinite(predicted).all(), f"{task}: not finite"
        if task is Task.MULTILABEL:
            probabilities = fusion.predict_proba(test)
            assert ((probabilities >= 0) & (probabilities <= 1)).all(), f"{task}: not a probability"
        if not subject.estimator.constant:
            error = np.mean((fusion.predict(test) - test.labels) ** 2)
            mean = np.mean((train.labels.mean(axis=0) - test.labels) ** 2)
            assert error < 0.9 * mean, (
                f"{task}: squared error {error:.2f}; predicting the mean has {mean:.2f}"
            )


def check_search_space(subject: Subject) -> None:
    """What may be tuned are parameters, their values lie inside, and the ends can be fitted."""
    space, parameters = subject.estimator.search_space, subject.estimator.get_params()
    rng = make_generator("conformance search", type(subject.estimator).__name__)
    point = {}
    for name, dimension in space.items():
        assert name in parameters, f"{name} is no parameter"
        assert parameters[name] in dimension, f"{name} is {parameters[name]}, outside of {dimension}"
        point[name] = dimension.ends[rng.integers(2)]
    if point:
        data = subject.data(2)
        few = data.train.take(np.arange(60))
        fusion = clone(subject.estimator).set_params(**point).fit(few, data.validation)
        _assert_distribution(fusion.predict_proba(data.test), len(data.test), 3)


def check_a_task_that_is_not_declared_is_refused(subject: Subject) -> None:
    """Labels of another task raise an error that says so."""
    for task in set(Task) - set(subject.estimator.tasks):
        data = ask(subject.data(2).train, task)
        try:
            subject.fit(data, None)
        except FusebenchError as error:
            assert task.value in str(error), f"the error does not name the task: {error}"  # noqa: PT017
        else:
            raise AssertionError(f"{task} was fitted")


CHECKS: tuple[Callable[[Subject], None], ...] = (
    check_constructor_only_stores,
    check_fit_returns_self,
    check_probabilities_are_normalised,
    check_predict_agrees_with_probabilities,
    check_order_of_modalities_is_irrelevant,
    check_batch_of_one,
    check_every_pattern_of_absence,
    check_absent_content_is_not_read,
    check_padding_is_not_read,
    check_training_with_a_modality_that_is_never_there,
    check_seeding_is_idempotent,
    check_saved_state_predicts_the_same,
    check_every_parameter_moves,
    check_data_on_disk_are_streamed,
    check_fit_forgets,
    check_global_random_state_is_untouched,
    check_input_is_not_changed,
    check_labels_of_any_kind,
    check_better_than_chance,
    check_every_task_that_is_declared,
    check_search_space,
    check_a_task_that_is_not_declared_is_refused,
)


def _assert_distribution(probabilities: NDArray, n: int, n_classes: int) -> None:
    assert probabilities.shape == (n, n_classes), f"shape {probabilities.shape}, expected {(n, n_classes)}"
    assert np.isfinite(probabilities).all(), "not finite"
    assert (probabilities >= 0).all(), "negative"
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
