"""Conditional random field over the frames of all modalities."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import MultimodalData
from ..errors import FusebenchError
from .base import View
from .frames import resample
from .hmm import smooth
from .registry import register_fusion
from .search import Integer, Real, SearchSpace
from .tempering import TemperedFusion
from .whitening import whitening

__all__ = ["LinearChainCRF", "train_crf"]


@register_fusion("linear-chain-crf", family="graphical", reference="Lafferty et al. 2001, ICML")
class LinearChainCRF(TemperedFusion):
    """Linear-chain conditional random field whose frames are all labelled with the class of the sequence.

    All modalities are brought to a common clock of `n_frames` frames; x_t holds the first `n_components`
    whitened principal components of every modality at frame t, and a constant. The labels of the frames have

        p(y_1, ..., y_F | x) proportional to exp(sum_t w_t,y_t . x_t + sum_t a_y_(t-1),y_t),

    with weights w_t of their own for each frame of the clock, since a word does not begin as it ends. In
    training, y_t is the class of the sequence for all t. The probability of a class is the mean over frames
    of the marginals p(y_t | x), tempered: the score of `TemperedFusion` is its logarithm less that of the
    prior. A class without training samples keeps its prior.

    The components of an absent modality are 0 and add nothing to the sum, in training as in prediction. So
    it says nothing, which is not the same as to integrate over what it might have said.

    Parameters
    ----------
    n_frames : int
        Frames of the common clock.
    n_components : int
        The most components of a modality.
    l2 : float
        Coefficient of the sum of squared weights beside the summed loss.
    max_iter : int
        The most iterations of L-BFGS.

    Attributes
    ----------
    temperature_ : float
        tau of `TemperedFusion`.
    components_ : dict of str to numpy.ndarray of shape (d, c)
        From standardised features to whitened components, by modality.
    weights_ : numpy.ndarray of shape (n_frames, C, n_seen)
        w, for all components side by side, the constant last, and the classes seen in training.
    transitions_ : numpy.ndarray of shape (n_seen, n_seen)
        a, from the label of the first axis to that of the second.

    Raises
    ------
    FusebenchError
        By `fit`, if `n_frames` or `n_components` is less than 1.

    References
    ----------
    Lafferty, McCallum & Pereira (2001). Conditional random fields: probabilistic models for segmenting and
    labeling sequence data. ICML. Trained with CRFsuite (Okazaki 2007).

    Examples
    --------
    >>> from fusebench.datasets.data import Kind, Modality
    >>> y = np.arange(40) % 2
    >>> rising = np.linspace(-1, 1, 6) * np.where(y, 1, -1)[:, None]
    >>> noise = np.random.default_rng(0).normal(size=(2, 40, 6))
    >>> data = MultimodalData(
    ...     {name: Modality(Kind.SEQUENCE, (rising + e)[..., None]) for name, e in zip("ab", noise)}, y
    ... )
    >>> fusion = LinearChainCRF(n_frames=6).fit(data)
    >>> bool(fusion.score(data, y) > 0.9)
    True
    """

    views: ClassVar[tuple[View, ...]] = ("sequence",)
    search_space: ClassVar[SearchSpace] = {"l2": Real(0.01, 100.0, log=True), "n_components": Integer(4, 16)}

    components_: dict[str, NDArray[np.float64]]
    weights_: NDArray[np.float64]
    transitions_: NDArray[np.float64]
    _seen: NDArray[np.intp]

    def __init__(
        self, *, n_frames: int = 10, n_components: int = 8, l2: float = 1.0, max_iter: int = 50
    ) -> None:
        self.n_frames = n_frames
        self.n_components = n_components
        self.l2 = l2
        self.max_iter = max_iter

    def _fit_classes(self, train: MultimodalData) -> None:
        for name in ("n_frames", "n_components"):
            if getattr(self, name) < 1:
                raise FusebenchError(f"{name} must be at least 1, however: {getattr(self, name)}.")
        train = train.take(np.flatnonzero(train.mask.any(axis=1)))
        self.components_ = {}
        for name, modality in train.modalities.items():
            frames = resample(modality, self.n_frames)[train.has(name)]
            self.components_[name] = whitening(frames.reshape(-1, frames.shape[2]), self.n_components)
        self._seen, y = np.unique(train.labels, return_inverse=True)
        if len(self._seen) == 0:  # nothing was present: every score will be 0
            return
        self.weights_, self.transitions_ = train_crf(
            self._frames(train), y, n_labels=len(self._seen), l2=self.l2, max_iter=self.max_iter
        )

    def _scores(self, data: MultimodalData) -> NDArray[np.float64]:
        scores = np.zeros((len(data), len(self.classes_)))
        if len(self._seen) == 0:
            return scores
        evidence = np.einsum("ntc,tcy->nty", self._frames(data), self.weights_, optimize=True)
        _, marginals, _ = smooth(np.zeros(len(self._seen)), self.transitions_[None], evidence)
        prior = self.prior_[self._seen]
        probabilities = np.maximum(marginals.mean(axis=1), np.finfo(np.float64).tiny)
        scores[:, self._seen] = np.log(probabilities * prior.sum() / prior)
        return scores

    def _frames(self, data: MultimodalData) -> NDArray[np.float64]:
        """Components of all modalities and a constant, side by side, (n, F, C); 0 where absent."""
        blocks = [
            resample(modality, self.n_frames) @ self.components_[name]
            for name, modality in data.modalities.items()
        ]
        return np.concatenate([*blocks, np.ones((len(data), self.n_frames, 1))], axis=2)


def train_crf(
    x: NDArray[np.float64],
    y: NDArray,
    *,
    n_labels: int,
    l2: float,
    max_iter: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fit the conditional random field of `LinearChainCRF` with CRFsuite.

    Parameters
    ----------
    x : numpy.ndarray of shape (n, F, C)
        Features of every frame.
    y : numpy.ndarray of shape (n,)
        Label of all frames of a sequence, 0 .. `n_labels` - 1.
    n_labels : int
        Y.
    l2, max_iter
        As in `LinearChainCRF`.

    Returns
    -------
    weights : numpy.ndarray of shape (F, C, Y)
    transitions : numpy.ndarray of shape (Y, Y)
        Both to six decimals, as CRFsuite tells them.
    """
    from pycrfsuite import Tagger, Trainer

    _, n_frames, width = x.shape
    names = np.arange(n_frames * width).astype(str).reshape(n_frames, width).tolist()
    # CRFsuite takes the sum of a feature's values for its frequency and drops what is below the least one.
    settings = {"c2": l2, "max_iterations": max_iter, "feature.minfreq": -1e300}
    trainer = Trainer(verbose=False, params=settings)
    for frames, label in zip(x, y, strict=True):
        items = [dict(zip(*frame, strict=True)) for frame in zip(names, frames.tolist(), strict=True)]
        trainer.append(items, [str(label)] * n_frames)
    with TemporaryDirectory() as folder:
        model = str(Path(folder) / "model")
        trainer.train(model)
        with Tagger().open(model) as tagger:
            learnt = tagger.info()
    weights, transitions = np.zeros((n_frames * width, n_labels)), np.zeros((n_labels, n_labels))
    for (name, label), weight in learnt.state_features.items():
        weights[int(name), int(label)] = weight
    for (before, after), weight in learnt.transitions.items():
        transitions[int(before), int(after)] = weight
    return weights.reshape(n_frames, width, n_labels), transitions
