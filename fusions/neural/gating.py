"""Fusion layers in which modalities decide how much, and what, is taken from each other.

**Shape.** A layer takes a list of M embeddings (n, width) and a mask `present` (n, M), and gives
(n, outputs). The embedding of an absent modality is 0.

Examples
--------
>>> embeddings = [torch.ones(5, 3), torch.zeros(5, 3)]
>>> present = torch.tensor([[True, False]]).expand(5, 2)
>>> GatedUnit(n_modalities=2, width=3, outputs=4)(embeddings, present).shape
torch.Size([5, 4])
"""

import torch
from torch import Tensor, nn

from .batch import Batch
from .encoders import IntermediateFusion, mlp

__all__ = ["EmbraceLayer", "FeatureModulation", "GatedFusion", "GatedUnit", "MixtureOfExperts"]

_TINY = 1e-12


class GatedFusion(IntermediateFusion):
    """Encode every modality, fuse the embeddings with a layer that is told what is present, classify.

    The parameters are those of `IntermediateFusion`.
    """

    def fuse(self, embeddings: list[Tensor], batch: Batch) -> Tensor:
        """Give logits (n, n_outputs) from embeddings (n, width) of the batch."""
        logits: Tensor = self.head(self.fusion(embeddings, batch.present))
        return logits


class GatedUnit(nn.Module):
    r"""A gate for each feature says how much of it each modality gives (Arevalo et al. 2017).

    .. math:: h = \sum_m g_m \odot \tanh(W_m z_m), \quad g_m = \sigma(V_m [z_1; \dots; z_M]).

    Two modalities share one gate, :math:`g_2 = 1 - g_1`. The gate of an absent modality is 0, and those of
    the others are scaled so that the gates of a feature keep their sum: one of two gets gate 1.

    Parameters
    ----------
    n_modalities, width, outputs : int
        M, h and o; `gates` has (M, or 1 for two modalities) x o outputs.
    """

    def __init__(self, n_modalities: int, width: int, outputs: int) -> None:
        super().__init__()
        self.values = nn.ModuleList(nn.Linear(width, outputs) for _ in range(n_modalities))
        self.shape = (1 if n_modalities == 2 else n_modalities, outputs)
        self.gates = nn.Linear(n_modalities * width, self.shape[0] * outputs)

    def forward(self, embeddings: list[Tensor], present: Tensor) -> Tensor:
        """Fuse M embeddings (n, width) into (n, outputs)."""
        values = torch.stack([f(z).tanh() for f, z in zip(self.values, embeddings, strict=True)], dim=1)
        gates = self.gates(torch.cat(embeddings, dim=1)).sigmoid().unflatten(1, self.shape)
        if len(embeddings) == 2:
            gates = torch.cat([gates, 1 - gates], dim=1)
        open_gates = gates * present[:, :, None]
        scale = gates.sum(dim=1) / open_gates.sum(dim=1).clamp(min=_TINY)
        fused: Tensor = (open_gates * values).sum(dim=1) * scale
        return fused


class FeatureModulation(nn.Module):
    r"""The others scale and shift the features of each modality (FiLM, Perez et al. 2018).

    .. math:: h_m = a_m \mathrm{ReLU}(\gamma_m \odot U_m z_m + \beta_m), \quad
              [\gamma_m - 1; \beta_m] = V_m [z_j]_{j \ne m} + c_m,

    with :math:`a_m` 1 if present and else 0; a linear map of all :math:`h_m` side by side is the output.

    Parameters
    ----------
    n_modalities, width, outputs : int
        M, at least 2; h, of :math:`h_m` too; and o.
    """

    def __init__(self, n_modalities: int, width: int, outputs: int) -> None:
        super().__init__()
        self.features = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(n_modalities))
        self.conditions = nn.ModuleList(
            nn.Linear((n_modalities - 1) * width, 2 * width) for _ in range(n_modalities)
        )
        self.linear = nn.Linear(n_modalities * width, outputs)

    def forward(self, embeddings: list[Tensor], present: Tensor) -> Tensor:
        """Fuse M embeddings (n, width) into (n, outputs)."""
        modulated = []
        for m, (features, condition) in enumerate(zip(self.features, self.conditions, strict=True)):
            others = torch.cat(embeddings[:m] + embeddings[m + 1 :], dim=1)
            scale, shift = condition(others).chunk(2, dim=1)
            h = torch.relu((1 + scale) * features(embeddings[m]) + shift)
            modulated.append(h * present[:, m, None])
        fused: Tensor = self.linear(torch.cat(modulated, dim=1))
        return fused


