"""One cell: fit once, score under every condition."""

import traceback
import warnings
from dataclasses import replace
from math import isfinite
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from ..datasets.data import MultimodalData, Task
from ..errors import DivergedError, FusebenchError
from ..fusions.base import FusionStrategy
from ..fusions.neural.estimator import NeuralFusion
from ..fusions.tuning import find_tuned, load_optuna
from ..fusions.wrapped import innermost
from .cost import count_parameters, read_peak, reset_peak
from .features import FeatureCache
from .metrics import Metric
from .planning.plan import Cell
from .store.cells import CellResult
from .store.fits import find_history, list_trials

__all__ = ["describe_failure", "predict_outputs", "run_cell"]

Predictions = dict[str, NDArray]


def run_cell(cell: Cell, cache: FeatureCache, *, debug: bool = False) -> tuple[CellResult, Predictions]:
    """Fit a strategy and score it; a failure becomes a result.

    Parameters
    ----------
    cell : Cell
        Its features must be in the cache.
    cache : FeatureCache
        Where they are.
    debug : bool
        Let the failure be raised.

    Returns
    -------
    result : CellResult
        Status, scores and times.
    predictions : dict of str to numpy.ndarray of shape (n_test, n_outputs)
        Class or label probabilities, or values, by condition.
    """
    if cell.skip:
        return CellResult("skipped", cell.skip), {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        try:
            result, predictions = _fit_and_score(cell, cache)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # so are SystemExit and the panics of libraries that are made of Rust
            if debug:
                raise
            result, predictions = describe_failure(error), {}
    messages = sorted({f"{w.category.__name__}: {w.message}" for w in caught})
    return replace(result, warnings=messages), predictions


def describe_failure(error: BaseException) -> CellResult:
    """Turn an exception into the result of the cell that raised it."""
    status = "failed"
    if isinstance(error, DivergedError):
        status = "diverged"
    elif isinstance(error, MemoryError):
        status = "out-of-memory"
    first = str(error).strip().split("\n", 1)[0]
    reason = f"{type(error).__name__}: {first}" if first else type(error).__name__
    return CellResult(status, reason, "".join(traceback.format_exception(error)))


def _fit_and_score(cell: Cell, cache: FeatureCache) -> tuple[CellResult, Predictions]:
    views = cell.estimator.views
    n_classes = len(cell.bundle.dataset.card.classes)
    train = cache.load(cell.bundle, "train", views)
    validation = cache.load(cell.bundle, "validation", views)
    fusion = clone(cell.estimator)
    _load_libraries(fusion)
    before = reset_peak()
    start = perf_counter()
    fusion.fit(train, validation)
    fit_seconds = perf_counter() - start
    fit_bytes = max(read_peak() - before, 0.0)  # the system counts roughly; NaN stays
    scores: list[dict[str, Any]] = []
    predictions: Predictions = {}
    n_test = 0
    impossible = cache.impossible(cell.bundle)
    for condition in cell.bundle.conditions:
        if condition.slug in impossible:
            continue
        test = cache.load(cell.bundle, condition.slug, views)
        n_test = len(test)
        start = perf_counter()
        outputs = predict_outputs(fusion, test, n_classes)
        seconds = perf_counter() - start
        # Values have any size; of a probability half precision is enough.
        predictions[condition.slug] = outputs.astype(
            np.float32 if fusion.task_ is Task.REGRESSION else np.float16
        )
        scores.append(
            {
                "scenario": condition.scenario.name,
                "modality": condition.modality,
                "severity": condition.severity,
                "predict_seconds": seconds,
                **{metric.name: _score(metric, test.labels, outputs) for metric in cell.metrics},
            }
        )
    result = CellResult(
        "done",
        scores=scores,
        fit_seconds=fit_seconds,
        fit_bytes=fit_bytes,
        n_parameters=count_parameters(fusion),
        n_test=n_test,
        history=find_history(fusion),
        not_scored=impossible,
        trials=list_trials(fusion),
    )
    return result, predictions


def _load_libraries(fusion: FusionStrategy) -> None:
    """Load what the fit would load first, since no fit should pay for that."""
    if isinstance(innermost(fusion), NeuralFusion):
        import torch._dynamo  # noqa: F401  (by the first optimizer)
    tuned = find_tuned(fusion)
    if tuned is not None and tuned.searched:
        load_optuna()


def _score(metric: Metric, y: NDArray, outputs: NDArray[np.float64]) -> float:
    value = float(metric.score(y, outputs))
    if not isfinite(value):
        raise FusebenchError(f"The metric {metric.name!r} gave {value}, which is not a finite number.")
    return value


def predict_outputs(fusion: FusionStrategy, test: MultimodalData, n_classes: int) -> NDArray[np.float64]:
    """Predict, with a column for every class of the data set, also those that training lacked."""
    if fusion.task_ is Task.REGRESSION:
        return fusion.predict(test)[:, None]
    probabilities = np.zeros((len(test), n_classes))
    probabilities[:, fusion.classes_] = fusion.predict_proba(test)
    return probabilities
