r"""Heads for the single modalities, which keep a network from learning the easiest modality alone.

Each embedding :math:`z_m` gets a linear head. With :math:`L` the loss of the fused output and :math:`L_m`
that of a head, on the samples that have the modality, three ways of training are

- *sum*: minimise :math:`L + \sum_m L_m`;
- *blending*: minimise :math:`w_0 L + \sum_m w_m L_m` with weights from how each branch alone generalises and
  overfits (Wang, Tran, Feiszli 2020, gradient blending);
- *modulation*: minimise :math:`L`, and slow the encoder of a modality down whose head is ahead of the others
  (Peng et al. 2022, OGM-GE). There the heads are probes, whose gradients do not reach the encoders.

Predictions are those of the fused output either way.
"""

from copy import deepcopy

import torch
from torch import Tensor, nn

from ...errors import FusebenchError
from .batch import Batch
from .encoders import IntermediateFusion
from .trainer import make_optimizer, task_loss, train_epoch

__all__ = ["AuxiliaryHeads", "ModulatedHeads", "attach_heads", "blend", "blending_weights", "modulation"]

_TINY = 1e-12
_TRIAL_EPOCHS = 10
_EVALUATION_BATCH = 1024


class AuxiliaryHeads(nn.Module):
    """A network with one more head for each embedding.

    Parameters
    ----------
    network : IntermediateFusion
        Gives the fused output.
    n_modalities, width, n_outputs : int
        Sizes of the heads.

    Attributes
    ----------
    weights : Tensor of shape (1 + M,)
        Of the losses: the fused output's, then those of the heads.
    """

    weights: Tensor

    def __init__(self, network: IntermediateFusion, n_modalities: int, width: int, n_outputs: int) -> None:
        super().__init__()
        self.network = network
        self.heads = nn.ModuleList(nn.Linear(width, n_outputs) for _ in range(n_modalities))
        self.register_buffer("weights", torch.ones(1 + n_modalities))

    def forward(self, batch: Batch) -> Tensor:
        """Give the fused output, logits (n, n_outputs)."""
        logits: Tensor = self.network(batch)
        return logits

    def losses(self, batch: Batch) -> Tensor:
        """Give the losses of the fused output and of each head, shape (1 + M,); 0 where nobody has one."""
        embeddings = self.network.encoders(batch)
        fused = task_loss(self.network.fuse(embeddings, batch), batch)
        return torch.stack([fused, *self._head_losses(embeddings, batch)])

    def loss(self, batch: Batch) -> Tensor:
        """Give the weighted sum of the losses."""
        return self.losses(batch) @ self.weights

    def _head_losses(self, embeddings: list[Tensor], batch: Batch) -> list[Tensor]:
        losses = []
        for head, embedding, present in zip(self.heads, embeddings, batch.present.unbind(dim=1), strict=True):
            there = batch[present]
            logits = head(embedding[present])
            losses.append(task_loss(logits, there) if len(there) else logits.sum())
        return losses


class ModulatedHeads(AuxiliaryHeads):
    """Heads as probes; between the gradient and the step, encoders that are ahead are slowed down.

    The strength of a modality is exp(-L_m), the geometric mean of the probability that its probe gives to the
    truth, where the paper takes the arithmetic mean of that of its part of a linear classifier. With more
    than two modalities each is compared with the mean of the others.

    Parameters
    ----------
    network, n_modalities, width, n_outputs
        As for `AuxiliaryHeads`.
    alpha : float
        How much an encoder that is ahead is slowed down.
    """

    def __init__(
        self, network: IntermediateFusion, n_modalities: int, width: int, n_outputs: int, alpha: float = 0.5
    ) -> None:
        super().__init__(network, n_modalities, width, n_outputs)
        self.alpha = alpha
        self._pace = torch.ones(n_modalities)

    def losses(self, batch: Batch) -> Tensor:
        """Give the losses of the fused output and of each probe, and set the pace of `adjust_gradients`."""
        losses = super().losses(batch)
        self._pace = modulation(torch.exp(-losses[1:].detach()), self.alpha)
        return losses

    def _head_losses(self, embeddings: list[Tensor], batch: Batch) -> list[Tensor]:
        return super()._head_losses([z.detach() for z in embeddings], batch)

    def adjust_gradients(self) -> None:
        """Scale the gradients of each encoder, and add noise of their own spread (the GE of OGM-GE)."""
        for encoder, pace in zip(self.network.encoders.encoders, self._pace, strict=True):
            if pace < 1:
                for parameter in encoder.parameters():
                    if parameter.grad is not None and parameter.numel() > 1:
                        noise = torch.randn_like(parameter.grad) * parameter.grad.std()
                        parameter.grad.mul_(pace).add_(noise)


