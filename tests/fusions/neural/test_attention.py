"""The cross-modal transformer against attention written out by hand, for every absence and any padding."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import layer_norm

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.fusions.neural.attention import AttentionBlock, CrossModalTransformer
from fusebench.fusions.neural.batch import Batch
from fusebench.fusions.neural.tokens import Ragged
from fusebench.fusions.neural.trainer import seeded


def attention_by_hand(block, target, source):
    """Softmax attention of one sample over all tokens of its source, head by head."""
    (query_norm, query), (source_norm, key_value) = block.query, block.key_value
    width = target.shape[1]
    key_weights, value_weights = key_value.weight.chunk(2)
    key_biases, value_biases = key_value.bias.chunk(2)
    normed = layer_norm(source, (width,), source_norm.weight, source_norm.bias)
    queries = layer_norm(target, (width,), query_norm.weight, query_norm.bias) @ query.weight.T + query.bias
    keys, values = normed @ key_weights.T + key_biases, normed @ value_weights.T + value_biases
    outputs = []
    for head in range(block.heads):
        columns = slice(head * width // block.heads, (head + 1) * width // block.heads)
        scores = queries[:, columns] @ keys[:, columns].T / (width // block.heads) ** 0.5
        shares = scores.exp() / scores.exp().sum(dim=1, keepdim=True)
        outputs.append(shares @ values[:, columns])
    return torch.cat(outputs, dim=1) @ block.output.weight.T + block.output.bias


@pytest.fixture
def block():
    with seeded(0):
        block = AttentionBlock(width=8, heads=2, dropout=0.0).double().eval()
        for parameter in block.parameters():
            parameter.data = torch.randn_like(parameter) / 2
    return block


def draw(*shape, seed):
    with seeded(seed):
        return torch.randn(*shape).double()


def test_a_block_is_softmax_attention_over_valid_tokens(block):
    target, source = draw(3, 5, 8, seed=1), draw(3, 4, 8, seed=2)
    asks = torch.tensor([[True] * 5, [True, True, True, False, False], [True, False, False, False, True]])
    valid = torch.tensor([[True, True, True, True], [True, True, False, False], [False, False, True, False]])
    fused = block(Ragged.of(target, asks), Ragged.of(source, valid)).padded()
    for n in range(3):
        own = target[n, asks[n]]
        mixed = own + attention_by_hand(block, own, source[n, valid[n]])
        torch.testing.assert_close(fused[n, asks[n]], mixed + block.feed_forward(mixed))
    whole = block(Ragged.of(target[:1], asks[:1]), Ragged.of(source[:1], valid[:1])).padded()
    torch.testing.assert_close(whole, fused[:1])


def test_a_block_agrees_with_torch(block):
    target, source = draw(3, 5, 8, seed=1), draw(3, 4, 8, seed=2)
    attention = nn.MultiheadAttention(8, 2, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        attention.in_proj_weight.copy_(torch.cat([block.query[1].weight, block.key_value[1].weight]))
        attention.in_proj_bias.copy_(torch.cat([block.query[1].bias, block.key_value[1].bias]))
        attention.out_proj.load_state_dict(block.output.state_dict())
    keys = block.key_value[0](source)
    attended, _ = attention(block.query[0](target), keys, keys)
    fused = block(*(Ragged.of(x, torch.ones(x.shape[:2], dtype=torch.bool)) for x in (target, source)))
    mixed = target + attended
    torch.testing.assert_close(fused.padded(), mixed + block.feed_forward(mixed))


def test_a_block_starts_like_attention_of_torch():
    with seeded(0):
        block, attention = AttentionBlock(200, 2, dropout=0.0), nn.MultiheadAttention(200, 2)
    for linear in (block.query[1], block.key_value[1]):
        expected = attention.in_proj_weight.detach()
        assert linear.weight.abs().max().item() == pytest.approx(expected.abs().max().item(), rel=1e-3)
        assert linear.weight.std().item() == pytest.approx(expected.std().item(), rel=0.01)
    assert all((linear.bias == 0).all() for linear in (block.query[1], block.key_value[1], block.output))


def test_where_no_token_is_valid_nothing_is_attended_to(block):
    target, source = draw(2, 5, 8, seed=1), draw(2, 4, 8, seed=2).requires_grad_()
    everywhere = torch.ones(2, 5, dtype=torch.bool)
    fused = block(Ragged.of(target, everywhere), Ragged.of(source, torch.tensor([[False] * 4, [True] * 4])))
    torch.testing.assert_close(fused.padded()[0], target[0] + block.feed_forward(target[0]))
    fused.tokens.sum().backward()
    gradients = [source.grad, *(parameter.grad for parameter in block.parameters())]
    assert all(gradient.isfinite().all() for gradient in gradients)
    assert (source.grad[0] == 0).all()
    assert (source.grad[1] != 0).any()


def test_dropout_keeps_the_mean_and_its_share_of_features():
    dropout = AttentionBlock(8, 2, dropout=0.3).feed_forward[3]
    with seeded(0):
        dropped = dropout(torch.ones(400, 400))
    assert dropped.unique().tolist() == pytest.approx([0, 1 / 0.7])
    assert (dropped == 0).double().mean().item() == pytest.approx(0.3, abs=0.01)
    assert (dropout.eval()(torch.ones(3)) == 1).all()


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
            data.modalities, width=16, heads=2, layers=layers, n_outputs=3, dropout=0.0
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
