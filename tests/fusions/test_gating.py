"""Gating strategies alone with one modality; what they solve is in `neural/test_interactions.py`."""

import numpy as np
import pytest

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.errors import FusebenchError
from fusebench.fusions.gating import EmbraceNet, FiLM, GatedMultimodalUnit, MixtureOfExperts

GATING = [GatedMultimodalUnit, FiLM, EmbraceNet, MixtureOfExperts]


def test_a_single_modality_has_nobody_to_modulate_it():
    values = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    data = MultimodalData({"a": Modality(Kind.VECTOR, values)}, np.arange(20) % 2)
    with pytest.raises(FusebenchError, match="takes 2 or more modalities, however: a"):
        FiLM().fit(data, data)
    for cls in (GatedMultimodalUnit, EmbraceNet, MixtureOfExperts):
        assert cls(max_epochs=1).fit(data, data).predict_proba(data).shape == (20, 2)
