"""Late fusion by a fixed rule: one classifier a modality, and nothing learnt of their combination.

In all of them an absent modality has no vote. The classifiers are those of the unimodal controls, so that
a difference to a control is the work of the rule. `fusebench.fusions.late_learnt` has the rules that learn.
"""

from abc import abstractmethod
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import MultimodalData, Task
from .base import FusionStrategy
from .registry import register_fusion
from .unimodal import fit_unimodal, predict_unimodal

__all__ = [
    "LateConfidence",
    "LateMax",
    "LateMean",
    "LateProduct",
    "LateRule",
    "LateVote",
    "inverse_entropy",
    "log_evidence",
    "log_pool",
    "weighted_mean",
]

_TINY = np.finfo(np.float64).tiny  # stands for a probability that was rounded to 0
_MIN_ENTROPY = 1e-12  # in nats; a vote that is surer than this weighs no more


class LateRule(FusionStrategy):
    """One classifier a modality; a subclass combines their class probabilities."""

    absence: ClassVar[Literal["native", "imputed"]] = "native"

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        self._classifiers = fit_unimodal(train, validation, self.prior_)

    def _predict_outputs(self, data: MultimodalData) -> NDArray[np.float64]:
        return self._combine(predict_unimodal(self._classifiers, data), data.mask)

    @abstractmethod
    def _combine(self, votes: NDArray[np.float64], present: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Combine votes (n, M, n_classes), the prior where absent, to (n, n_classes), up to scale."""


@register_fusion("late-mean", family="late", reference="Kittler et al. 1998, IEEE TPAMI 20(3)")
class LateMean(LateRule):
    """Mean of the probabilities, or of the values, that the modalities present give.

    References
    ----------
    Kittler, Hatef, Duin & Matas (1998). On combining classifiers. IEEE TPAMI 20(3). The sum rule.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = LateMean().fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    tasks: ClassVar[tuple[Task, ...]] = tuple(Task)

    def _combine(self, votes: NDArray[np.float64], present: NDArray[np.bool_]) -> NDArray[np.float64]:
        return weighted_mean(votes, present.astype(np.float64))


@register_fusion("late-product", family="late", reference="Kittler et al. 1998, IEEE TPAMI 20(3)")
class LateProduct(LateRule):
    """Product of the class probabilities, divided by the prior that each of them repeats.

    With R modalities present it is prior(k)^(1 - R) prod_m p_m(k), the posterior of the class where the
    modalities are independent given the class. One that is absent takes no part, as in the posterior of
    what is left. Where they are not independent, the product counts the same evidence several times and
    is too sure.

    References
    ----------
    Kittler, Hatef, Duin & Matas (1998). On combining classifiers. IEEE TPAMI 20(3). The product rule.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = LateProduct().fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    def _combine(self, votes: NDArray[np.float64], present: NDArray[np.bool_]) -> NDArray[np.float64]:
        return log_pool(votes, self.prior_, present.astype(np.float64))


@register_fusion("late-max", family="late", reference="Kittler et al. 1998, IEEE TPAMI 20(3)")
class LateMax(LateRule):
    """For every class the greatest probability that a modality gives it; then scaled to sum to 1.

    This is the rule for equal priors: the general one can be negative, which is no probability.

    References
    ----------
    Kittler, Hatef, Duin & Matas (1998). On combining classifiers. IEEE TPAMI 20(3). The max rule.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = LateMax().fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    def _combine(self, votes: NDArray[np.float64], present: NDArray[np.bool_]) -> NDArray[np.float64]:
        greatest: NDArray[np.float64] = np.where(present[:, :, None], votes, 0.0).max(axis=1)
        return greatest


@register_fusion("late-vote", family="late", reference="Kittler et al. 1998, IEEE TPAMI 20(3)")
class LateVote(LateRule):
    """Majority vote: every modality that is present votes for its most probable class.

    The mean of the class probabilities is shared out as one more vote, so that the probability of class k
    with v_k of R votes is (v_k + mean_m p_m(k)) / (R + 1). It breaks ties and leaves no probability 0, and
    it never turns a majority over: that would take a mean of 1 for a class that not all vote for.

    References
    ----------
    Kittler, Hatef, Duin & Matas (1998). On combining classifiers. IEEE TPAMI 20(3). The majority vote
    rule. The vote that breaks ties is an addition.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = LateVote().fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    def _combine(self, votes: NDArray[np.float64], present: NDArray[np.bool_]) -> NDArray[np.float64]:
        chosen = np.eye(votes.shape[2])[votes.argmax(axis=2)]
        count: NDArray[np.float64] = np.einsum("nm,nmk->nk", present, chosen)
        return count + weighted_mean(votes, present.astype(np.float64))


@register_fusion("late-confidence", family="late", reference="Misra, Bourlard & Tyagi 2003, ICASSP")
class LateConfidence(LateRule):
    """Mean of the class probabilities, each weighted by the inverse of its entropy.

    The weights differ from sample to sample: a modality that is unsure of this one says little. What
    counts is what a classifier believes of itself, so one that is confidently wrong weighs much.

    References
    ----------
    Misra, Bourlard & Tyagi (2003). New entropy based combination rules in HMM/ANN multi-stream ASR.
    ICASSP. Inverse entropy weighting.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = LateConfidence().fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    def _combine(self, votes: NDArray[np.float64], present: NDArray[np.bool_]) -> NDArray[np.float64]:
        return weighted_mean(votes, present * inverse_entropy(votes))


def weighted_mean(votes: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average votes (n, M, n_classes) with weights (n, M), of which each row has a positive one."""
    shares = weights / weights.sum(axis=1, keepdims=True)
    mean: NDArray[np.float64] = np.einsum("nm,nmk->nk", shares, votes)
    return mean


def inverse_entropy(votes: NDArray[np.float64]) -> NDArray[np.float64]:
    """One over the entropy of votes (n, M, n_classes), shape (n, M)."""
    entropy: NDArray[np.float64] = -(votes * np.log(np.maximum(votes, _TINY))).sum(axis=2)
    return np.asarray(1 / np.maximum(entropy, _MIN_ENTROPY))


def log_evidence(votes: NDArray[np.float64], prior: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give log p_m(k) - log prior(k), shape (n, M, n_classes); 0 for a vote that repeats the prior."""
    evidence: NDArray[np.float64] = np.log(np.maximum(votes, _TINY)) - np.log(prior)
    return evidence


def log_pool(
    votes: NDArray[np.float64], prior: NDArray[np.float64], exponents: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Multiply the likelihood ratios p_m(k) / prior(k), raised to powers, with the prior.

    A vote that repeats the prior changes nothing. With exponents 1 it is the posterior under independence;
    with exponents of sum 1 the prior cancels and it is the weighted geometric mean of the votes.

    Parameters
    ----------
    votes : numpy.ndarray of shape (n, M, n_classes)
        Class probabilities.
    prior : numpy.ndarray of shape (n_classes,)
        Positive.
    exponents : numpy.ndarray of shape (M,) or (n, M)
        At least 0; of all samples or of each.

    Returns
    -------
    numpy.ndarray of shape (n, n_classes)
        Rows sum to 1.

    Examples
    --------
    >>> votes = np.array([[[0.5, 0.5], [0.9, 0.1]]])
    >>> log_pool(votes, np.array([0.9, 0.1]), np.ones(2)).round(3)
    array([[0.5, 0.5]])
    """
    from scipy.special import softmax

    scores = np.log(prior) + (exponents[..., None] * log_evidence(votes, prior)).sum(axis=1)
    probabilities: NDArray[np.float64] = softmax(scores, axis=1)
    return probabilities
