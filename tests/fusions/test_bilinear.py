"""Bilinear strategies stay within their bounds; what they solve is in `neural/test_interactions.py`."""

import numpy as np
import pytest

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.errors import FusebenchError
from fusebench.fusions.bilinear import LowRankFusion, MultiplicativeInteractions, TensorFusion

BILINEAR = [TensorFusion, LowRankFusion, MultiplicativeInteractions]


def make_data(n_modalities):
    rng = np.random.default_rng(0)
    names = [f"m{place}" for place in range(n_modalities)]
    modalities = {name: Modality(Kind.VECTOR, rng.normal(size=(20, 2)).astype(np.float32)) for name in names}
    return MultimodalData(modalities, np.arange(20) % 2)


@pytest.mark.parametrize(
    ("n_modalities", "width"), [(2, 63), (3, 15), (4, 7), (5, 4), (6, 3), (7, 2), (8, 1), (12, 1)]
)
def test_the_tensor_is_bounded(n_modalities, width):
    data = make_data(n_modalities)
    fusion = TensorFusion(hidden=100, max_epochs=1).fit(data, data)
    assert fusion.network_.fusion.linear.in_features == (1 + width) ** n_modalities <= 4096


def test_too_many_modalities_for_a_tensor():
    data = make_data(13)
    with pytest.raises(FusebenchError, match="TensorFusion takes 1 to 12 modalities, however"):
        TensorFusion().fit(data, data)
    LowRankFusion(max_epochs=1).fit(data, data)


def test_the_rank_is_positive():
    data = make_data(2)
    with pytest.raises(FusebenchError, match="rank must be at least 1, however: 0"):
        LowRankFusion(rank=0).fit(data, data)
