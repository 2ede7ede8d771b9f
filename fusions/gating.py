"""Gating: what is taken from a modality depends on what the others say, or on who is present."""

from typing import TYPE_CHECKING

from ..datasets.data import MultimodalData, Task
from .neural.estimator import NeuralFusion
from .registry import register_fusion

if TYPE_CHECKING:
    from torch import nn

__all__ = ["EmbraceNet", "FiLM", "GatedMultimodalUnit", "MixtureOfExperts"]


class _GatingFusion(NeuralFusion):
    """Encode, gate, classify; subclasses choose how to gate."""

    views = ("vector", "sequence")
    absence = "native"

    def _around(self, fusion: "nn.Module", head: "nn.Module", train: MultimodalData) -> "nn.Module":
        """Put the shared encoders before a fusion layer and a head behind it."""
        from .neural.encoders import Encoders
        from .neural.gating import GatedFusion

        return GatedFusion(Encoders(train.modalities, self.hidden, self.dropout), fusion, head)

    def _perceptron(self) -> "nn.Module":
        """Make the classifier of fused features."""
        from .neural.encoders import mlp

        return mlp(self.hidden, self.hidden, self.n_outputs_, dropout=self.dropout)


@register_fusion("gmu", family="gating", reference="Arevalo et al. 2017, arXiv:1702.01992")
class GatedMultimodalUnit(_GatingFusion):
    """Gated multimodal unit: a sum of embeddings, each feature weighted by gates that see all modalities.

    Two modalities share a gate, z and 1 - z; of more, each has its own between 0 and 1. An absent modality
    has gate 0, and the gates of the others grow to the same sum. The paper classifies by maxout layers; here
    a perceptron with one hidden layer does. What is fused is a weighted sum, without products of modalities:
    interactions such as those of an exclusive or are left to the gates and the perceptron.

    The parameters are those of `NeuralFusion`.

    References
    ----------
    Arevalo, Solorio, Montes-y-Gomez, Gonzalez (2017). Gated multimodal units for information fusion. ICLR
    workshop. arXiv:1702.01992.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = GatedMultimodalUnit(max_epochs=10, random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    def _build(self, train: MultimodalData) -> "nn.Module":
        from .neural import gating

        unit = gating.GatedUnit(len(train.modalities), self.hidden, self.hidden)
        return self._around(unit, self._perceptron(), train)


@register_fusion("film", family="gating", reference="Perez et al. 2018, arXiv:1709.07871")
class FiLM(_GatingFusion):
    """Feature-wise linear modulation: all other modalities scale and shift the features of each.

    In the paper a question modulates the layers of an image network. Here no modality is the question: each
    is modulated once, by all others together, and the results stand side by side before the classifier. An
    absent modality adds nothing to the modulation of the others, and its own features are dropped. Batch
    normalisation and residual connections, which the paper needs for its depth, are left out.

    The parameters are those of `NeuralFusion`.

    References
    ----------
    Perez, Strub, de Vries, Dumoulin, Courville (2018). FiLM: visual reasoning with a general conditioning
    layer. AAAI. arXiv:1709.07871.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-xor").features(seed=0)
    >>> fusion = FiLM(random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    n_modalities = (2, None)

    def _build(self, train: MultimodalData) -> "nn.Module":
        from .neural import gating

        layer = gating.FeatureModulation(len(train.modalities), self.hidden, self.hidden)
        return self._around(layer, self._perceptron(), train)


@register_fusion("embracenet", family="gating", reference="Choi and Lee 2019, arXiv:1904.09078")
class EmbraceNet(_GatingFusion):
    """Docking layers; each fused feature comes from one modality, drawn at random from those present.

    No feature can rely on one modality, because while training it often comes from another. In the paper a
    prediction is drawn too; here it is deterministic, with the mean over the modalities present, which is the
    expectation of the draw. Dropping whole modalities while training, the paper's other means against
    absence, is not used.

    No fused feature combines modalities, so that the perceptron behind them must: on `synth-xor` it finds the
    exclusive or of two modalities but not that of three.

    The parameters are those of `NeuralFusion`.

    References
    ----------
    Choi, Lee (2019). EmbraceNet: a robust deep learning architecture for multimodal classification.
    Information Fusion 51. arXiv:1904.09078.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = EmbraceNet(max_epochs=10, random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test.without("a"), data.test.labels) > 0.8)
    True
    """

    def _build(self, train: MultimodalData) -> "nn.Module":
        from .neural import gating

        layer = gating.EmbraceLayer(len(train.modalities), self.hidden, self.hidden)
        return self._around(layer, self._perceptron(), train)


@register_fusion("mixture-of-experts", family="gating", reference="Jacobs et al. 1991, Neural Computation 3")
class MixtureOfExperts(_GatingFusion):
    """A classifier for each modality and one for all; a softmax gate that sees all modalities mixes them.

    The gate is dense, as in the paper: every expert that can speak has a share. Those of absent modalities
    have none, and the joint one has none if only one modality is present. Trained on complete data, an expert
    has learnt only where the gate gave it a share, and may know little when it is left alone.

    The parameters are those of `NeuralFusion`.

    References
    ----------
    Jacobs, Jordan, Nowlan, Hinton (1991). Adaptive mixtures of local experts. Neural Computation 3.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-xor").features(seed=0)
    >>> fusion = MixtureOfExperts(random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    tasks = (Task.CLASSIFICATION,)  # the mixture is one of class probabilities

    def _build(self, train: MultimodalData) -> "nn.Module":
        from torch import nn

        from .neural import gating

        mixture = gating.MixtureOfExperts(
            len(train.modalities), self.hidden, self.hidden, self.n_outputs_, self.dropout
        )
        return self._around(mixture, nn.Identity(), train)
