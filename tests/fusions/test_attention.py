"""Attention strategies find what only frames of two sequences together tell."""

import numpy as np
import pytest

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.datasets.registry import load_dataset
from fusebench.errors import FusebenchError
from fusebench.fusions.attention import (
    AttentionBottleneck,
    CoAttention,
    CrossModalAttention,
    SelfAttention,
)

ATTENTION = [CrossModalAttention, SelfAttention, AttentionBottleneck]


@pytest.mark.parametrize("cls", [*ATTENTION, CoAttention])
def test_exclusive_or_is_solved(cls):
    dataset = load_dataset("synth-xor")
    data = dataset.features(cls.views, seed=0)
    fusion = cls(random_state=0).fit(data.train, data.validation)
    assert fusion.score(data.test, data.test.labels) > dataset.card.bayes_accuracy - 0.05


def draw_events(n, seed):
    """A positive or negative bump somewhere in each of two sequences; the class tells whether they agree."""
    rng = np.random.default_rng(seed)
    signs = 2 * rng.integers(2, size=(n, 2)) - 1
    modalities = {}
    for place, (name, steps) in enumerate({"fast": 24, "slow": 6}.items()):
        values = 0.3 * rng.standard_normal((n, steps, 3))
        lengths = rng.integers(steps // 2, steps + 1, n)
        values[np.arange(n), rng.integers(lengths), place] += 3 * signs[:, place]
        modalities[name] = Modality(Kind.SEQUENCE, values.astype(np.float32), lengths)
    return MultimodalData(modalities, (signs.prod(axis=1) + 1) // 2)


@pytest.mark.parametrize("cls", [*ATTENTION, CoAttention])
def test_sequences_that_are_not_aligned_are_compared(cls):
    train, validation, test = draw_events(300, 0), draw_events(100, 1), draw_events(200, 2)
    fusion = cls(random_state=0, max_epochs=40).fit(train, validation)
    assert fusion.score(test, test.labels) > 0.95
    alone = test.without("slow")
    assert fusion.score(alone, alone.labels) < 0.65


@pytest.mark.parametrize("cls", ATTENTION)
@pytest.mark.parametrize(("hidden", "heads"), [(32, 0), (32, 5), (6, 2), (5, 1)])
def test_heads_share_the_width(cls, hidden, heads):
    data = draw_events(10, 0)
    with pytest.raises(FusebenchError, match=f"hidden={hidden}, heads={heads}"):
        cls(hidden=hidden, heads=heads).fit(data, data)


@pytest.mark.parametrize(
    ("fusion", "message"),
    [
        (CoAttention(hidden=5), "hidden=5"),
        (SelfAttention(layers=0), "layers must be at least 1, however: 0"),
        (AttentionBottleneck(bottlenecks=0), "bottlenecks must be at least 1, however: 0"),
        (AttentionBottleneck(fusion_layer=2), "between 0 and layers - 2, however: fusion_layer=2, layers=3"),
        (AttentionBottleneck(fusion_layer=-1), "fusion_layer=-1"),
    ],
)
def test_options_out_of_range_are_refused(fusion, message):
    data = draw_events(10, 0)
    with pytest.raises(FusebenchError, match=message):
        fusion.fit(data, data)


@pytest.mark.parametrize("cls", [CrossModalAttention, CoAttention])
def test_a_single_modality_has_nobody_to_attend_to(cls):
    data = draw_events(10, 0).select(["fast"])
    with pytest.raises(FusebenchError, match="takes 2 or more modalities, however: fast"):
        cls().fit(data, data)
