"""Networks that translate modalities into each other, for the cyclic imputer."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ...datasets.data import Modality, MultimodalData
from .batch import Batch
from .encoders import Encoders
from .trainer import seeded, train_network

__all__ = ["Translator", "train_translator", "translate"]

# The cycle asks a translation to carry what the other modality does not have. On the validation splits of the
# embedded data sets translations are best without it; at a weight of 1 they are worse than the mean.
_WIDTH = 32
_DROPOUT = 0.1
_CYCLE = 0.1


class Translator(nn.Module):
    r"""An encoder and a linear decoder for every modality; together they translate any into any other.

    With :math:`f_{st}` the translation of s into t, the decoder of t on the code of s, the loss is

    .. math:: \sum_{s \neq t} \left[ \frac{1}{d_t} \overline{\| f_{st}(x_s) - x_t \|^2}
              + \frac{w}{d_s} \overline{\| f_{ts}(f_{st}(x_s)) - x_s \|^2} \right],

    the first mean over samples that have both, the second, of the cycle, over those that have s.

    Parameters
    ----------
    modalities : mapping of str to Modality
        Vectors, for their sizes.
    width : int
        Features of a code.
    cycle : float
        w.
    """

    def __init__(
        self, modalities: Mapping[str, Modality], width: int = _WIDTH, cycle: float = _CYCLE
    ) -> None:
        super().__init__()
        self.cycle = cycle
        self.encoders = Encoders(modalities, width, dropout=_DROPOUT)
        self.decoders = nn.ModuleList(nn.Linear(width, m.values.shape[1]) for m in modalities.values())

    def forward(self, batch: Batch) -> list[Tensor]:
        """Give for every modality (n, d_m) the mean of the translations of the others that are present."""
        codes = self.encoders(batch)
        filled = []
        for t, decode in enumerate(self.decoders):
            sources = [s for s in range(len(codes)) if s != t]
            total = sum((_keep(decode(codes[s]), batch.present[:, s]) for s in sources), torch.zeros(()))
            filled.append(total / batch.present[:, sources].sum(dim=1, keepdim=True).clamp(min=1))
        return filled

    def loss(self, batch: Batch) -> Tensor:
        """Give the loss of translations and cycles."""
        codes, values = self.encoders(batch), list(batch.values.values())
        loss = torch.zeros((), device=batch.present.device)
        for s, code in enumerate(codes):
            has = batch.present[:, s]
            for t, decode in enumerate(self.decoders):
                if s != t:
                    there = decode(code)
                    back = self.decoders[s](self.encoders.encoders[t](there))
                    loss = loss + _mean_error(there, values[t], has & batch.present[:, t])
                    loss = loss + self.cycle * _mean_error(back, values[s], has)
        return loss


def train_translator(train: MultimodalData, validation: MultimodalData, seed: int) -> dict[str, NDArray]:
    """Train a `Translator`; give its weights."""
    with seeded(seed):
        network = Translator(train.modalities)
        train_network(
            network,
            replace(Batch.of(train), labels=None),
            replace(Batch.of(validation), labels=None),
            learning_rate=3e-3,
            weight_decay=0.3,
            batch_size=64,
            max_epochs=100,
            patience=15,
        )
    return {name: value.numpy() for name, value in network.state_dict().items()}


def translate(weights: Mapping[str, NDArray], data: MultimodalData) -> list[NDArray]:
    """Give for every modality what the others that are present are translated into, (n, d_m)."""
    network = Translator(data.modalities).eval()
    network.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
    with torch.inference_mode():
        return [np.asarray(filled) for filled in network(Batch.of(data))]


def _keep(values: Tensor, rows: Tensor) -> Tensor:
    return values.masked_fill(~rows[:, None], 0.0)


def _mean_error(guess: Tensor, truth: Tensor, rows: Tensor) -> Tensor:
    """Mean squared error a feature over some rows; 0 without any."""
    return _keep((guess - truth).square(), rows).sum() / (rows.sum().clamp(min=1) * truth.shape[1])
