"""The estimator that all neural strategies share. Importing it does not import torch."""

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from numpy.typing import NDArray

from ...datasets.data import MultimodalData
from ...errors import FusebenchError
from ..base import FusionStrategy

if TYPE_CHECKING:
    from torch import nn

    from .trainer import History

__all__ = ["NeuralFusion"]


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
    max_epochs : int
        At most this many passes over the training data.
    patience : int
        Training stops after this many epochs without a lower validation loss, and the weights of the best
        epoch are kept.
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

    hidden: int = 32
    dropout: float = 0.3
    learning_rate: float = 3e-3
    weight_decay: float = 0.3
    batch_size: int = 64
    max_epochs: int = 100
    patience: int = 15
    device: str = "cpu"
    random_state: int = 0

    network_: "nn.Module" = field(init=False)
    history_: "History" = field(init=False)

    @abstractmethod
    def _build(self, train: MultimodalData) -> "nn.Module":
        """Make a network from `Batch` to logits (n, n_classes); the sizes are those of the training data."""

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        from .batch import Batch
        from .trainer import seeded, train_network

        for parameter in ("hidden", "batch_size", "max_epochs", "patience"):
            if getattr(self, parameter) < 1:
                raise FusebenchError(f"{parameter} must be at least 1, however: {getattr(self, parameter)}.")
        with seeded(self.random_state, self.device):
            self.network_ = self._build(train).to(self.device)
            self.history_ = train_network(
                self.network_,
                Batch.of(train, self.device),
                Batch.of(validation, self.device),
                learning_rate=self.learning_rate,
                weight_decay=self.weight_decay,
                batch_size=self.batch_size,
                max_epochs=self.max_epochs,
                patience=self.patience,
            )

    def _predict_outputs(self, data: MultimodalData) -> NDArray:
        from .batch import Batch
        from .trainer import predict_logits

        logits = predict_logits(self.network_, Batch.of(data, self.device))
        return logits.double().softmax(dim=1).cpu().numpy()
