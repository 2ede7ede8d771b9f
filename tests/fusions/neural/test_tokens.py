"""Tokens know their place, and are kept without padding and without loss."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.fusions.neural.batch import Batch
from fusebench.fusions.neural.tokens import ModalityTokens, Ragged, Tokens, positions
from fusebench.fusions.neural.trainer import seeded


def test_positions_are_sines_and_cosines():
    step, place = np.meshgrid(np.arange(40), np.arange(3), indexing="ij")
    angles = step / 10_000 ** (2 * place / 6)
    np.testing.assert_allclose(positions(40, 6), np.hstack([np.sin(angles), np.cos(angles)]), atol=1e-4)


def test_tokens_know_their_position():
    with seeded(0):
        tokens = Tokens(Modality(Kind.SEQUENCE, np.zeros((1, 9, 3), np.float32)), width=8)
    frames, valid = tokens(torch.zeros(2, 9, 3), torch.tensor([9, 4]))
    torch.testing.assert_close(frames[0] - frames[0, :1], positions(9, 8) - positions(9, 8)[:1])
    assert valid.sum(dim=1).tolist() == [9, 4]


def test_a_vector_is_a_single_token():
    with seeded(0):
        tokens = Tokens(Modality(Kind.VECTOR, np.zeros((1, 5), np.float32)), width=8)
    values = torch.randn(2, 5)
    frames, valid = tokens(values, None)
    assert frames.shape == (2, 1, 8)
    torch.testing.assert_close(frames[:, 0], tokens.projection(values))
    assert valid.tolist() == [[True], [True]]


masks = st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=5)


@given(masks)
def test_ragged_tokens_are_the_valid_ones(mask):
    valid = torch.tensor(mask)
    with seeded(0):
        padded = torch.randn(*valid.shape, 2)
    ragged = Ragged.of(padded, valid)
    torch.testing.assert_close(ragged.tokens, padded[valid])
    again = ragged.padded()
    torch.testing.assert_close(again, padded * valid[:, :, None])
    assert ragged.layout.rows.tolist() == valid.nonzero()[:, 0].tolist()
    assert ragged.layout.known.tolist() == valid.any(dim=1).tolist()
    for row, mean in enumerate(ragged.mean()):
        expected = padded[row, valid[row]].mean(dim=0) if valid[row].any() else torch.zeros(2)
        torch.testing.assert_close(mean, expected)


def test_an_absent_modality_has_no_tokens():
    values = np.ones((3, 4, 2), np.float32)
    sequence = Modality(Kind.SEQUENCE, values, np.array([4, 2, 3]))
    vector = Modality(Kind.VECTOR, values[:, 0])
    present = np.array([[True, True], [False, True], [True, False]])
    data = MultimodalData({"s": sequence, "v": vector}, present=present)
    with seeded(0):
        streams = ModalityTokens(data.modalities, width=4)(Batch.of(data))
    assert [stream.layout.valid.sum(dim=1).tolist() for stream in streams] == [[4, 0, 3], [1, 1, 0]]
    with seeded(0):
        network = ModalityTokens(data.modalities, width=4)
    for absent, steps in (("", [4, 1]), ("s", [1, 1]), ("v", [4, 1])):
        streams = network(Batch.of(data.without(absent) if absent else data))
        assert [stream.padded().shape for stream in streams] == [(3, step, 4) for step in steps]
