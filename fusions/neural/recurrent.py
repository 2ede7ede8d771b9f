"""Networks over frames: one LSTM, a system of LSTMs with a memory between them, dilated causal convolutions.

**Shape.** But for `LSTMEncoder`, they take sequences on a common clock: every modality has the same number of
frames F, all of them valid.
"""

from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from ...datasets.data import Modality
from .batch import Batch
from .encoders import SequenceEncoder, mlp

__all__ = [
    "EarlyFusionLSTM",
    "LSTMEncoder",
    "LSTMSystem",
    "MemoryFusionNetwork",
    "TemporalBlock",
    "TemporalConvolution",
    "joint_frames",
]


def joint_frames(batch: Batch) -> Tensor:
    """Put the frames of all modalities side by side, and behind them which are present.

    Returns
    -------
    Tensor of shape (n, F, sum of d + M)
        What is absent is 0.

    Examples
    --------
    >>> batch = Batch({"a": torch.ones(1, 2, 1), "b": torch.ones(1, 2, 1)}, {}, torch.tensor([[True, False]]))
    >>> joint_frames(batch)
    tensor([[[1., 0., 1., 0.],
             [1., 0., 1., 0.]]])
    """
    present = batch.present.float()
    views = [x * a[:, None, None] for x, a in zip(batch.values.values(), present.unbind(dim=1), strict=True)]
    return torch.cat([*views, present[:, None, :].expand(-1, views[0].shape[1], -1)], dim=2)


def _n_features(modalities: Mapping[str, Modality]) -> int:
    """Features of `joint_frames`."""
    return sum(modality.values.shape[2] + 1 for modality in modalities.values())


class EarlyFusionLSTM(nn.Module):
    """An LSTM over the frames of all modalities side by side; its last state is classified.

    Parameters
    ----------
    modalities : mapping of str to Modality
        Training data on a common clock.
    width : int
        Features of a state, and of the classifier's hidden layer.
    n_outputs : int
        Classes, labels or values.
    dropout : float
        Of the last state and the classifier.
    """

    def __init__(
        self, modalities: Mapping[str, Modality], *, width: int, n_outputs: int, dropout: float
    ) -> None:
        super().__init__()
        self.recurrence = nn.LSTM(_n_features(modalities), width, batch_first=True)
        self.head = nn.Sequential(nn.Dropout(dropout), mlp(width, width, n_outputs, dropout=dropout))

    def forward(self, batch: Batch) -> Tensor:
        """Give logits (n, n_outputs)."""
        states, _ = self.recurrence(joint_frames(batch))
        logits: Tensor = self.head(states[:, -1])
        return logits


class LSTMEncoder(SequenceEncoder):
    """A convolution and an LSTM of which the state at the last valid frame is kept.

    The parameters are those of `SequenceEncoder`.
    """

    recurrent_layer = nn.LSTM

    def summarise(self, states: Tensor, valid: Tensor) -> Tensor:
        """Take the last valid of the states (n, T, width) of each sample."""
        rows = torch.arange(len(states), device=states.device)
        return states[rows, valid.sum(dim=1) - 1]


