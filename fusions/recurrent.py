"""Recurrent fusion: networks that read all modalities frame by frame."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import Kind, Modality, MultimodalData
from ..datasets.large import make_like, pieces
from ..errors import FusebenchError
from .frames import resample
from .neural.estimator import NeuralFusion
from .registry import register_fusion
from .search import Integer, SearchSpace

if TYPE_CHECKING:
    from torch import nn

__all__ = ["EarlyFusionLSTM", "LateFusionLSTM", "MemoryFusion", "TemporalConvolution"]


@dataclass(eq=False, repr=False, kw_only=True)
class _AlignedFusion(NeuralFusion):
    """Brings all modalities to a common clock before they reach the network."""

    views = ("sequence", "vector")
    absence = "native"

    n_frames: int = 20

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        if self.n_frames < 1:
            raise FusebenchError(f"n_frames must be at least 1, however: {self.n_frames}.")
        super()._fit(self._align(train), self._align(validation))

    def _predict_outputs(self, data: MultimodalData) -> NDArray:
        return super()._predict_outputs(self._align(data))

    def _align(self, data: MultimodalData) -> MultimodalData:
        """Give all modalities the same number of frames: one, if none is a sequence."""
        kinds = {modality.kind for modality in data.modalities.values()}
        n_frames = self.n_frames if Kind.SEQUENCE in kinds else 1
        aligned = {}
        for name, modality in data.modalities.items():
            if modality.kind is Kind.SEQUENCE:
                values = make_like(modality.values, (len(data), n_frames, modality.values.shape[2]))
                for part in pieces(modality.values):
                    values[part] = resample(modality.take(np.arange(part.start, part.stop)), n_frames)
            else:
                values = np.repeat(modality.values[:, None], n_frames, axis=1)
            aligned[name] = Modality(Kind.SEQUENCE, values)
        return MultimodalData(aligned, data.y, data.mask)


@register_fusion("early-fusion-lstm", family="recurrent", reference="Hochreiter & Schmidhuber 1997")
@dataclass(eq=False, repr=False, kw_only=True)
class EarlyFusionLSTM(_AlignedFusion):
    """One LSTM over the frames of all modalities side by side (EF-LSTM).

    All sequences are brought to a common clock of `n_frames` frames by linear interpolation, which discards
    how long a sample lasts; a vector is the same in every frame. An absent modality is 0 in every frame, and
    each frame says which are present.

    Parameters
    ----------
    n_frames : int
        Frames of the common clock.
    **parameters
        Those of `NeuralFusion`.

    References
    ----------
    Hochreiter, Schmidhuber (1997). Long short-term memory. Neural Computation 9(8). As a fusion it is the
    baseline EF-LSTM of Zadeh et al. 2018, arXiv:1802.00927.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant", n_train=200).features(("sequence", "vector"), seed=0)
    >>> fusion = EarlyFusionLSTM(max_epochs=10, random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.85)
    True
    """

    def _build(self, train: MultimodalData) -> "nn.Module":
        from .neural import recurrent

        return recurrent.EarlyFusionLSTM(
            train.modalities, width=self.hidden, n_outputs=self.n_outputs_, dropout=self.dropout
        )


@register_fusion("late-fusion-lstm", family="recurrent", reference="Hochreiter & Schmidhuber 1997")
class LateFusionLSTM(NeuralFusion):
    """An LSTM a modality; their last states side by side are classified by a perceptron (LF-LSTM).

    Nothing is aligned: every LSTM runs at the rate of its modality, behind a convolution that shortens
    sequences of more than 32 frames. A vector is encoded by a linear layer. The state of an absent modality
    is 0. What is fused are states, not predictions: by the words of this package it is intermediate fusion.

    The parameters are those of `NeuralFusion`.

    References
    ----------
    Hochreiter, Schmidhuber (1997). Long short-term memory. Neural Computation 9(8). As a fusion it is the
    baseline LF-LSTM of Tsai et al. 2019, arXiv:1906.00295.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant", n_train=200).features(("sequence", "vector"), seed=0)
    >>> fusion = LateFusionLSTM(max_epochs=10, random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.85)
    True
    """

    views = ("sequence", "vector")
    absence = "native"

    def _build(self, train: MultimodalData) -> "nn.Module":
        from .neural.concatenation import SideBySide
        from .neural.encoders import Encoders, IntermediateFusion, mlp
        from .neural.recurrent import LSTMEncoder

        encoders = Encoders(train.modalities, self.hidden, self.dropout, sequence_encoder=LSTMEncoder)
        joint = self.hidden * len(train.modalities)
        head = mlp(joint, self.hidden, self.n_outputs_, dropout=self.dropout)
        return IntermediateFusion(encoders, SideBySide(), head)


@register_fusion("memory-fusion", family="recurrent", reference="Zadeh et al. 2018, arXiv:1802.00927")
@dataclass(eq=False, repr=False, kw_only=True)
class MemoryFusion(_AlignedFusion):
    """Memory fusion network: an LSTM a modality, and a gated memory of how their memories change together.

    Sequences are brought to a common clock by linear interpolation, where the paper aligns them by words; a
    vector is the same in every frame. The states and memories of an absent modality are 0 throughout, so that
    it adds nothing.

    Parameters
    ----------
    n_frames : int
        Frames of the common clock.
    **parameters
        Those of `NeuralFusion`.

    References
    ----------
    Zadeh, Liang, Mazumder, Poria, Cambria, Morency (2018). Memory fusion network for multi-view sequential
    learning. AAAI. arXiv:1802.00927.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant", n_train=200).features(("sequence", "vector"), seed=0)
    >>> fusion = MemoryFusion(max_epochs=10, random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.85)
    True
    """

    def _build(self, train: MultimodalData) -> "nn.Module":
        from .neural.recurrent import MemoryFusionNetwork

        return MemoryFusionNetwork(
            train.modalities, width=self.hidden, n_outputs=self.n_outputs_, dropout=self.dropout
        )


@register_fusion("temporal-convolution", family="recurrent", reference="Bai et al. 2018, arXiv:1803.01271")
@dataclass(eq=False, repr=False, kw_only=True)
class TemporalConvolution(_AlignedFusion):
    """Dilated causal convolutions over the frames of all modalities side by side (TCN).

    Frames are aligned, and absence is shown, as in `EarlyFusionLSTM`. With the default three blocks and
    convolutions over three frames the last frame, which is classified, sees the 29 before and up to it.

    Parameters
    ----------
    n_frames : int
        Frames of the common clock.
    blocks : int
        Residual blocks, of dilation 1, 2, 4, ..
    kernel_size : int
        Frames that a convolution sees.
    **parameters
        Those of `NeuralFusion`.

    Raises
    ------
    FusebenchError
        By ``fit``, if there is no block or frame.

    References
    ----------
    Bai, Kolter, Koltun (2018). An empirical evaluation of generic convolutional and recurrent networks for
    sequence modeling. arXiv:1803.01271.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant", n_train=200).features(("sequence", "vector"), seed=0)
    >>> fusion = TemporalConvolution(max_epochs=10, random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.85)
    True
    """

    search_space: ClassVar[SearchSpace] = {**NeuralFusion.search_space, "blocks": Integer(2, 4)}

    blocks: int = 3
    kernel_size: int = 3

    def _build(self, train: MultimodalData) -> "nn.Module":
        from .neural import recurrent

        if min(self.blocks, self.kernel_size) < 1:
            raise FusebenchError(
                f"blocks and kernel_size must be at least 1, however: {self.blocks} and {self.kernel_size}."
            )
        return recurrent.TemporalConvolution(
            train.modalities,
            width=self.hidden,
            blocks=self.blocks,
            kernel_size=self.kernel_size,
            n_outputs=self.n_outputs_,
            dropout=self.dropout,
        )
