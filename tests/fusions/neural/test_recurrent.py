"""Recurrent networks against their equations step by step; convolutions see the past alone."""

from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.fusions.neural.batch import Batch
from fusebench.fusions.neural.concatenation import SideBySide
from fusebench.fusions.neural.encoders import frame_mask
from fusebench.fusions.neural.recurrent import (
    EarlyFusionLSTM,
    LSTMEncoder,
    LSTMSystem,
    MemoryFusionNetwork,
    TemporalBlock,
    TemporalConvolution,
    joint_frames,
)
from fusebench.fusions.neural.trainer import seeded

WIDTH = 4
NETWORKS = {
    EarlyFusionLSTM: {},
    MemoryFusionNetwork: {},
    TemporalConvolution: {"blocks": 2, "kernel_size": 2},
}


def make_data(n=5, steps=6):
    rng = np.random.default_rng(0)
    sizes = {"a": 3, "b": 2, "c": 1}
    return MultimodalData(
        {
            name: Modality(Kind.SEQUENCE, rng.normal(size=(n, steps, d)).astype(np.float32))
            for name, d in sizes.items()
        }
    )


def make_network(cls, data):
    with seeded(0):
        network = cls(data.modalities, width=WIDTH, n_outputs=3, dropout=0.0, **NETWORKS[cls]).double().eval()
        for parameter in network.parameters():
            parameter.data = torch.randn_like(parameter) / 2
    return network


def make_batch(data):
    batch = Batch.of(data)
    for name, values in batch.values.items():
        batch.values[name] = values.double()
    return batch


def perceptron(layers, x):
    first, last = layers[0], layers[3]
    return torch.relu(x @ first.weight.T + first.bias) @ last.weight.T + last.bias


