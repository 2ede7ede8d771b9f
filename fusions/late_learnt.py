"""Late fusion by a rule that learns on validation how to combine the class probabilities.

The classifiers and the handling of absence are those of `fusebench.fusions.late`.
"""

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import MultimodalData
from .base import FusionStrategy
from .boosting import SmallBoostedTrees
from .late import LateRule, log_evidence, log_pool, weighted_mean
from .logistic import log_loss
from .registry import register_fusion
from .stacking import Combiner, EvidenceStacker
from .unimodal import fit_unimodal, predict_unimodal

__all__ = ["LateLogPool", "LateStacking", "LateWeighted", "LateXGBoost", "mixture_weights", "pool_exponents"]

_MIN_WEIGHT = 1e-12  # keeps a vote for the sample that has nothing better, and leaves no 0 / 0
_MAX_EXPONENT = 10.0  # reached where a modality makes no mistake on validation and the best is infinite


@register_fusion("late-weighted", family="late", reference="Smyth & Wolpert 1999, Machine Learning 36")
class LateWeighted(LateRule):
    """Weighted mean of the class probabilities, with weights of least log loss on validation.

    The weights are positive and sum to 1; where nothing is absent in the validation split they solve a
    convex problem. For each sample they are divided by their sum over the modalities that it has.

    Attributes
    ----------
    weights_ : numpy.ndarray of shape (M,)
        In the order of `modalities_`.

    References
    ----------
    Smyth & Wolpert (1999). Linearly combining density estimators via stacking. Machine Learning 36.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-noise").features(seed=0)
    >>> LateWeighted().fit(data.train, data.validation).weights_.round(2)
    array([1., 0.])
    """

    weights_: NDArray[np.float64]

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        super()._fit(train, validation)
        votes = predict_unimodal(self._classifiers, validation)
        true_class = votes[np.arange(len(votes)), :, validation.labels]
        self.weights_ = mixture_weights(true_class, validation.mask)

    def _combine(self, votes: NDArray[np.float64], present: NDArray[np.bool_]) -> NDArray[np.float64]:
        return weighted_mean(votes, present * self.weights_)


@register_fusion("late-log-pool", family="late", reference="Genest & Zidek 1986, Statistical Science 1(1)")
class LateLogPool(LateRule):
    """Product of the class probabilities raised to powers, of least log loss on validation.

    It is prior(k) prod_m (p_m(k) / prior(k))^w_m over the modalities that are present. With all w_m = 1 it
    is `late-product`; smaller powers correct for evidence that the modalities share and for classifiers
    that are too sure. The log loss is convex in them.

    Attributes
    ----------
    exponents_ : numpy.ndarray of shape (M,)
        Between 0 and 10, in the order of `modalities_`.

    References
    ----------
    Genest & Zidek (1986). Combining probability distributions: a critique and an annotated bibliography.
    Statistical Science 1(1). The logarithmic opinion pool. There the powers sum to 1; here their sum is
    free, because one for each of independent modalities is the posterior.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = LateLogPool().fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    exponents_: NDArray[np.float64]

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        super()._fit(train, validation)
        votes = predict_unimodal(self._classifiers, validation)
        self.exponents_ = pool_exponents(votes, validation.labels, self.prior_)

    def _combine(self, votes: NDArray[np.float64], present: NDArray[np.bool_]) -> NDArray[np.float64]:
        return log_pool(votes, self.prior_, present * self.exponents_)


@register_fusion("late-stacking", family="late", reference="Wolpert 1992, Neural Networks 5(2)")
class LateStacking(FusionStrategy):
    """Logistic regression on the log-probabilities of the single modalities, fitted on validation.

    `fusebench.fusions.stacking.EvidenceStacker` says how an absent modality is left out.

    References
    ----------
    Wolpert (1992). Stacked generalization. Neural Networks 5(2).

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = LateStacking().fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    absence: ClassVar[Literal["native", "imputed"]] = "native"

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        self._classifiers = fit_unimodal(train, validation, self.prior_)
        self._stacker = EvidenceStacker(self.prior_, self._combiner()).fit(self._branches, validation)

    def _predict_outputs(self, data: MultimodalData) -> NDArray[np.float64]:
        return self._stacker.predict_proba(self._branches(data))

    def _branches(self, data: MultimodalData) -> NDArray[np.float64]:
        return predict_unimodal(self._classifiers, data)

    def _combiner(self) -> Combiner | None:
        return None