class EmbraceLayer(nn.Module):
    """Each feature comes from one modality, drawn from those present (EmbraceNet, Choi and Lee 2019).

    Docking layers bring every modality to the same features. While training, each feature of each sample is
    that of one modality, drawn with equal probabilities from those present; in evaluation it is its
    expectation over the draws, their mean.

    Parameters
    ----------
    n_modalities, width, outputs : int
        M, h and o.
    """

    def __init__(self, n_modalities: int, width: int, outputs: int) -> None:
        super().__init__()
        self.docking = nn.ModuleList(nn.Linear(width, outputs) for _ in range(n_modalities))

    def forward(self, embeddings: list[Tensor], present: Tensor) -> Tensor:
        """Fuse M embeddings (n, width) into (n, outputs)."""
        docked = torch.stack([f(z).relu() for f, z in zip(self.docking, embeddings, strict=True)], dim=2)
        if not self.training:
            shares = present / present.sum(dim=1, keepdim=True).clamp(min=1)
            return (docked * shares[:, None, :]).sum(dim=2)
        # The multinomial draw wants a positive weight; where nothing is present, any modality will do.
        weights = (present | ~present.any(dim=1, keepdim=True)).float()
        chosen = torch.multinomial(weights, docked.shape[1], replacement=True)
        return docked.gather(2, chosen[:, :, None]).squeeze(2)


class MixtureOfExperts(nn.Module):
    r"""Experts for each modality and for all together; a gate says whom to believe (Jacobs et al. 1991).

    .. math:: p(y) = \sum_i g_i p_i(y), \quad g = \mathrm{softmax}(V [z_1; \dots; z_M]),

    the softmax taken over the experts that can speak: those of the modalities present and, unless only one
    modality is present, the joint expert. The log of p is returned; its cross-entropy is the error that
    Jacobs et al. minimise.

    Parameters
    ----------
    n_modalities, width, hidden, n_classes : int
        Modalities, features of an embedding, the hidden layer of an expert, outputs.
    dropout : float
        Of the experts' hidden layers.
    """

    def __init__(self, n_modalities: int, width: int, hidden: int, n_classes: int, dropout: float) -> None:
        super().__init__()
        sizes = [width] * n_modalities + [n_modalities * width]
        self.experts = nn.ModuleList(mlp(size, hidden, n_classes, dropout=dropout) for size in sizes)
        self.gate = nn.Linear(n_modalities * width, n_modalities + 1)

    def forward(self, embeddings: list[Tensor], present: Tensor) -> Tensor:
        """Give log probabilities (n, n_classes)."""
        joint = torch.cat(embeddings, dim=1)
        # Of nothing at all, as training data may have it, the joint expert speaks: no softmax is empty.
        speaks = torch.cat([present, present.sum(dim=1, keepdim=True) != 1], dim=1)
        shares = self.gate(joint).masked_fill(~speaks, float("-inf")).log_softmax(dim=1)
        opinions = [
            expert(z).log_softmax(dim=1) for expert, z in zip(self.experts, [*embeddings, joint], strict=True)
        ]
        return torch.logsumexp(torch.stack(opinions, dim=1) + shares[:, :, None], dim=1)
