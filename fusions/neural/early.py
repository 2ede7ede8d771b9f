"""The perceptron on concatenated vectors."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ...datasets.data import Modality
from .batch import Batch
from .encoders import mlp

__all__ = ["ConcatenationMLP"]


class ConcatenationMLP(nn.Module):
    """A perceptron with two hidden layers on the vectors side by side.

    Parameters
    ----------
    modalities : mapping of str to Modality
        Training data, for the sizes.
    hidden, n_classes : int
        Size of either hidden layer; outputs.
    dropout : float
        Of the hidden layers.
    """

    def __init__(
        self, modalities: Mapping[str, Modality], hidden: int, n_classes: int, dropout: float
    ) -> None:
        super().__init__()
        features = sum(modality.values.shape[1] for modality in modalities.values())
        self.layers = mlp(features, hidden, hidden, n_classes, dropout=dropout)

    def forward(self, batch: Batch) -> Tensor:
        """Give logits (n, n_classes)."""
        logits: Tensor = self.layers(torch.cat(list(batch.values.values()), dim=1))
        return logits
