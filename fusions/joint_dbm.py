"""The multimodal deep Boltzmann machine as a strategy; the machine is in `fusebench.fusions.boltzmann`."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import MultimodalData, Task
from ..errors import FusebenchError
from ..seeding import make_generator
from .base import FusionStrategy
from .boltzmann import BoltzmannMachine, pretrain, train_persistent
from .linear import TunedLinear
from .registry import register_fusion
from .search import Choice, Real, SearchSpace

__all__ = ["MultimodalDBM"]


@register_fusion("multimodal-dbm", family="joint", reference="Srivastava and Salakhutdinov 2014, JMLR 15")
class MultimodalDBM(FusionStrategy):
    """Deep Boltzmann machine with a layer for each modality and one for all; a linear model on both.

    The machine is a model of the features alone: it is fitted without labels, first layer by layer, then as a
    whole. The linear model is given the expectations of all binary units, the joint ones and those of every
    modality. An absent modality is a layer of visible units without values, which is inferred like the hidden
    ones, in training too. What is inferred is less than what was seen, so the linear model is fitted to the
    samples as they are and to copies without each modality.

    In the paper each modality has two hidden layers, and an absent one is drawn by Gibbs sampling. Here it is
    one hidden layer a modality, and mean field throughout, so that a prediction is not random. It takes
    vectors only.

    Parameters
    ----------
    hidden : int
        Binary units of every modality, and of the joint layer.
    pretraining_updates, joint_updates : int
        Steps on one batch each: for every layer alone, and for all of them together.
    pretraining_rate, joint_rate : float
        Sizes of these steps.
    batch_size : int
        Samples in a step, and Markov chains.
    n_iterations : int
        Of the mean field.
    noise : float
        Standard deviation of a standardised feature given the hidden units. With 1, which is all of its
        spread, they could explain nothing but correlations.
    random_state : int
        Draws initial weights, batches and Markov chains.

    Attributes
    ----------
    machine_ : BoltzmannMachine
        The fitted machine, of features divided by `noise`.

    References
    ----------
    Srivastava, Salakhutdinov (2014). Multimodal learning with deep Boltzmann machines. JMLR 15; first NIPS
    2012.

    Salakhutdinov, Hinton (2009). Deep Boltzmann machines. AISTATS.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = MultimodalDBM(random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.85)
    True
    """

    tasks = tuple(Task)
    absence = "native"
    search_space: ClassVar[SearchSpace] = {"hidden": Choice((32, 64, 128)), "noise": Real(0.1, 1.0, log=True)}

    machine_: BoltzmannMachine

    def __init__(
        self,
        *,
        hidden: int = 64,
        pretraining_updates: int = 1000,
        joint_updates: int = 500,
        pretraining_rate: float = 0.01,
        joint_rate: float = 0.02,
        batch_size: int = 64,
        n_iterations: int = 10,
        noise: float = 0.5,
        random_state: int = 0,
    ) -> None:
        self.hidden = hidden
        self.pretraining_updates = pretraining_updates
        self.joint_updates = joint_updates
        self.pretraining_rate = pretraining_rate
        self.joint_rate = joint_rate
        self.batch_size = batch_size
        self.n_iterations = n_iterations
        self.noise = noise
        self.random_state = random_state

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        for parameter in ("hidden", "batch_size", "n_iterations"):
            if getattr(self, parameter) < 1:
                raise FusebenchError(f"{parameter} must be at least 1, however: {getattr(self, parameter)}.")
        if self.noise <= 0:
            raise FusebenchError(f"noise must be greater than 0, however: {self.noise}.")
        rng = make_generator("multimodal-dbm", self.random_state)
        values = self._scale(train)
        self.machine_ = pretrain(
            values,
            train.mask,
            self.hidden,
            n_updates=self.pretraining_updates,
            learning_rate=self.pretraining_rate,
            batch_size=self.batch_size,
            rng=rng,
        )
        train_persistent(
            self.machine_,
            values,
            train.mask,
            n_updates=self.joint_updates,
            n_iterations=self.n_iterations,
            learning_rate=self.joint_rate,
            batch_size=self.batch_size,
            rng=rng,
        )
        samples = self._with_copies(train)
        self._model = TunedLinear(self.prior_).fit(*samples, validation=self._with_copies(validation))

    def _predict_outputs(self, data: MultimodalData) -> NDArray[np.float64]:
        return self._model.predict(self._expect(data))

    def _with_copies(self, data: MultimodalData) -> tuple[NDArray[np.float64], NDArray]:
        """Give expectations and labels of the samples, and of what is left of them without each modality."""
        copies = [data, *(data.without(name) for name in data.names)]
        left = [copy.take(copy.mask.sum(axis=1) > 0) for copy in copies]
        labels = np.concatenate([copy.labels for copy in left])
        return np.vstack([self._expect(copy) for copy in left]), labels

    def _expect(self, data: MultimodalData) -> NDArray[np.float64]:
        """Give the probabilities of all binary units minus one half, (n, (M + 1) hidden)."""
        layers = self.machine_.infer(self._scale(data), data.mask, self.n_iterations)
        return np.hstack([*layers.hidden, layers.joint]) - 0.5

    def _scale(self, data: MultimodalData) -> list[NDArray[np.float64]]:
        """Bring features to the unit of the machine, in which their noise has variance 1."""
        return [modality.values.astype(np.float64) / self.noise for modality in data.modalities.values()]
