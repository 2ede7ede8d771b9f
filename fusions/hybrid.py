"""Hybrid fusion: early and late fusion, combined by what is learnt on validation."""

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import MultimodalData
from .base import FusionStrategy
from .early import concatenate
from .logistic import TunedLogistic
from .registry import register_fusion
from .stacking import EvidenceStacker
from .unimodal import fit_unimodal, predict_unimodal

__all__ = ["HybridStacking"]


@register_fusion("hybrid-stacking", family="hybrid", reference="Atrey et al. 2010, Multimedia Systems 16")
class HybridStacking(FusionStrategy):
    """Stack of a classifier of all modalities at once and one of each alone.

    The branches are logistic regression on the concatenated features and on every single modality; the
    combiner is fitted on validation. Where a modality is absent its own branch is silent, and the early
    branch sees its training mean, which is 0: as it is linear, the modality then adds nothing to its
    logits. The combiner has seen both, because copies of the validation samples that lack a modality are
    among its data (see `fusebench.fusions.stacking.EvidenceStacker`).

    References
    ----------
    Atrey, Hossain, El Saddik & Kankanhalli (2010). Multimodal fusion for multimedia analysis: a survey.
    Multimedia Systems 16. Section 3.1.3, hybrid multimodal fusion.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = HybridStacking().fit(data.train, data.validation)
    >>> bool(fusion.score(data.test, data.test.labels) > 0.9)
    True
    """

    absence: ClassVar[Literal["native", "imputed"]] = "native"

    def _fit(self, train: MultimodalData, validation: MultimodalData) -> None:
        self._classifiers = fit_unimodal(train, validation, self.prior_)
        self._early = TunedLogistic(self.prior_).fit(
            concatenate(train), train.labels, validation=(concatenate(validation), validation.labels)
        )
        self._stacker = EvidenceStacker(self.prior_).fit(self._branches, validation)

    def _predict_outputs(self, data: MultimodalData) -> NDArray[np.float64]:
        return self._stacker.predict_proba(self._branches(data))

    def _branches(self, data: MultimodalData) -> NDArray[np.float64]:
        early = self._early.predict_proba(concatenate(data))
        return np.concatenate([early[:, None], predict_unimodal(self._classifiers, data)], axis=1)
