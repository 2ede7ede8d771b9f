"""Recurrent strategies read the order of frames, align what differs in length, and ignore padding."""

from dataclasses import replace

import numpy as np
import pytest

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.errors import FusebenchError
from fusebench.fusions.recurrent import EarlyFusionLSTM, LateFusionLSTM, MemoryFusion, TemporalConvolution

ALIGNED = [EarlyFusionLSTM, MemoryFusion, TemporalConvolution]
RECURRENT = [*ALIGNED, LateFusionLSTM]


def draw_slopes(n, seed):
    """Each of two sequences rises or falls, on average from -1 to 1 or back; the class is both signs."""
    rng = np.random.default_rng(seed)
    signs = 2 * rng.integers(2, size=(n, 2)) - 1
    modalities = {}
    for column, (name, steps) in enumerate({"fast": 24, "slow": 8}.items()):
        lengths = rng.integers(steps // 2, steps + 1, n)
        place = np.minimum(np.arange(steps) / (lengths[:, None] - 1), 1)
        values = (2 * place - 1) * signs[:, column, None] + 0.3 * rng.standard_normal((n, steps))
        modalities[name] = Modality(Kind.SEQUENCE, values[:, :, None].astype(np.float32), lengths)
    return MultimodalData(modalities, signs @ [2, 1])


@pytest.mark.parametrize("cls", RECURRENT)
def test_the_order_of_frames_is_read(cls):
    train, validation, test = draw_slopes(300, 0), draw_slopes(100, 1), draw_slopes(200, 2)
    fusion = cls(random_state=0, max_epochs=25).fit(train, validation)
    assert fusion.score(test, test.labels) > 0.95
    assert fusion.score(test.without("slow"), test.labels) < 0.7


@pytest.mark.parametrize("cls", RECURRENT)
def test_padding_changes_nothing(cls):
    data = draw_slopes(30, 0)
    fusion = cls(max_epochs=1).fit(data, data)
    longer = data
    for name, modality in data.modalities.items():
        values = np.pad(modality.values, ((0, 0), (0, 9), (0, 0)))
        valid = np.arange(values.shape[1]) < modality.lengths[:, None]
        values = np.where(valid[:, :, None], values, np.float32(1e3))
        longer = longer.with_modality(name, replace(modality, values=values))
    np.testing.assert_allclose(fusion.predict_proba(longer), fusion.predict_proba(data), atol=1e-6)


@pytest.mark.parametrize("cls", ALIGNED)
def test_all_modalities_get_one_clock(cls):
    data = draw_slopes(10, 0)
    vector = Modality(Kind.VECTOR, np.arange(20, dtype=np.float32).reshape(10, 2))
    aligned = cls(n_frames=5)._align(MultimodalData({**data.modalities, "still": vector}))
    assert [m.values.shape for m in aligned.modalities.values()] == [(10, 5, 1), (10, 5, 1), (10, 5, 2)]
    assert (aligned.modalities["still"].values == vector.values[:, None]).all()
    for name, modality in data.modalities.items():
        ends = modality.values[np.arange(10), modality.lengths - 1]
        np.testing.assert_allclose(aligned.modalities[name].values[:, -1], ends, rtol=1e-6)
    alone = cls()._align(MultimodalData({"still": vector}))
    assert alone.modalities["still"].values.shape == (10, 1, 2)


@pytest.mark.parametrize(
    ("cls", "options", "message"),
    [
        (EarlyFusionLSTM, {"n_frames": 0}, "n_frames must be at least 1, however: 0"),
        (TemporalConvolution, {"blocks": 0}, "at least 1, however: 0 and 3"),
        (TemporalConvolution, {"kernel_size": 0}, "at least 1, however: 3 and 0"),
    ],
)
def test_sizes_are_positive(cls, options, message):
    data = draw_slopes(10, 0)
    with pytest.raises(FusebenchError, match=message):
        cls(**options).fit(data, data)