def modulation(strengths: Tensor, alpha: float) -> Tensor:
    """Find how fast each encoder may learn, shape (M,).

    With r the strength of a modality over the mean of the others, it is 1 - tanh(alpha r) where r > 1, else 1
    (Peng et al. 2022, equations 8 to 10).

    Parameters
    ----------
    strengths : Tensor of shape (M,)
        Positive.
    alpha : float
        Not negative.

    Examples
    --------
    >>> modulation(torch.tensor([0.8, 0.4]), alpha=0.5)
    tensor([0.2384, 1.0000])
    """
    others = (strengths.sum() - strengths) / max(len(strengths) - 1, 1)
    ratio = strengths / others.clamp(min=_TINY)
    return torch.where(ratio > 1, 1 - torch.tanh(alpha * ratio), 1.0)


def attach_heads(
    network: nn.Module, n_modalities: int, width: int, n_outputs: int, *, modulated: bool
) -> AuxiliaryHeads:
    """Give a network a head for each embedding (n, width).

    Raises
    ------
    FusebenchError
        If the network does not encode each modality by itself.
    """
    if not isinstance(network, IntermediateFusion):
        raise FusebenchError(
            f"Auxiliary heads need a network that encodes each modality by itself; {type(network).__name__} "
            "does not: use auxiliary='none'."
        )
    heads = ModulatedHeads if modulated else AuxiliaryHeads
    return heads(network, n_modalities, width, n_outputs)


def blend(
    network: nn.Module,
    data: Batch,
    validation: Batch,
    *,
    learning_rate: float,
    weight_decay: float,
    batch_size: int,
    modality_dropout: float,
) -> None:
    """Set the weights of the losses to those of gradient blending, found in a trial of every branch alone.

    Each branch, the fused output and every head, is trained for 10 epochs from the same start. Draws from
    torch's global generator: call it within `seeded`.

    Parameters
    ----------
    network : AuxiliaryHeads
        Untrained; its weights are set, and nothing else is changed.
    data, validation : Batch
        With labels.
    learning_rate, weight_decay, batch_size, modality_dropout
        As for `train_network`.
    """
    if not isinstance(network, AuxiliaryHeads):
        raise TypeError(f"Blending needs auxiliary heads, however: {type(network).__name__}.")
    before, after = [], []
    for branch in range(len(network.weights)):
        trial = deepcopy(network)
        trial.weights.zero_()
        trial.weights[branch] = 1.0
        before.append(_evaluate(trial, data, validation, branch))
        optimizer = make_optimizer(trial, learning_rate, weight_decay)
        for _ in range(_TRIAL_EPOCHS):
            train_epoch(trial, data, batch_size, optimizer, modality_dropout)
        after.append(_evaluate(trial, data, validation, branch))
    network.weights.copy_(blending_weights(torch.tensor(before), torch.tensor(after)))


def blending_weights(before: Tensor, after: Tensor) -> Tensor:
    """Find the weights of gradient blending, shape (B,) and of sum 1.

    With V and T the validation and training loss of a branch, G = V_before - V_after is what it generalises
    and O = (V - T)_after - (V - T)_before what it overfits. The best weights are proportional to G / O^2
    (Wang et al. 2020, proposition 1). O is kept above a tenth of G, because the ratio means nothing where
    hardly anything is overfitted yet. A branch whose validation loss does not fall gets none.

    Parameters
    ----------
    before, after : Tensor of shape (B, 2)
        Training and validation loss of each branch before and after its training.

    Examples
    --------
    >>> before = torch.tensor([[1.0, 1.0], [1.0, 1.0]])
    >>> blending_weights(before, torch.tensor([[0.3, 0.5], [0.1, 0.5]]))
    tensor([0.8000, 0.2000])
    """
    gain = (before - after)[:, 1].clamp(min=0)
    overfitting = (after - before) @ torch.tensor([-1.0, 1.0])
    weights = gain / torch.maximum(overfitting, 0.1 * gain).clamp(min=_TINY) ** 2
    total = weights.sum()
    return weights / total if total > 0 else torch.full_like(weights, 1 / len(weights))


def _evaluate(network: AuxiliaryHeads, data: Batch, validation: Batch, branch: int) -> tuple[float, float]:
    """Loss of a branch on training and validation data, without dropout."""
    network.eval()
    with torch.inference_mode():
        return _mean_loss(network, data, branch), _mean_loss(network, validation, branch)


def _mean_loss(network: AuxiliaryHeads, data: Batch, branch: int) -> float:
    """Average the loss of a branch over all samples that it sees, some of them at a time."""
    total, count = 0.0, 0
    for start in range(0, len(data), _EVALUATION_BATCH):
        part = data[start : start + _EVALUATION_BATCH]
        n = int(part.present[:, branch - 1].sum()) if branch else len(part)
        total += n * network.losses(part)[branch].item()
        count += n
    return total / max(count, 1)
