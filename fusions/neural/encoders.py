"""Encoders that all strategies share, so that only the fusion differs."""

from collections.abc import Callable, Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from ...datasets.data import Kind, Modality
from .batch import Batch

__all__ = [
    "Encoders",
    "Frames",
    "IntermediateFusion",
    "SequenceEncoder",
    "VectorEncoder",
    "frame_mask",
    "mlp",
]

_MAX_FRAMES = 32


def mlp(*sizes: int, dropout: float) -> nn.Sequential:
    """Make a perceptron: linear layers with ReLU and dropout between them.

    Parameters
    ----------
    *sizes : int
        Inputs, hidden layers, outputs.
    dropout : float
        Of every hidden layer.

    Examples
    --------
    >>> mlp(10, 16, 3, dropout=0.1)(torch.ones(5, 10)).shape
    torch.Size([5, 3])
    """
    first, *hidden, last = sizes
    layers: list[nn.Module] = []
    for inputs, outputs in zip([first, *hidden], hidden, strict=False):
        layers += [nn.Linear(inputs, outputs), nn.ReLU(), nn.Dropout(dropout)]
    return nn.Sequential(*layers, nn.Linear(sizes[-2], last))


def frame_mask(lengths: Tensor, steps: int) -> Tensor:
    """Tell valid frames from padding, shape (n, steps).

    Examples
    --------
    >>> frame_mask(torch.tensor([1, 3]), 3)
    tensor([[ True, False, False],
            [ True,  True,  True]])
    """
    return torch.arange(steps, device=lengths.device) < lengths[:, None]


