"""The cross-modal transformer against attention written out by hand, for every absence and any padding."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from torch.nn.functional import layer_norm

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.fusions.neural.attention import AttentionBlock, CrossModalTransformer, Tokens, positions
from fusebench.fusions.neural.batch import Batch
from fusebench.fusions.neural.trainer import seeded


def attention_by_hand(block, target, source, valid):
    """Softmax attention of one sample, head by head, from the block's weights."""
    attention = block.attention
    width, heads = attention.embed_dim, attention.num_heads
    weights, biases = attention.in_proj_weight.chunk(3), attention.in_proj_bias.chunk(3)
    normed = [
        layer_norm(tokens, (width,), norm.weight, norm.bias)
        for tokens, norm in (
            (target, block.target_norm),
            (source, block.source_norm),
            (source, block.source_norm),
        )
    ]
    queries, keys, values = (x @ W.T + b for x, W, b in zip(normed, weights, biases, strict=True))
    outputs = []
    for head in range(heads):
        columns = slice(head * width // heads, (head + 1) * width // heads)
        scores = queries[:, columns] @ keys[valid][:, columns].T / (width // heads) ** 0.5
        shares = scores.exp() / scores.exp().sum(dim=1, keepdim=True)
        outputs.append(shares @ values[valid][:, columns])
    return torch.cat(outputs, dim=1) @ attention.out_proj.weight.T + attention.out_proj.bias


@pytest.fixture
def block():
    with seeded(0):
        block = AttentionBlock(width=8, heads=2, dropout=0.0).double().eval()
        for parameter in block.parameters():
            parameter.data = torch.randn_like(parameter) / 2
    return block


def test_a_block_is_softmax_attention_over_valid_tokens(block):
    with seeded(1):
        target, source = torch.randn(3, 5, 8).double(), torch.randn(3, 4, 8).double()
    valid = torch.tensor([[True, True, True, True], [True, True, False, False], [False, False, True, False]])
    fused = block(target, source, valid)
    for n in range(3):
        mixed = target[n] + attention_by_hand(block, target[n], source[n], valid[n])
        torch.testing.assert_close(fused[n], mixed + block.feed_forward(mixed))


def test_where_no_token_is_valid_nothing_is_attended_to(block):
    with seeded(1):
        target, source = torch.randn(2, 5, 8).double(), torch.randn(2, 4, 8).double()
    source.requires_grad_()
    fused = block(target, source, torch.tensor([[False] * 4, [True] * 4]))
    torch.testing.assert_close(fused[0], target[0] + block.feed_forward(target[0]))
    fused.sum().backward()
    gradients = [source.grad, *(parameter.grad for parameter in block.parameters())]
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert (source.grad[0] == 0).all()
    assert (source.grad[1] != 0).any()


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


def make_data(n=6):
    rng = np.random.default_rng(0)

    def sequence(steps, features):
        values = rng.normal(size=(n, steps, features)).astype(np.float32)
        return Modality(Kind.SEQUENCE, values, rng.integers(1, steps + 1, n))

    vector = Modality(Kind.VECTOR, rng.normal(size=(n, 3)).astype(np.float32))
    return MultimodalData({"a": sequence(40, 4), "b": sequence(6, 5), "c": vector})


def make_network(data, layers=2):
    with seeded(0):
        return CrossModalTransformer(
            data.modalities, width=8, heads=2, layers=layers, n_classes=3, dropout=0.0
        ).eval()


@pytest.mark.parametrize("pattern", list(product([False, True], repeat=3)))
def test_every_pattern_of_absence_is_finite_and_reads_what_is_present_only(pattern):
    data = make_data()
    batch = Batch.of(data.with_present(np.tile(pattern, (len(data), 1))))
    for values in batch.values.values():
        values.requires_grad_()
    logits = make_network(data)(batch)
    logits.square().sum().backward()
    assert logits.isfinite().all()
    for values, present in zip(batch.values.values(), pattern, strict=True):
        assert values.grad.isfinite().all()
        assert (values.grad != 0).flatten(1).any(dim=1).tolist() == [present] * len(data)


def test_a_sample_does_not_depend_on_what_others_lack():
    data = make_data()
    present = np.array(list(product([False, True], repeat=3)))[:6]
    network = make_network(data)
    together = network(Batch.of(data.with_present(present)))
    for n in range(6):
        alone = network(Batch.of(data.with_present(present).take(np.array([n]))))
        torch.testing.assert_close(alone[0], together[n])


def test_padding_changes_nothing():
    data = make_data()
    network = make_network(data)
    expected = network(Batch.of(data))
    for content in (0.0, 1e3):
        longer = data
        for name in ("a", "b"):
            modality = data.modalities[name]
            values = np.pad(modality.values, ((0, 0), (0, 9), (0, 0)))
            valid = np.arange(values.shape[1]) < modality.lengths[:, None]
            values = np.where(valid[:, :, None], values, np.float32(content))
            longer = longer.with_modality(name, replace(modality, values=values))
        torch.testing.assert_close(network(Batch.of(longer)), expected)


def test_every_parameter_gets_a_gradient():
    data = make_data().select(["a", "b"])
    network = make_network(data)
    network(Batch.of(data)).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert (parameter.grad != 0).any(), name
    assert set(dict(network.named_parameters())) == set(network.state_dict())


def test_there_is_a_stack_for_every_ordered_pair():
    network = make_network(make_data())
    assert [len(stream.across) for stream in network.streams] == [2, 2, 2]
    assert all(len(stack.blocks) == 2 for stream in network.streams for stack in stream.across)
