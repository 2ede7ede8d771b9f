"""The one training loop: mini-batches of tensors in memory, early stopping on the validation loss."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import isfinite
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, mse_loss

from ...errors import DivergedError
from .batch import Batch
from .modality_dropout import drop_modalities

__all__ = [
    "AdjustsGradients",
    "HasLoss",
    "History",
    "make_optimizer",
    "predict_logits",
    "seeded",
    "task_loss",
    "train_epoch",
    "train_network",
]

_PREDICT_BATCH = 1024


@dataclass(frozen=True)
class History:
    """Mean loss of every epoch: cross-entropy in nats, or squared error in units of the spread.

    Parameters
    ----------
    train_loss : list of float
        While training: with dropout, and before the epoch's last step.
    validation_loss : list of float
        After the epoch. The weights kept are those of its minimum.
    """

    train_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)


@runtime_checkable
class HasLoss(Protocol):
    """A network that is trained on more than the loss of the task."""

    def loss(self, batch: Batch) -> Tensor:
        """Give what is minimised; the loss of the task must be part of it."""


@runtime_checkable
class AdjustsGradients(Protocol):
    """A network that changes its gradients before each step."""

    def adjust_gradients(self) -> None:
        """Change them in place."""


@contextmanager
def seeded(seed: int, device: str = "cpu") -> Iterator[None]:
    """Draw initial weights, dropout and shuffling from a seed; leave torch's global generators as they were.

    Examples
    --------
    >>> with seeded(0):
    ...     first = torch.rand(2)
    >>> with seeded(0):
    ...     bool((torch.rand(2) == first).all())
    True
    """
    with torch.random.fork_rng(devices=[device] if torch.device(device).type == "cuda" else []):
        torch.manual_seed(seed)
        yield


def train_network(
    network: nn.Module,
    data: Batch,
    validation: Batch,
    *,
    learning_rate: float,
    weight_decay: float,
    batch_size: int,
    max_epochs: int,
    patience: int,
    modality_dropout: float = 0.0,
) -> History:
    """Train with AdamW on the loss of the task until the validation loss has stopped falling.

    Shuffles with torch's global generator: call it within `seeded`.

    Parameters
    ----------
    network : Module
        From `Batch` to logits (n, n_classes). Trained in place; left in evaluation mode with the weights of
        its best epoch. One that `HasLoss` is trained on that instead of `task_loss`; training stops by the
        latter either way.
    data, validation : Batch
        On the device of the network. With labels; without them the network needs a loss of its own, by which
        training stops too.
    learning_rate, weight_decay : float
        Of AdamW.
    batch_size : int
        Samples in a step.
    max_epochs : int
        At most this many passes over `data`.
    patience : int
        Stop after this many epochs without a lower validation loss.
    modality_dropout : float
        Probability with which each modality of a training sample is taken away, see `drop_modalities`.

    Returns
    -------
    History
        Losses of every epoch.

    Raises
    ------
    DivergedError
        If a loss is not finite.
    """
    optimizer = make_optimizer(network, learning_rate, weight_decay)
    history = History()
    best_loss, best_epoch = float("inf"), 0
    best_weights: dict[str, Tensor] = {}
    for epoch in range(max_epochs):
        history.train_loss.append(train_epoch(network, data, batch_size, optimizer, modality_dropout))
        history.validation_loss.append(_validation_loss(network, validation))
        _check_finite(network, history)
        if history.validation_loss[-1] < best_loss:
            best_loss, best_epoch = history.validation_loss[-1], epoch
            best_weights = {name: value.clone() for name, value in network.state_dict().items()}
        elif epoch - best_epoch >= patience:
            break
    network.load_state_dict(best_weights)
    return history


def make_optimizer(network: nn.Module, learning_rate: float, weight_decay: float) -> torch.optim.Optimizer:
    """Make the AdamW that all networks are trained with."""
    return torch.optim.AdamW(network.parameters(), lr=learning_rate, weight_decay=weight_decay, fused=True)


def predict_logits(network: nn.Module, data: Batch) -> Tensor:
    """Give the logits of every sample, shape (n, n_classes), in evaluation mode and without gradients."""
    network.eval()
    with torch.inference_mode():
        parts = [network(data[i : i + _PREDICT_BATCH]) for i in range(0, len(data), _PREDICT_BATCH)]
        return torch.cat(parts)


def train_epoch(
    network: nn.Module,
    data: Batch,
    batch_size: int,
    optimizer: torch.optim.Optimizer,
    modality_dropout: float,
) -> float:
    """Pass once over the shuffled data; give the mean loss.

    The parameters are those of `train_network`. A network that `AdjustsGradients` does so before each step.
    """
    network.train()
    order = torch.randperm(len(data)).to(data.present.device)
    # Shuffling once an epoch and slicing is cheaper than gathering every batch, where there is room for it.
    shuffled = data if data.streamed else data[order]
    total = torch.zeros((), device=data.present.device)
    for start in range(0, len(data), batch_size):
        rows = slice(start, start + batch_size)
        batch = drop_modalities(data[order[rows]] if data.streamed else shuffled[rows], modality_dropout)
        optimizer.zero_grad()
        loss = _loss(network, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        if isinstance(network, AdjustsGradients):
            network.adjust_gradients()
        optimizer.step()
        total.add_(loss.detach(), alpha=len(batch))
    return total.item() / len(data)


def _loss(network: nn.Module, batch: Batch) -> Tensor:
    """Give the network's own loss, or that of the task."""
    if isinstance(network, HasLoss):
        return network.loss(batch)
    return task_loss(network(batch), batch)


def task_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Give the mean loss of the task of the labels.

    Parameters
    ----------
    logits : Tensor of shape (n, n_outputs)
        What a network gives.
    batch : Batch
        With labels: int64 of shape (n,) for the cross-entropy of one class; floats of shape (n, k) for the
        mean cross-entropy of k labels that may apply; floats of shape (n,) for the squared error.

    Examples
    --------
    >>> from dataclasses import replace
    >>> batch = Batch({}, {}, torch.ones(1, 1, dtype=torch.bool), torch.tensor([0]))
    >>> task_loss(torch.zeros(1, 2), batch)
    tensor(0.6931)
    >>> task_loss(torch.zeros(1, 1), replace(batch, labels=torch.tensor([2.0])))
    tensor(4.)
    """
    labels = batch.labels
    assert labels is not None  # noqa: S101  (whoever trains has labels; for the type checker)
    if labels.dtype == torch.int64:
        return cross_entropy(logits, labels)
    return (
        binary_cross_entropy_with_logits(logits, labels)
        if labels.ndim == 2
        else mse_loss(logits[:, 0], labels)
    )


def _validation_loss(network: nn.Module, data: Batch) -> float:
    """Give what training stops by: how good predictions are, whatever else a loss of its own holds.

    Without labels there are no predictions to look at, and it is the network's own loss.
    """
    if data.labels is not None:
        return task_loss(predict_logits(network, data), data).item()
    network.eval()
    with torch.inference_mode():
        return _loss(network, data).item()


def _check_finite(network: nn.Module, history: History) -> None:
    """Raise if the losses of the last epoch are not finite."""
    losses = history.train_loss[-1], history.validation_loss[-1]
    if not all(map(isfinite, losses)):
        raise DivergedError(
            f"Training of {type(network).__name__} diverged in epoch {len(history.train_loss)}: the training "
            f"and validation losses are {losses[0]} and {losses[1]}; lower the learning rate."
        )