class Frames(nn.Module):
    """A convolution over the frames of a sequence that leaves about 32 of them at most.

    Longer sequences than that are shortened by a stride, which bounds the cost of what follows.

    Parameters
    ----------
    modality : Modality
        Training data, for the sizes T and d.
    width : int
        Features of a frame.

    Examples
    --------
    >>> import numpy as np
    >>> frames = Frames(Modality(Kind.SEQUENCE, np.zeros((5, 60, 20), np.float32)), width=8)
    >>> features, valid = frames(torch.zeros(2, 60, 20), torch.tensor([60, 31]))
    >>> features.shape, valid.sum(dim=1)
    (torch.Size([2, 30, 8]), tensor([30, 16]))
    """

    def __init__(self, modality: Modality, width: int) -> None:
        super().__init__()
        _, steps, features = modality.values.shape
        self.stride = -(-steps // _MAX_FRAMES)
        self.convolution = nn.Conv1d(
            features, width, kernel_size=2 * self.stride + 1, stride=self.stride, padding=self.stride
        )

    def forward(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Turn (n, T, d) into frames (n, T / stride, width) and a mask of the valid ones.

        Padding is set to zero first, which is what the convolution sees beyond the last frame too: more
        padding changes no valid frame.
        """
        valued = values * frame_mask(lengths, values.shape[1])[:, :, None]
        frames = self.convolution(valued.mT).mT
        return frames, frame_mask(-(-lengths // self.stride), frames.shape[1])


class VectorEncoder(nn.Module):
    """A linear layer with outputs between -1 and 1.

    The bound keeps products of embeddings bounded, whatever noise does to the features, and puts the zero
    that stands for an absent modality in the middle.

    Parameters
    ----------
    modality : Modality
        Training data, for the size d.
    width : int
        Features of the embedding.
    dropout : float
        Of the embedding.
    """

    def __init__(self, modality: Modality, width: int, dropout: float) -> None:
        super().__init__()
        features = modality.values.shape[1]
        self.layers = nn.Sequential(nn.Linear(features, width), nn.Tanh(), nn.Dropout(dropout))

    def forward(self, values: Tensor) -> Tensor:
        """Encode (n, d) as (n, width)."""
        embedding: Tensor = self.layers(values)
        return embedding


class SequenceEncoder(nn.Module):
    """A convolution and a GRU, whose mean state lies between -1 and 1 too.

    The GRU runs forward only, so that padding at the end reaches no valid frame.

    Parameters
    ----------
    modality : Modality
        Training data, for the sizes T and d.
    width : int
        Features of a frame, a state and the embedding.
    dropout : float
        Of the embedding.
    """

    recurrent_layer: ClassVar[type[nn.GRU] | type[nn.LSTM]] = nn.GRU

    def __init__(self, modality: Modality, width: int, dropout: float) -> None:
        super().__init__()
        self.frames = Frames(modality, width)
        self.recurrence = self.recurrent_layer(width, width, batch_first=True)
        self.dropout = nn.Dropout(dropout)

    def forward(self, values: Tensor, lengths: Tensor) -> Tensor:
        """Encode (n, T, d) as (n, width)."""
        frames, valid = self.frames(values, lengths)
        states, _ = self.recurrence(torch.relu(frames))
        embedding: Tensor = self.dropout(self.summarise(states, valid))
        return embedding

    def summarise(self, states: Tensor, valid: Tensor) -> Tensor:
        """Average the valid of the states (n, T, width) of each sample."""
        total = (states * valid[:, :, None]).sum(dim=1)
        return total / valid.sum(dim=1, keepdim=True)


class Encoders(nn.Module):
    """One encoder for each modality, by its kind; an absent modality is encoded as 0.

    Parameters
    ----------
    modalities : mapping of str to Modality
        Training data.
    width, dropout
        Of every encoder.
    sequence_encoder : type of Module
        Made like a `SequenceEncoder`, in whose place it stands.

    Examples
    --------
    >>> import numpy as np
    >>> from fusebench.datasets.data import MultimodalData
    >>> vector = Modality(Kind.VECTOR, np.ones((2, 3), np.float32))
    >>> data = MultimodalData({"a": vector, "b": vector}, present=np.array([[True, True], [True, False]]))
    >>> a, b = Encoders(data.modalities, width=4, dropout=0.1)(Batch.of(data))
    >>> a.shape, b[1].tolist()
    (torch.Size([2, 4]), [0.0, 0.0, 0.0, 0.0])
    """

    def __init__(
        self,
        modalities: Mapping[str, Modality],
        width: int,
        dropout: float,
        *,
        sequence_encoder: Callable[[Modality, int, float], nn.Module] = SequenceEncoder,
    ) -> None:
        super().__init__()
        # A list, because the keys of a ModuleDict must not contain dots or be attributes such as "type".
        self.encoders = nn.ModuleList(
            (sequence_encoder if modality.kind is Kind.SEQUENCE else VectorEncoder)(modality, width, dropout)
            for modality in modalities.values()
        )

    def forward(self, batch: Batch) -> list[Tensor]:
        """Encode every modality as (n, width)."""
        embeddings = []
        for encoder, (name, values), present in zip(
            self.encoders, batch.values.items(), batch.present.unbind(dim=1), strict=True
        ):
            inputs = (values, batch.lengths[name]) if name in batch.lengths else (values,)
            embeddings.append(encoder(*inputs).masked_fill(~present[:, None], 0.0))
        return embeddings


class IntermediateFusion(nn.Module):
    """Encode every modality, fuse the embeddings, classify.

    Parameters
    ----------
    encoders : Encoders
        Give M embeddings (n, width).
    fusion : Module
        Takes their list and gives (n, hidden).
    head : Module
        Gives logits (n, n_classes).
    """

    def __init__(self, encoders: Encoders, fusion: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.encoders, self.fusion, self.head = encoders, fusion, head

    def forward(self, batch: Batch) -> Tensor:
        """Give logits (n, n_outputs)."""
        return self.fuse(self.encoders(batch), batch)

    def fuse(self, embeddings: list[Tensor], batch: Batch) -> Tensor:  # noqa: ARG002  (for subclasses)
        """Give logits (n, n_outputs) from embeddings (n, width) of the batch."""
        logits: Tensor = self.head(self.fusion(embeddings))
        return logits
