"""What is known of a fit beside its scores."""

from dataclasses import asdict
from math import isnan
from typing import Any

from ..fusions.base import FusionStrategy
from ..fusions.neural.estimator import NeuralFusion
from ..fusions.tuning import find_tuned

__all__ = ["find_history", "list_trials"]


def find_history(fusion: FusionStrategy) -> dict[str, Any]:
    """Tell how the network of a fitted strategy, or of a strategy inside it, was trained.

    Returns
    -------
    dict
        ``train`` and ``validation``, the losses of `fusebench.fusions.neural.trainer.History`, and
        ``max_epochs``, the epochs that there could have been. Empty if there is no network. Of a strategy
        that trains several in turn it is the last, which predicts.
    """
    if isinstance(fusion, NeuralFusion):
        history = fusion.history_
        return {
            "train": list(history.train_loss),
            "validation": list(history.validation_loss),
            "max_epochs": fusion.max_epochs,
        }
    # Fitted state ends with an underscore; a constructor parameter was never trained.
    inside = [value for name, value in vars(fusion).items() if name.endswith("_")]
    found = (find_history(value) for value in inside if isinstance(value, FusionStrategy))
    return next(filter(None, found), {})


def list_trials(fusion: FusionStrategy) -> list[dict[str, Any]]:
    """Tell what tuning tried: ``parameters``, ``loss`` on validation (None without one) and ``failure``.

    Empty if the strategy was not tuned.
    """
    tuned = find_tuned(fusion)
    if tuned is None:
        return []
    return [{**asdict(trial), "loss": None if isnan(trial.loss) else trial.loss} for trial in tuned.trials_]
