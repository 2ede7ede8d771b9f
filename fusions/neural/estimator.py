"""The estimator that all neural strategies share. Importing it does not import torch."""

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...datasets.data import MultimodalData, Task
from ...errors import FusebenchError, did_you_mean
from ..base import FusionStrategy
from ..search import Choice, Real, SearchSpace

if TYPE_CHECKING:
    from torch import nn

    from .batch import Batch
    from .trainer import History

__all__ = ["NeuralFusion"]

_AUXILIARY = ("none", "sum", "blending", "modulation")


@dataclass(eq=False, repr=False, kw_only=True)
class NeuralFusion(FusionStrategy):
    """A strategy that trains a network; a subclass writes `_build`.

    A subclass with parameters of its own is a dataclass with the same three options, which adds them to
    ``__init__``. The defaults are one set for all strategies, so that only the fusion differs between them;
    they were chosen on validation splits of the embedded data sets.

    On a CPU the same `random_state` gives the same predictions bit for bit, whatever the state of torch's
    global generators, which are left alone. GPU kernels do not promise that.

    Parameters
    ----------
    hidden : int
        Width of hidden layers and embeddings.
    dropout : float
        Of hidden layers and embeddings.
    learning_rate, weight_decay : float
        Of AdamW.
    batch_size : int
        Samples in a step.
    modality_dropout : float
        Probability with which each modality of a training sample is taken away in a step; one always stays.
    max_epochs : int
        At most this many passes over the training data.
    patience : int
        Training stops after this many epochs without a lower validation loss, and the weights of the best
        epoch are kept.
    auxiliary : {"none", "sum", "blending", "modulation"}
        Whether each encoder gets a head of its own while training, and how its loss is weighed, see
        `fusebench.fusions.neural.auxiliary`. For networks that encode each modality by itself.
    device : str
        Where to train and predict, for example ``"cpu"`` or ``"cuda"``.
    random_state : int
        Draws initial weights, the order of samples and dropout.

    Attributes
    ----------
    network_ : torch.nn.Module
        The trained network.
    history_ : History
        Training and validation loss of every epoch.
    """

    tasks: ClassVar[tuple[Task, ...]] = tuple(Task)
    streams: ClassVar[bool] = True
    search_space: ClassVar[SearchSpace] = {
        "learning_rate": Real(3e-4, 3e-2, log=True),
        "weight_decay": Real(1e-3, 1.0, log=True),
        "hidden": Choice((16, 32, 64, 128)),
        "dropout": Real(0.0, 0.6),
    }

    hidden: int = 32
    dropout: float = 0.3
    learning_rate: float = 3e-3
    weight_decay: float = 0.3
    batch_size: int = 64
    modality_dropout: float = 0.0
    max_epochs: int = 100
    patience: int = 15
    auxiliary: str = "none"
    device: str = "cpu"
    random_state: int = 0

    network_: "nn.Module" = field(init=False)
    history_: "History" = field(init=False)

    @abstractmethod
    def _build(self, train: MultimodalData) -> "nn.Module":
        """Make a network from `Batch` to logits (n, n_outputs), for data of the sizes of `train`.

        It must not depend on the values in `train`: to load a saved strategy, this is called with no sample.
        """

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        from .batch import Batch
        from .trainer import seeded

        for parameter in ("hidden", "batch_size", "max_epochs", "patience"):
            if getattr(self, parameter) < 1:
                raise FusebenchError(f"{parameter} must be at least 1, however: {getattr(self, parameter)}.")
        if not 0 <= self.modality_dropout <= 1:
            raise FusebenchError(
                f"modality_dropout must lie between 0 and 1, however: {self.modality_dropout}."
            )
        if self.auxiliary not in _AUXILIARY:
            hint = did_you_mean(self.auxiliary, _AUXILIARY)
            raise FusebenchError(f"There is no auxiliary training {self.auxiliary!r}; {hint}")
        self._sizes = train.take(np.arange(0))
        with seeded(self.random_state, self.device):
            self.network_ = self._make_network()
            self.history_ = self._train(
                self.network_, Batch.of(train, self.device), Batch.of(validation, self.device)
            )

    def _make_network(self) -> "nn.Module":
        network = self._build(self._sizes)
        if self.auxiliary != "none":
            from .auxiliary import attach_heads

            modulated = self.auxiliary == "modulation"
            network = attach_heads(
                network, len(self.modalities_), self.hidden, self.n_outputs_, modulated=modulated
            )
        return network.to(self.device)

    def _train(self, network: "nn.Module", train: "Batch", validation: "Batch") -> "History":
        """Train a network with the parameters of this strategy; one that trains in steps overrides it."""
        from .trainer import train_network

        if self.auxiliary == "blending":
            from .auxiliary import blend

            blend(
                network,
                train,
                validation,
                learning_rate=self.learning_rate,
                weight_decay=self.weight_decay,
                batch_size=self.batch_size,
                modality_dropout=self.modality_dropout,
            )
        return train_network(
            network,
            train,
            validation,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            batch_size=self.batch_size,
            max_epochs=self.max_epochs,
            patience=self.patience,
            modality_dropout=self.modality_dropout,
        )

    def _predict_outputs(self, data: MultimodalData) -> NDArray:
        from .batch import Batch
        from .trainer import predict_logits

        logits = predict_logits(self.network_, Batch.of(data, self.device)).double()
        if self.task_ is Task.CLASSIFICATION:
            logits = logits.softmax(dim=1)
        elif self.task_ is Task.MULTILABEL:
            logits = logits.sigmoid()
        return logits.cpu().numpy()

    def initial_network(self) -> "nn.Module":
        """Build the network of the last fit again, with the weights that it had before training."""
        from .trainer import seeded

        with seeded(self.random_state, self.device):
            return self._make_network()

    def __getstate__(self) -> dict[str, Any]:
        """Give the state with the network as arrays, so that it can be saved without pickle."""
        state: dict[str, Any] = dict(super().__getstate__())
        if "network_" in state:
            network = state.pop("network_")
            state["_weights"] = {name: value.cpu().numpy() for name, value in network.state_dict().items()}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Build the network again, of the sizes that it was trained for, and load its weights."""
        weights = state.get("_weights")
        super().__setstate__({name: value for name, value in state.items() if name != "_weights"})
        if weights is not None:
            import torch

            self.network_ = self._make_network()
            self.network_.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
