"""Bilinear pooling checks its sizes; what it solves is in `neural/test_interactions.py`."""

import numpy as np
import pytest

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.errors import FusebenchError
from fusebench.fusions.bilinear_pooling import MFB, MLB, MUTAN, CompactBilinear

POOLING = [CompactBilinear, MLB, MFB, MUTAN]


@pytest.mark.parametrize(
    ("cls", "parameter"), [(CompactBilinear, "sketch"), (MFB, "factors"), (MUTAN, "rank")]
)
def test_sizes_are_positive(cls, parameter):
    values = np.random.default_rng(0).normal(size=(20, 2)).astype(np.float32)
    data = MultimodalData({"a": Modality(Kind.VECTOR, values)}, np.arange(20) % 2)
    with pytest.raises(FusebenchError, match=f"{parameter} must be at least 1, however: 0"):
        cls(**{parameter: 0}).fit(data, data)