def lstm_step(system, m, x, h, c):
    """The textbook equations for one modality and frame."""
    linear = system.inputs[m]
    i, f, g, o = (x @ linear.weight.T + linear.bias + h @ system.recurrent[m]).split(WIDTH, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


@pytest.mark.parametrize("pattern", list(product([False, True], repeat=3)))
def test_memory_fusion_follows_its_equations(pattern):
    data = make_data()
    data = data.with_present(np.tile(pattern, (len(data), 1)))
    batch = make_batch(data)
    network = make_network(MemoryFusionNetwork, data)
    zero = torch.zeros(5, WIDTH, dtype=torch.float64)
    h, c, u = [zero] * 3, [zero] * 3, zero
    for t in range(6):
        before = c
        steps = [
            lstm_step(network.system, m, x[:, t], h[m], c[m]) if pattern[m] else (zero, zero)
            for m, x in enumerate(batch.values.values())
        ]
        h, c = [step[0] for step in steps], [step[1] for step in steps]
        both = torch.cat([*before, *c], dim=1)
        scores = perceptron(network.attention, both).exp()
        attended = both * scores / scores.sum(dim=1, keepdim=True)
        kept, added = (perceptron(gate, attended).sigmoid() for gate in (network.keep, network.update))
        u = kept * u + added * perceptron(network.content, attended).tanh()
    expected = perceptron(network.head, torch.cat([*h, u], dim=1))
    torch.testing.assert_close(network(batch), expected)


def test_a_system_of_lstms_is_an_lstm_a_modality():
    data = make_data()
    batch = make_batch(data)
    with seeded(0):
        system = LSTMSystem(data.modalities, WIDTH).double()
    states, memories = system(batch)
    for m, (values, layer) in enumerate(zip(batch.values.values(), system.inputs, strict=True)):
        lstm = nn.LSTM(values.shape[2], WIDTH, batch_first=True, dtype=torch.float64)
        with torch.no_grad():
            lstm.weight_ih_l0.copy_(layer.weight)
            lstm.weight_hh_l0.copy_(system.recurrent[m].T)
            lstm.bias_ih_l0.copy_(layer.bias)
            lstm.bias_hh_l0.zero_()
        for steps in range(1, 7):
            _, (_, memory) = lstm(values[:, :steps])
            torch.testing.assert_close(memories[m, steps - 1], memory[0])
        torch.testing.assert_close(states[m], lstm(values)[0][:, -1])


def test_early_fusion_is_an_lstm_over_joint_frames():
    data = make_data()
    batch = make_batch(data)
    network = make_network(EarlyFusionLSTM, data)
    joint = np.concatenate(
        [*(m.values for m in data.modalities.values()), np.ones((5, 6, 3), np.float32)], axis=2
    )
    _, (last, _) = network.recurrence(torch.tensor(joint).double())
    torch.testing.assert_close(network(batch), perceptron(network.head[1], last[0]))


def test_joint_frames_say_what_is_present():
    data = make_data()
    present = np.array([[True, False, True]] * 5)
    frames = joint_frames(Batch.of(data.with_present(present)))
    assert (frames[:, :, 3:5] == 0).all()
    assert frames[:, :, 6:].unique(dim=1).squeeze(1).tolist() == [[1, 0, 1]] * 5
    np.testing.assert_array_equal(frames[:, :, 5:6], data.modalities["c"].values)


@pytest.mark.parametrize("steps", [7, 70])
def test_an_encoder_gives_the_state_at_the_last_valid_frame(steps):
    with seeded(0):
        encoder = LSTMEncoder(Modality(Kind.SEQUENCE, np.zeros((1, steps, 3), np.float32)), 6, 0.0)
        values = torch.randn(4, steps, 3)
    lengths = torch.tensor([1, 3, steps - 2, steps])
    longer = torch.cat([values, torch.zeros(4, 40, 3)], dim=1)
    garbage = torch.where(frame_mask(lengths, steps + 40)[:, :, None], longer, torch.tensor(1e3))
    expected = encoder(values, lengths)
    torch.testing.assert_close(encoder(garbage, lengths), expected)
    for row, length in enumerate(lengths.tolist()):
        frames, valid = encoder.frames(values[row : row + 1, :length], lengths[row : row + 1])
        _, (last, _) = encoder.recurrence(torch.relu(frames[:, : valid.sum()]))
        torch.testing.assert_close(last[0, 0], expected[row])


def test_concatenation_keeps_the_order():
    assert SideBySide()([torch.ones(1, 2), torch.zeros(1, 2)]).tolist() == [[1, 1, 0, 0]]


def make_block(inputs, outputs, kernel_size, dilation, dropout=0.0):
    with seeded(0):
        block = TemporalBlock(inputs, outputs, kernel_size=kernel_size, dilation=dilation, dropout=dropout)
    return block.double().eval()


@pytest.mark.parametrize(("inputs", "outputs"), [(3, 4), (4, 4)])
def test_a_temporal_block_follows_its_equations(inputs, outputs):
    kernel_size, dilation = 3, 2
    block = make_block(inputs, outputs, kernel_size, dilation)
    with seeded(1):
        x = torch.randn(2, inputs, 9, dtype=torch.float64)
    hidden = x
    for layer in (block.layers[1], block.layers[5]):
        scale, direction = layer.parametrizations.weight.original0, layer.parametrizations.weight.original1
        weights = scale * direction / direction.flatten(1).norm(dim=1)[:, None, None]
        following = torch.zeros(2, outputs, 9, dtype=torch.float64)
        for t, k in product(range(9), range(kernel_size)):
            past = t - (kernel_size - 1 - k) * dilation
            if past >= 0:
                following[:, :, t] += hidden[:, :, past] @ weights[:, :, k].T
        hidden = torch.relu(following + layer.bias[:, None])
    shortcut = x if inputs == outputs else torch.einsum("nit,oi->not", x, block.shortcut.weight[:, :, 0])
    bias = 0 if inputs == outputs else block.shortcut.bias[:, None]
    torch.testing.assert_close(block(x), torch.relu(hidden + shortcut + bias))


@pytest.mark.parametrize(("blocks", "kernel_size"), [(1, 2), (2, 3), (3, 2)])
def test_a_frame_sees_as_much_of_the_past_as_is_said(blocks, kernel_size):
    reach = 1 + 2 * (kernel_size - 1) * (2**blocks - 1)
    data = make_data(n=1, steps=reach + 5)
    with seeded(0):
        network = TemporalConvolution(
            data.modalities, width=16, blocks=blocks, kernel_size=kernel_size, n_outputs=2, dropout=0.0
        )
        for parameter in network.parameters():
            parameter.data = parameter.abs() + 0.01  # nothing cancels, and no ReLU is shut
    frames = torch.rand(1, 9, reach + 5, requires_grad=True)
    features = network.blocks(frames)
    features[0, :, -3].sum().backward()
    seen = (frames.grad != 0).any(dim=1)[0].tolist()
    assert seen == [False] * 3 + [True] * reach + [False] * 2


def test_dropout_drops_whole_features():
    block = make_block(4, 4, 2, 1, dropout=0.5).train()
    with seeded(0):
        dropped = block.layers[3](torch.ones(50, 4, 7))
    assert ((dropped == 0).all(dim=2) | (dropped == 2).all(dim=2)).all()


@pytest.mark.parametrize("cls", NETWORKS)
def test_every_parameter_gets_a_gradient_and_is_saved(cls):
    data = make_data()
    network = make_network(cls, data)
    network(make_batch(data)).square().sum().backward()
    for name, parameter in network.named_parameters():
        assert (parameter.grad != 0).any(), name
    assert set(dict(network.named_parameters())) == set(network.state_dict())


@pytest.mark.parametrize("cls", NETWORKS)
@pytest.mark.parametrize("pattern", list(product([False, True], repeat=3)))
def test_every_pattern_of_absence_is_finite_and_reads_what_is_present_only(cls, pattern):
    data = make_data()
    batch = make_batch(data.with_present(np.tile(pattern, (len(data), 1))))
    for values in batch.values.values():
        values.requires_grad_()
    logits = make_network(cls, data)(batch)
    logits.square().sum().backward()
    assert logits.isfinite().all()
    for values, present in zip(batch.values.values(), pattern, strict=True):
        assert (values.grad != 0).flatten(1).any(dim=1).tolist() == [present] * len(data)
