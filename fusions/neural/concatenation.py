"""The plain intermediate fusion: embeddings side by side, into a perceptron."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ...datasets.data import Modality
from .encoders import Encoders, IntermediateFusion, mlp

__all__ = ["SideBySide", "concatenation_network"]


class SideBySide(nn.Module):
    """Put the embeddings of all modalities side by side."""

    def forward(self, embeddings: list[Tensor]) -> Tensor:
        """Make (n, M width) of M embeddings (n, width)."""
        return torch.cat(embeddings, dim=1)


def concatenation_network(
    modalities: Mapping[str, Modality], hidden: int, n_outputs: int, dropout: float
) -> IntermediateFusion:
    """Make encoders and a perceptron with one hidden layer on their embeddings; an absent one is 0.

    Parameters
    ----------
    modalities : mapping of str to Modality
        Training data, for the sizes.
    hidden : int
        Width of embeddings and of the hidden layer.
    n_outputs : int
        Logits.
    dropout : float
        Of both.

    Examples
    --------
    >>> import numpy as np
    >>> from fusebench.datasets.data import Kind, MultimodalData
    >>> from fusebench.fusions.neural.batch import Batch
    >>> vector = Modality(Kind.VECTOR, np.ones((2, 3), np.float32))
    >>> data = MultimodalData({"a": vector, "b": vector})
    >>> concatenation_network(data.modalities, hidden=4, n_outputs=5, dropout=0.1)(Batch.of(data)).shape
    torch.Size([2, 5])
    """
    return IntermediateFusion(
        Encoders(modalities, hidden, dropout),
        SideBySide(),
        mlp(len(modalities) * hidden, hidden, n_outputs, dropout=dropout),
    )
