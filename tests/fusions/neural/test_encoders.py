"""Encoders honour lengths and absence, and know modalities by their place, whatever they are called."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.fusions.neural.batch import Batch
from fusebench.fusions.neural.encoders import (
    Encoders,
    Frames,
    SequenceEncoder,
    VectorEncoder,
    frame_mask,
    mlp,
)
from fusebench.fusions.neural.trainer import seeded


def sequence(n=4, steps=7, features=3):
    return Modality(Kind.SEQUENCE, np.zeros((n, steps, features), np.float32))


def vector(n=4, features=5):
    return Modality(Kind.VECTOR, np.zeros((n, features), np.float32))


def test_mlp_has_relu_and_dropout_between_its_linear_layers_only():
    layers = mlp(7, 5, 4, 3, dropout=0.25)
    kinds = [type(layer) for layer in layers]
    assert kinds == [nn.Linear, nn.ReLU, nn.Dropout, nn.Linear, nn.ReLU, nn.Dropout, nn.Linear]
    assert [tuple(p.shape) for p in layers.parameters() if p.ndim == 2] == [(5, 7), (4, 5), (3, 4)]
    assert layers[2].p == 0.25


@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(9, 12))
def test_frame_mask_is_true_for_the_first_frames(lengths, steps):
    mask = frame_mask(torch.tensor(lengths), steps)
    assert mask.tolist() == [[step < length for step in range(steps)] for length in lengths]


@pytest.mark.parametrize("steps", [1, 2, 31, 32, 33, 60, 64, 65, 200])
def test_frames_are_few_and_as_many_as_their_mask(steps):
    layer = Frames(sequence(steps=steps), width=6)
    lengths = torch.arange(1, steps + 1)
    frames, valid = layer(torch.randn(steps, steps, 3), lengths)
    assert frames.shape == (steps, -(-steps // layer.stride), 6)
    assert valid.shape == frames.shape[:2]
    assert frames.shape[1] <= 32
    assert valid.sum(dim=1).tolist() == [-(-length // layer.stride) for length in lengths.tolist()]


@pytest.mark.parametrize("make", [Frames, lambda m, width: SequenceEncoder(m, width, dropout=0.0)])
@pytest.mark.parametrize("steps", [7, 70])
def test_padding_changes_nothing(make, steps):
    with seeded(0):
        layer = make(sequence(steps=steps), 6).eval()
        values = torch.randn(4, steps, 3)
        lengths = torch.tensor([1, 3, steps - 2, steps])
        longer = torch.cat([values, torch.zeros(4, 40, 3)], dim=1)
        garbage = torch.where(frame_mask(lengths, steps + 40)[:, :, None], longer, torch.tensor(1e3))

    def valid_output(padded):
        output = layer(padded, lengths)
        return output[0][output[1]] if isinstance(output, tuple) else output

    expected = valid_output(values)
    torch.testing.assert_close(valid_output(longer), expected)
    torch.testing.assert_close(valid_output(garbage), expected)


def test_a_sequence_encoder_reads_every_valid_frame_and_their_order():
    with seeded(0):
        encoder = SequenceEncoder(sequence(), 6, dropout=0.0)
        values, lengths = torch.randn(1, 7, 3), torch.tensor([5])
    leaf = values.clone().requires_grad_()
    encoder(leaf, lengths).sum().backward()
    assert (leaf.grad.abs().sum(dim=2) > 0).tolist() == [[True] * 5 + [False] * 2]
    turned = values.clone()
    turned[:, :5] = values[:, :5].flip(1)
    assert not torch.allclose(encoder(turned, lengths), encoder(values, lengths), atol=1e-4)


@given(st.floats(0, 1e6, width=32))
def test_embeddings_are_bounded(size):
    with seeded(0):
        z = VectorEncoder(vector(), 6, dropout=0.0)(size * torch.randn(4, 5))
    assert z.abs().max() <= 1


def make_batch(present, names=("s", "v")):
    rng = np.random.default_rng(0)
    first = Modality(Kind.SEQUENCE, rng.normal(size=(4, 7, 3)).astype(np.float32), np.array([7, 2, 5, 1]))
    second = Modality(Kind.VECTOR, rng.normal(size=(4, 5)).astype(np.float32))
    return MultimodalData(dict(zip(names, (first, second), strict=True)), present=np.array(present))


def test_an_absent_modality_is_encoded_as_zero_and_its_content_gets_no_gradient():
    data = make_batch([[True, True], [True, False], [False, True], [False, False]])
    with seeded(0):
        encoders = Encoders(data.modalities, width=6, dropout=0.0)
    batch = Batch.of(data)
    for values in batch.values.values():
        values.requires_grad_()
    embeddings = encoders(batch)
    torch.stack(embeddings).sum().backward()
    for column, (z, values) in enumerate(zip(embeddings, batch.values.values(), strict=True)):
        assert z.shape == (4, 6)
        torch.testing.assert_close(z.abs().sum(dim=1) > 0, batch.present[:, column])
        torch.testing.assert_close(values.grad.flatten(1).abs().sum(dim=1) > 0, batch.present[:, column])


def test_a_modality_may_have_any_name():
    expected, actual = [], []
    for names, outputs in ((("s", "v"), expected), (("type", "a.b"), actual)):
        data = make_batch(np.ones((4, 2), bool), names)
        with seeded(0):
            outputs += Encoders(data.modalities, width=6, dropout=0.0)(Batch.of(data))
    torch.testing.assert_close(actual, expected)
