"""Single-stream, bottleneck and co-attention networks against formulas, for every absence and any padding."""

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
import torch

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.fusions.neural.batch import Batch
from fusebench.fusions.neural.bottleneck import BottleneckLayer, BottleneckTransformer
from fusebench.fusions.neural.co_attention import CoAttention, CoAttentionNetwork
from fusebench.fusions.neural.single_stream import SingleStreamTransformer
from fusebench.fusions.neural.tokens import Ragged
from fusebench.fusions.neural.trainer import seeded

WIDTH = 16
NETWORKS = {
    SingleStreamTransformer: {"heads": 2, "layers": 2},
    BottleneckTransformer: {"heads": 2, "layers": 4, "fusion_layer": 2, "bottlenecks": 2},
    CoAttentionNetwork: {},
}
PATTERNS = list(product([False, True], repeat=3))


def make_data(n=6):
    rng = np.random.default_rng(0)

    def sequence(steps, features):
        values = rng.normal(size=(n, steps, features)).astype(np.float32)
        return Modality(Kind.SEQUENCE, values, rng.integers(1, steps + 1, n))

    vector = Modality(Kind.VECTOR, rng.normal(size=(n, 3)).astype(np.float32))
    return MultimodalData({"a": sequence(40, 4), "b": sequence(6, 5), "c": vector})


def make_network(cls, data):
    with seeded(0):
        network = cls(data.modalities, width=WIDTH, n_outputs=3, dropout=0.0, **NETWORKS[cls]).eval()
        for parameter in network.parameters():
            parameter.data = torch.randn_like(parameter) / 3
    return network


def draw(*shape, seed=0):
    with seeded(seed):
        return torch.randn(*shape, dtype=torch.float64)


def all_of(tokens):
    return Ragged.of(tokens, torch.ones(tokens.shape[:2], dtype=torch.bool))


