"""Networks with a representation that is shared by all modalities and from which each can be told again.

**Shape.** A code is (n, code size), a target (n, d) for each modality, a mask (n, M).

Examples
--------
>>> import numpy as np
>>> from fusebench.datasets.data import Kind, Modality, MultimodalData
>>> vector = Modality(Kind.VECTOR, np.ones((5, 3), np.float32))
>>> data = MultimodalData({"a": vector, "b": vector}, y=np.arange(5) % 2)
>>> decoders = Decoders(data.modalities, code=4, hidden=8, dropout=0.0)
>>> decoders.squared_errors(torch.zeros(5, 4), targets(Batch.of(data))).shape
torch.Size([5, 2])
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ...datasets.data import Modality
from .batch import Batch
from .encoders import Encoders, mlp
from .trainer import task_loss

__all__ = ["Decoders", "JointAutoencoder", "repeat_with_less", "targets"]


def targets(batch: Batch) -> list[Tensor]:
    """Give what is to be reconstructed: a vector itself, of a sequence the mean of its valid frames.

    Examples
    --------
    >>> frames = torch.tensor([[[1.0], [3.0], [0.0]]])
    >>> targets(Batch({"a": frames}, {"a": torch.tensor([2])}, torch.tensor([[True]])))
    [tensor([[2.]])]
    """
    return [
        values.sum(dim=1) / batch.lengths[name][:, None] if name in batch.lengths else values
        for name, values in batch.values.items()
    ]


def repeat_with_less(present: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
    """Give each sample as it is, and again with what is left of it, unless that is nothing.

    Parameters
    ----------
    present : Tensor of bool, shape (n, M)
        What the samples have.
    kept : Tensor of bool, shape (k, M)
        What is left, in each of k ways.

    Returns
    -------
    rows : Tensor of int64, shape (r,)
        Numbers of the samples, r at most (1 + k) n.
    masks : Tensor of bool, shape (r, M)
        What is present of each of them.

    Examples
    --------
    >>> rows, masks = repeat_with_less(torch.tensor([[True, True], [False, True]]), torch.eye(2) == 1)
    >>> rows.tolist(), masks.tolist()[2:]
    ([0, 1, 0, 0, 1], [[True, False], [False, True], [False, True]])
    """
    less = present & kept[:, None]
    way, rows = less.any(dim=2).nonzero(as_tuple=True)
    everybody = torch.arange(len(present), device=present.device)
    return torch.cat([everybody, rows]), torch.cat([present, less[way, rows]])


class Decoders(nn.Module):
    """A perceptron for each modality, from the code to its features.

    Parameters
    ----------
    modalities : mapping of str to Modality
        Training data, for the sizes d.
    code, hidden : int
        Features of the code and of the hidden layer.
    dropout : float
        Of the hidden layer.
    """

    def __init__(self, modalities: Mapping[str, Modality], code: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.sizes = [modality.values.shape[-1] for modality in modalities.values()]
        self.decoders = nn.ModuleList(mlp(code, hidden, size, dropout=dropout) for size in self.sizes)

    def forward(self, code: Tensor) -> list[Tensor]:
        """Reconstruct every modality, (n, d)."""
        return [decoder(code) for decoder in self.decoders]

    def squared_errors(self, code: Tensor, targets: list[Tensor]) -> Tensor:
        """Give the squared distance of every target to its reconstruction, (n, M)."""
        pairs = zip(self(code), targets, strict=True)
        return torch.stack([(output - target).square().sum(dim=1) for output, target in pairs], dim=1)


class JointAutoencoder(nn.Module):
    """Encode, join, reconstruct all from all and from all but one, classify the code (Ngiam et al. 2011).

    Parameters
    ----------
    encoders : Encoders
        Give M embeddings (n, width).
    join : Module
        Takes them side by side, (n, M width), and gives the code.
    decoders : Decoders
        Of the code.
    head : Module
        From the code to logits.
    weight : float
        Of the squared error of a feature, beside the loss of the task.
    """

    def __init__(
        self, encoders: Encoders, join: nn.Module, decoders: Decoders, head: nn.Module, weight: float
    ) -> None:
        super().__init__()
        self.encoders, self.join, self.decoders, self.head = encoders, join, decoders, head
        self.weight = weight

    def forward(self, batch: Batch) -> Tensor:
        """Give logits (n, n_outputs)."""
        logits: Tensor = self.head(self.join(torch.cat(self.encoders(batch), dim=1)))
        return logits

    def loss(self, batch: Batch) -> Tensor:
        """Give the mean over samples as they are and without each modality.

        The encoders see what is left of a sample; the targets are all that is present of it.
        """
        without = ~torch.eye(batch.present.shape[1], dtype=torch.bool, device=batch.present.device)
        rows, masks = repeat_with_less(batch.present, without)
        embeddings = torch.stack(self.encoders(batch), dim=1)
        code = self.join((embeddings[rows] * masks[:, :, None]).flatten(1))
        repeated = batch[rows]
        errors = self.decoders.squared_errors(code, targets(repeated)) * repeated.present
        error = errors.sum(dim=1).mean() / sum(self.decoders.sizes)
        loss: Tensor = task_loss(self.head(code), repeated) + self.weight * error
        return loss
