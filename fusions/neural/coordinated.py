"""Embeddings of the modalities that a loss brings together, so that one can stand in for another.

**Shape.** A coordination loss takes embeddings (n, width) of two modalities of the same n samples, and their
labels (n,), and gives a number.

Examples
--------
>>> x, labels = torch.eye(4), torch.tensor([0, 0, 1, 1])
>>> TotalCorrelation()(x[:, :1], -2 * x[:, :1], labels).round(decimals=2)
tensor(-1.)
>>> CrossModalTriplets(margin=0.2)(x, x, labels).round(decimals=2)
tensor(0.1000)
"""

from itertools import combinations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from .batch import Batch
from .encoders import Encoders
from .trainer import task_loss

__all__ = ["Contrast", "CoordinatedNetwork", "CrossModalTriplets", "TotalCorrelation"]

_TEMPERATURE = 0.07  # at the start
_LEAST_TEMPERATURE = 0.01


class CoordinatedNetwork(nn.Module):
    """Encode every modality, classify the mean of the embeddings that are present.

    Trained on the loss of the task plus, for every pair of modalities, `weight` times the coordination loss
    of the samples that have both. With fewer than two such samples in a batch a pair adds nothing.

    Parameters
    ----------
    encoders : Encoders
        Give M embeddings (n, width).
    coordination : Module
        The coordination loss.
    head : Module
        From (n, width) to logits (n, n_outputs).
    weight : float
        Of the coordination loss.
    """

    def __init__(self, encoders: Encoders, coordination: nn.Module, head: nn.Module, weight: float) -> None:
        super().__init__()
        self.encoders, self.coordination, self.head = encoders, coordination, head
        self.weight = weight

    def forward(self, batch: Batch) -> Tensor:
        """Give logits (n, n_outputs)."""
        return self._classify(self.encoders(batch), batch.present)

    def loss(self, batch: Batch) -> Tensor:
        """Give what training minimises."""
        assert batch.labels is not None  # noqa: S101  (whoever trains has labels; for the type checker)
        embeddings = self.encoders(batch)
        total = task_loss(self._classify(embeddings, batch.present), batch)
        for (x, has_x), (z, has_z) in combinations(zip(embeddings, batch.present.T, strict=True), 2):
            both = has_x & has_z
            if both.sum() > 1:
                total = total + self.weight * self.coordination(x[both], z[both], batch.labels[both])
        return total

    def _classify(self, embeddings: list[Tensor], present: Tensor) -> Tensor:
        # Absent embeddings are 0, and of nothing at all the mean is 0 too.
        mean = torch.stack(embeddings).sum(dim=0) / present.sum(dim=1, keepdim=True).clamp(min=1)
        logits: Tensor = self.head(mean)
        return logits


class TotalCorrelation(nn.Module):
    r"""Minus the sum of the canonical correlations of two sets of embeddings (Andrew et al. 2013).

    .. math:: -\|(C_x + r I)^{-1/2} C_{xz} (C_z + r I)^{-1/2}\|_*

    with the covariances of the batch and the sum of singular values. Cholesky factors take the place of the
    roots: they differ by a rotation, which changes no singular value, and have a gradient where eigenvalues
    meet.

    Parameters
    ----------
    ridge : float
        r, in units of the embeddings' variance.
    """

    def __init__(self, ridge: float = 1e-3) -> None:
        super().__init__()
        self.ridge = ridge

    def forward(self, x: Tensor, z: Tensor, labels: Tensor) -> Tensor:  # noqa: ARG002
        """Give the loss; the labels are not looked at."""
        x, z = x - x.mean(dim=0), z - z.mean(dim=0)
        whitened = torch.linalg.solve_triangular(self._root(x), x.T @ z / (len(x) - 1), upper=False)
        whitened = torch.linalg.solve_triangular(self._root(z), whitened.T, upper=False)
        correlations: Tensor = torch.linalg.svdvals(whitened)
        return -correlations.sum()

    def _root(self, x: Tensor) -> Tensor:
        ridge = self.ridge * torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
        root: Tensor = torch.linalg.cholesky(x.T @ x / (len(x) - 1) + ridge)
        return root


class Contrast(nn.Module):
    r"""Which embedding of one modality belongs to which of the other, both ways (Radford et al. 2021).

    With cosines :math:`s_{ij} = \cos(x_i, z_j)` and the temperature :math:`\tau`, the mean of the
    cross-entropies of the softmax of :math:`s_{ij} / \tau` over j and over i, the right answer being j = i.
    The temperature is learnt and starts at 0.07; it is kept from falling below 0.01.
    """

    def __init__(self) -> None:
        super().__init__()
        # Minus the logarithm relative to the start: weight decay pulls towards that, not towards 1.
        self.sharpness = nn.Parameter(torch.zeros(()))

    @property
    def temperature(self) -> Tensor:
        """The temperature as it is now."""
        return (_TEMPERATURE * torch.exp(-self.sharpness)).clamp(min=_LEAST_TEMPERATURE)

    def forward(self, x: Tensor, z: Tensor, labels: Tensor) -> Tensor:  # noqa: ARG002
        """Give the loss; the labels are not looked at."""
        cosines = normalize(x, dim=1) @ normalize(z, dim=1).T
        logits, own = cosines / self.temperature, torch.arange(len(x), device=x.device)
        return (cross_entropy(logits, own) + cross_entropy(logits.T, own)) / 2


class CrossModalTriplets(nn.Module):
    r"""Of the other modality, what is of the same class is closer than the rest (Schroff et al. 2015).

    .. math:: \max(0, |a - p|^2 - |a - n|^2 + \text{margin}),

    on embeddings of length 1, with the anchor a from one modality and p and n from the other, p of the
    class of a and n of another class: the mean over all such triplets of the batch, the anchor from either
    modality. Without a triplet the loss is 0.

    Parameters
    ----------
    margin : float
        By how much closer; squared distances lie between 0 and 4.
    """

    def __init__(self, margin: float = 0.2) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, x: Tensor, z: Tensor, labels: Tensor) -> Tensor:
        """Give the loss."""
        distances = 2 - 2 * normalize(x, dim=1) @ normalize(z, dim=1).T
        same = labels[:, None] == labels
        anchor, positive = same.nonzero(as_tuple=True)
        negative = (~same[anchor]).to(x.dtype)
        total = sum(
            (torch.relu(d[anchor, positive][:, None] - d[anchor] + self.margin) * negative).sum()
            for d in (distances, distances.T)
        )
        return total / (2 * negative.sum()).clamp(min=1)