@register_fusion("late-xgboost", family="late", reference="Chen and Guestrin 2016, arXiv:1603.02754")
class LateXGBoost(LateStacking):
    """Boosted trees on the log-probabilities of the single modalities, fitted on validation.

    The data of the trees are those of `late-stacking`. The number of rounds is fixed, for the same reason
    as its penalty: what would stop the boosting is what it is fitted on. Trees may trust a modality for
    some classes or where another one is unsure, and have few samples to learn it from.

    Parameters
    ----------
    n_rounds, max_depth : int
        Boosting rounds, and the depth of their trees.
    learning_rate : float
        Shrinkage of each tree.

    References
    ----------
    Wolpert (1992). Stacked generalization. Neural Networks 5(2).
    Chen, Guestrin (2016). XGBoost: a scalable tree boosting system. KDD. arXiv:1603.02754.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = LateXGBoost().fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    def __init__(self, *, n_rounds: int = 50, learning_rate: float = 0.1, max_depth: int = 2) -> None:
        self.n_rounds = n_rounds
        self.learning_rate = learning_rate
        self.max_depth = max_depth

    def _combiner(self) -> Combiner:
        return SmallBoostedTrees(
            self.prior_,
            n_rounds=self.n_rounds,
            learning_rate=self.learning_rate,
            max_depth=self.max_depth,
        )


def mixture_weights(
    likelihoods: NDArray[np.float64],
    present: NDArray[np.bool_],
    *,
    tolerance: float = 1e-6,
    max_iter: int = 10_000,
) -> NDArray[np.float64]:
    """Find the weights of a mixture of given predictors that maximise its mean log-likelihood.

    That is the mean over samples of log(sum_m w_m a_m l_m / sum_m w_m a_m), where l_m is the probability
    that predictor m gave to the true class, and a_m is 1 if it is present, else 0. Each step maximises a
    lower bound that touches the objective at the current weights, so it never makes them worse. Where
    everything is present this is the EM algorithm for mixture weights, and it finds the optimum.

    Parameters
    ----------
    likelihoods : numpy.ndarray of shape (n, M)
        Positive.
    present : numpy.ndarray of bool, shape (n, M)
        Which entries of `likelihoods` count.
    tolerance : float
        Where everything is present, the most by which the result may fall short of the optimum.
    max_iter : int
        The most steps.

    Returns
    -------
    numpy.ndarray of shape (M,)
        Positive, sums to 1. A predictor that is never present gets 1 / M.

    Examples
    --------
    >>> mixture_weights(np.array([[0.9, 0.5], [0.3, 0.5]]), np.ones((2, 2), bool)).round(3)
    array([0.625, 0.375])
    """
    n_predictors = present.shape[1]
    seen = present.any(axis=0)
    known = present.any(axis=1)
    a = present[np.ix_(known, seen)].astype(np.float64)
    # A true class that no predictor gave any probability has no best weights; it must not spoil the others.
    al = a * np.maximum(likelihoods[np.ix_(known, seen)], np.finfo(np.float64).tiny)
    weights = np.full(n_predictors, 1 / n_predictors)
    w, share = weights[seen], seen.sum() / n_predictors
    for _ in range(max_iter):
        gain = ((1 / (al @ w)) @ al) / ((1 / (a @ w)) @ a)
        if gain.max(initial=0.0) < 1 + tolerance:
            break
        w = np.maximum(w * gain, _MIN_WEIGHT)
        w *= share / w.sum()
    weights[seen] = w
    return weights


def pool_exponents(votes: NDArray[np.float64], y: NDArray, prior: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find the exponents of a logarithmic pool (`log_pool`) that minimise its log loss.

    Parameters
    ----------
    votes : numpy.ndarray of shape (n, M, n_classes)
        Class probabilities; the prior where a modality is absent.
    y : numpy.ndarray of shape (n,)
        Labels 0 .. n_classes - 1.
    prior : numpy.ndarray of shape (n_classes,)
        Positive.

    Returns
    -------
    numpy.ndarray of shape (M,)
        Between 0 and 10. A modality that is never present gets 1.

    Examples
    --------
    Votes of 0.9 that are right three times in four are worth 0.75, and sqrt(0.9 / 0.1) = 0.75 / 0.25:

    >>> votes = np.tile([0.9, 0.1], (4, 1, 1))
    >>> pool_exponents(votes, np.array([0, 0, 0, 1]), np.array([0.5, 0.5])).round(3)
    array([0.5])
    """
    from scipy.optimize import minimize

    rows = np.arange(len(y))
    evidence = log_evidence(votes, prior)

    def loss_and_gradient(exponents: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        probabilities = log_pool(votes, prior, exponents)
        loss = log_loss(probabilities, y)
        probabilities[rows, y] -= 1
        return loss, np.einsum("nk,nmk->m", probabilities, evidence) / len(y)

    start = np.ones(votes.shape[1])
    bounds = [(0.0, _MAX_EXPONENT)] * len(start)
    found = minimize(
        loss_and_gradient,
        start,
        jac=True,
        bounds=bounds,
        method="L-BFGS-B",
        options={"ftol": 1e-12, "gtol": 1e-7},
    )
    exponents: NDArray[np.float64] = found.x
    return exponents
