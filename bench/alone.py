"""How well each modality does by itself, without a look at the test split."""

from ..datasets.registry import Dataset
from ..fusions.registry import make_fusion
from .cell import predict_outputs
from .metrics import PRIMARY, metrics

__all__ = ["score_alone"]


def score_alone(dataset: Dataset, seed: int = 0) -> tuple[str, dict[str, float]]:
    """Fit the controls to training data and score them on validation data.

    The penalty of each classifier is chosen on a part of the training data, so that validation is as new to
    it as test would be.

    Parameters
    ----------
    dataset : Dataset
        Any.
    seed : int
        Of the split.

    Returns
    -------
    metric : str
        The primary metric of the task.
    scores : dict of str to float
        By modality; ``"majority"``, the frequencies or the mean of the labels, comes first.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> metric, scores = score_alone(load_dataset("synth-noise"))
    >>> metric, scores["a"] > 0.9, scores["b"] < 0.7
    ('accuracy', True, True)
    """
    data = dataset.features(("vector",), seed)
    metric = metrics[PRIMARY[dataset.card.task]]
    controls = {"majority": make_fusion("majority")}
    controls |= {name: make_fusion("unimodal", modality=name) for name in data.train.names}
    scores = {}
    for name, control in controls.items():
        outputs = predict_outputs(control.fit(data.train), data.validation, len(dataset.card.classes))
        scores[name] = float(metric.score(data.validation.labels, outputs))
    return metric.name, scores