class LSTMSystem(nn.Module):
    """An LSTM a modality, which know nothing of each other and are computed together.

    Parameters
    ----------
    modalities : mapping of str to Modality
        Training data on a common clock.
    width : int
        Features of a state.
    """

    def __init__(self, modalities: Mapping[str, Modality], width: int) -> None:
        super().__init__()
        self.inputs = nn.ModuleList(nn.Linear(m.values.shape[2], 4 * width) for m in modalities.values())
        self.recurrent = nn.Parameter(torch.empty(len(modalities), width, 4 * width))
        nn.init.uniform_(self.recurrent, -(width**-0.5), width**-0.5)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Give the last states (M, n, width) and all memories (M, F, n, width); 0 of an absent modality."""
        driven = [layer(x) for layer, x in zip(self.inputs, batch.values.values(), strict=True)]
        gates = torch.stack(driven)  # (M, n, F, 4 * width)
        state = memory = gates.new_zeros(*gates.shape[:2], gates.shape[3] // 4)
        memories = []
        for driven_now in gates.unbind(dim=2):
            # The order of gates is that of torch's LSTM.
            update, keep, content, show = torch.baddbmm(driven_now, state, self.recurrent).chunk(4, dim=2)
            memory = keep.sigmoid() * memory + update.sigmoid() * content.tanh()
            state = show.sigmoid() * memory.tanh()
            memories.append(memory)
        present = batch.present.T[:, :, None]
        return state * present, torch.stack(memories, dim=1) * present[:, None]


class MemoryFusionNetwork(nn.Module):
    r"""A system of LSTMs, and a memory of what happens between them (MFN, Zadeh et al. 2018).

    With :math:`c_t` the memories of all LSTMs side by side after frame t, :math:`c_0 = u_0 = 0`, and
    :math:`D` perceptrons with one hidden layer,

    .. math:: \hat c_t &= [c_{t-1}; c_t] \odot \mathrm{softmax}(D_a [c_{t-1}; c_t]) \\
              u_t &= \sigma(D_1 \hat c_t) \odot u_{t-1} + \sigma(D_2 \hat c_t) \odot \tanh(D_u \hat c_t).

    The last states of the LSTMs and the last u are classified. In the authors' code D_1 and D_2 see the u of
    the frame before as well; here, as in the paper's equations, they do not.

    Parameters
    ----------
    modalities : mapping of str to Modality
        Training data on a common clock.
    width : int
        Features of a state, of u and of hidden layers.
    n_outputs : int
        Classes, labels or values.
    dropout : float
        Of hidden layers.
    """

    def __init__(
        self, modalities: Mapping[str, Modality], *, width: int, n_outputs: int, dropout: float
    ) -> None:
        super().__init__()
        watched = 2 * len(modalities) * width
        self.system = LSTMSystem(modalities, width)
        self.attention = mlp(watched, width, watched, dropout=dropout)
        self.content = mlp(watched, width, width, dropout=dropout)
        self.keep = mlp(watched, width, width, dropout=dropout)
        self.update = mlp(watched, width, width, dropout=dropout)
        self.head = mlp((len(modalities) + 1) * width, width, n_outputs, dropout=dropout)

    def forward(self, batch: Batch) -> Tensor:
        """Give logits (n, n_outputs)."""
        states, memories = self.system(batch)
        side_by_side = memories.permute(1, 2, 0, 3).flatten(2)  # (F, n, M * width)
        before = nn.functional.pad(side_by_side, (0, 0, 0, 0, 1, -1))
        watched = torch.cat([before, side_by_side], dim=2)
        attended = watched * self.attention(watched).softmax(dim=2)
        kept = self.keep(attended).sigmoid()
        added = self.update(attended).sigmoid() * self.content(attended).tanh()
        between = torch.zeros_like(added[0])
        for keep, add in zip(kept, added, strict=True):
            between = keep * between + add
        logits: Tensor = self.head(torch.cat([*states, between], dim=1))
        return logits


class TemporalBlock(nn.Module):
    """Two dilated causal convolutions, each with ReLU and dropout, added to their input (Bai et al. 2018).

    Parameters
    ----------
    inputs, outputs : int
        Features; if they differ, the input is projected before it is added.
    kernel_size, dilation : int
        Frames that a convolution sees, and the distance between them.
    dropout : float
        Drops whole features, for all frames of a sample.
    """

    def __init__(self, inputs: int, outputs: int, *, kernel_size: int, dilation: int, dropout: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in pairwise([inputs, outputs, outputs]):
            convolution = nn.Conv1d(before, after, kernel_size, dilation=dilation)
            past = nn.ConstantPad1d(((kernel_size - 1) * dilation, 0), 0.0)
            layers += [past, weight_norm(convolution), nn.ReLU(), nn.Dropout1d(dropout)]
        self.layers = nn.Sequential(*layers)
        self.shortcut = nn.Identity() if inputs == outputs else nn.Conv1d(inputs, outputs, 1)

    def forward(self, frames: Tensor) -> Tensor:
        """Turn (n, inputs, F) into (n, outputs, F); a frame depends on itself and those before it."""
        return torch.relu(self.layers(frames) + self.shortcut(frames))


class TemporalConvolution(nn.Module):
    """A temporal convolutional network over all modalities side by side; its last frame is classified.

    The dilations are 1, 2, 4, ..: the last frame sees 1 + 2 (kernel_size - 1) (2^blocks - 1) frames.

    Parameters
    ----------
    modalities : mapping of str to Modality
        Training data on a common clock.
    width : int
        Features of a frame, and of the classifier's hidden layer.
    blocks, kernel_size : int
        Residual blocks, and the frames that their convolutions see.
    n_outputs : int
        Classes, labels or values.
    dropout : float
        Of blocks and classifier.
    """

    def __init__(
        self,
        modalities: Mapping[str, Modality],
        *,
        width: int,
        blocks: int,
        kernel_size: int,
        n_outputs: int,
        dropout: float,
    ) -> None:
        super().__init__()
        sizes = [_n_features(modalities)] + [width] * blocks
        self.blocks = nn.Sequential(
            *(
                TemporalBlock(before, after, kernel_size=kernel_size, dilation=2**level, dropout=dropout)
                for level, (before, after) in enumerate(pairwise(sizes))
            )
        )
        self.head = mlp(width, width, n_outputs, dropout=dropout)

    def forward(self, batch: Batch) -> Tensor:
        """Give logits (n, n_outputs)."""
        frames = self.blocks(joint_frames(batch).mT)
        logits: Tensor = self.head(frames[:, :, -1])
        return logits