def tokens_of_sample(network, batch, n):
    """The valid tokens of each modality of one sample."""
    found = []
    for tokens, (name, values), has in zip(
        network.tokens.of_each, batch.values.items(), batch.present[n], strict=True
    ):
        frames, valid = tokens(values, batch.lengths.get(name))
        found.append(frames[n, valid[n] & has])
    return found


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_single_stream_is_a_transformer_over_all_tokens(pattern):
    data = make_data()
    network = make_network(SingleStreamTransformer, data)
    batch = Batch.of(data.with_present(np.tile(pattern, (6, 1))))
    logits = network(batch)
    for n in range(6):
        own = zip(tokens_of_sample(network, batch, n), network.kinds, strict=True)
        sequence = torch.cat([network.summary[None], *(tokens + kind for tokens, kind in own)])
        stream = all_of(sequence[None])
        for block in network.blocks:
            stream = block(stream, stream)
        torch.testing.assert_close(network.head(stream.tokens[0]), logits[n], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("pattern", PATTERNS[1:])
def test_a_bottleneck_transformer_follows_its_equations(pattern):
    data = make_data()
    network = make_network(BottleneckTransformer, data)
    batch = Batch.of(data.with_present(np.tile(pattern, (6, 1))))
    logits = network(batch)
    here = np.flatnonzero(pattern)
    for n in range(6):
        tokens = tokens_of_sample(network, batch, n)
        streams = {m: all_of(torch.cat([network.summaries[m][None], tokens[m]])[None]) for m in here}
        for m in [*here, *(here + 3)]:
            streams[m % 3] = network.alone[m](streams[m % 3], streams[m % 3])
        bottleneck = network.bottleneck
        for layer in network.together:
            made = []
            for m in here:
                joint = all_of(torch.cat([streams[m].tokens, bottleneck])[None])
                after = layer.blocks[m](joint, joint).tokens
                streams[m] = all_of(after[None, :-2])
                made.append(after[-2:])
            bottleneck = sum(made) / len(made)
        opinions = [network.head(streams[m].tokens[0]) for m in here]
        torch.testing.assert_close(sum(opinions) / len(here), logits[n], rtol=1e-4, atol=1e-4)


def test_modalities_reach_each_other_through_the_bottleneck_only():
    with seeded(0):
        layers = [BottleneckLayer(2, 8, 2, dropout=0.0).double() for _ in range(2)]
    a, b = draw(3, 4, 8), draw(3, 5, 8, seed=1).requires_grad_()
    start, present = draw(1, 2, 8, seed=2).expand(3, -1, -1), torch.ones(3, 2, dtype=torch.bool)

    def influence(stream):
        (gradient,) = torch.autograd.grad(
            stream.tokens.square().sum(), b, retain_graph=True, allow_unused=True
        )
        return 0 if gradient is None else gradient.abs().max().item()

    once, bottleneck = layers[0]([all_of(a), all_of(b)], start, present)
    assert influence(once[0]) == 0
    assert influence(once[1]) > 0
    twice, _ = layers[1](once, bottleneck, present)
    assert influence(twice[0]) > 0
    cut, _ = layers[1]([once[0], once[1].map(torch.Tensor.detach)], bottleneck.detach(), present)
    assert influence(cut[0]) == 0


def test_an_absent_modality_does_not_enter_the_bottleneck():
    with seeded(0):
        layer = BottleneckLayer(2, 8, 2, dropout=0.0).double()
    a, b, start = draw(1, 4, 8), draw(1, 5, 8, seed=1), draw(1, 2, 8, seed=2)
    nothing = Ragged.of(b, torch.zeros(1, 5, dtype=torch.bool))
    _, bottleneck = layer([all_of(a), nothing], start, torch.tensor([[True, False]]))
    joint = all_of(torch.cat([start, a], dim=1))
    torch.testing.assert_close(bottleneck, layer.blocks[0](joint, joint).padded()[:, :2])


def pool_by_hand(tokens, hidden, score):
    shares = (hidden @ score.weight[0]).exp()
    return (shares[:, None] * tokens).sum(dim=0) / shares.sum()


def test_co_attention_follows_its_equations():
    with seeded(0):
        layer = CoAttention(4).double()
    left, right = draw(3, 5, 4), draw(3, 6, 4, seed=1)
    left_sizes, right_sizes = torch.tensor([5, 2, 1]), torch.tensor([6, 4, 0])
    made = layer(
        Ragged.of(left, torch.arange(5) < left_sizes[:, None]),
        Ragged.of(right, torch.arange(6) < right_sizes[:, None]),
    )
    for n in range(3):
        q, v = left[n, : left_sizes[n]], right[n, : right_sizes[n]]
        C = torch.tanh(q @ layer.affinity @ v.T)
        mapped_q, mapped_v = q @ layer.maps[0].weight.T, v @ layer.maps[1].weight.T
        hidden_q, hidden_v = torch.tanh(mapped_q + C @ mapped_v), torch.tanh(mapped_v + C.T @ mapped_q)
        torch.testing.assert_close(made[0][n], pool_by_hand(q, hidden_q, layer.scores[0]))
        if len(v):
            torch.testing.assert_close(made[1][n], pool_by_hand(v, hidden_v, layer.scores[1]))
        else:
            assert (made[1][n] == 0).all()


def test_a_modality_is_the_mean_over_its_pairs():
    data = make_data()
    network, batch = make_network(CoAttentionNetwork, data), Batch.of(data)
    streams = network.tokens(batch)
    found = {m: [] for m in range(3)}
    for pair, (j, m) in zip(network.pairs, combinations(range(3), 2), strict=True):
        for place, summary in zip((j, m), pair(streams[j], streams[m]), strict=True):
            found[place].append(summary)
    joint = torch.cat([(first + second) / 2 for first, second in found.values()], dim=1)
    torch.testing.assert_close(network.head(joint), network(batch))


@pytest.mark.parametrize("cls", NETWORKS)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_every_pattern_of_absence_is_finite_and_reads_what_is_present_only(cls, pattern):
    data = make_data()
    network = make_network(cls, data)
    batch = Batch.of(data.with_present(np.tile(pattern, (6, 1))))
    for values in batch.values.values():
        values.requires_grad_()
    logits = network(batch)
    logits.square().sum().backward()
    assert logits.isfinite().all()
    assert all(p.grad is None or p.grad.isfinite().all() for p in network.parameters())
    for values, present in zip(batch.values.values(), pattern, strict=True):
        reached = (values.grad != 0).flatten(1).any(dim=1) if values.grad is not None else torch.zeros(6) > 0
        assert reached.tolist() == [present] * 6


@pytest.mark.parametrize("cls", NETWORKS)
def test_a_sample_does_not_depend_on_what_others_lack(cls):
    data = make_data()
    present = np.array(PATTERNS[1:7])
    network = make_network(cls, data)
    together = network(Batch.of(data.with_present(present)))
    for n in range(6):
        alone = network(Batch.of(data.with_present(present).take(np.array([n]))))
        torch.testing.assert_close(alone[0], together[n], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("cls", NETWORKS)
def test_padding_changes_nothing(cls):
    data = make_data()
    network = make_network(cls, data)
    expected = network(Batch.of(data))
    for name in ("a", "b"):
        modality = data.modalities[name]
        values = np.pad(modality.values, ((0, 0), (0, 9), (0, 0)))
        valid = np.arange(values.shape[1]) < modality.lengths[:, None]
        values = np.where(valid[:, :, None], values, np.float32(1e3))
        data = data.with_modality(name, replace(modality, values=values))
    torch.testing.assert_close(network(Batch.of(data)), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("cls", NETWORKS)
def test_every_parameter_gets_a_gradient_and_is_saved(cls):
    data = make_data().select(["a", "b"])  # among the tokens of a vector, one, there is nothing to choose
    network = make_network(cls, data)
    network(Batch.of(data)).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert (parameter.grad != 0).any(), name
    assert set(dict(network.named_parameters())) == set(network.state_dict())
