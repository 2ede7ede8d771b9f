"""Intermediate fusion with late heads: every modality is also trained to classify by itself."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..datasets.data import MultimodalData
from .neural.estimator import NeuralFusion
from .registry import register_fusion

if TYPE_CHECKING:
    from torch import nn

__all__ = ["MultiLossFusion"]


@register_fusion("multi-loss", family="hybrid", reference="Vielzeuf et al. 2018, arXiv:1808.07275")
@register_fusion(
    "gradient-blending", family="hybrid", reference="Wang et al. 2020, arXiv:1905.12681", auxiliary="blending"
)
@register_fusion(
    "ogm-ge", family="hybrid", reference="Peng et al. 2022, arXiv:2203.15332", auxiliary="modulation"
)
@dataclass(eq=False, repr=False, kw_only=True)
class MultiLossFusion(NeuralFusion):
    """Embeddings side by side into a perceptron, and a linear head on each while training.

    The fused network is that of `modality-dropout`, trained on complete data. How the losses of the heads
    take part is the parameter `auxiliary`, see `fusebench.fusions.neural.auxiliary`: ``multi-loss`` adds them
    up, ``gradient-blending`` weighs them once, before training, by how each branch generalises (the offline
    variant), and ``ogm-ge`` uses them to slow down the encoder of a modality that is ahead of the others.
    Predictions are those of the fused output. The paper cited for the sum fuses at every layer; here it is
    done once.

    The parameters are those of `NeuralFusion`, of which `auxiliary` is not "none".

    References
    ----------
    Vielzeuf, Lechervy, Pateux, Jurie (2018). CentralNet: a multilayer approach for multimodal fusion. ECCV
    workshops. arXiv:1808.07275.
    Wang, Tran, Feiszli (2020). What makes training multi-modal classification networks hard? CVPR.
    arXiv:1905.12681.
    Peng, Wei, Deng, Wang, Hu (2022). Balanced multimodal learning via on-the-fly gradient modulation. CVPR.
    arXiv:2203.15332.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = MultiLossFusion(max_epochs=10, random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    views = ("vector", "sequence")
    absence = "native"

    auxiliary: str = "sum"

    def _build(self, train: MultimodalData) -> "nn.Module":
        from .neural.concatenation import concatenation_network

        return concatenation_network(train.modalities, self.hidden, self.n_outputs_, self.dropout)
