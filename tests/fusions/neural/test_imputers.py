"""The translator's loss and its translations, written out sample by sample."""

from itertools import product

import numpy as np
import pytest
import torch

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.fusions.neural.batch import Batch
from fusebench.fusions.neural.imputers import Translator
from fusebench.fusions.neural.trainer import seeded

SIZES = [3, 2, 4]


@pytest.fixture(params=[2, 3])
def data(request):
    """Every pattern of absence, nothing at all included; absent content is 0."""
    present = np.array(list(product([True, False], repeat=request.param)) * 2)
    rng = np.random.default_rng(0)
    content = [
        rng.standard_normal((len(present), d)) * a[:, None] for d, a in zip(SIZES, present.T, strict=False)
    ]
    return MultimodalData(
        {f"m{m}": Modality(Kind.VECTOR, x.astype(np.float32)) for m, x in enumerate(content)}, present=present
    )


@pytest.fixture
def network(data):
    with seeded(0):
        network = Translator(data.modalities, width=5, cycle=0.7)
        for parameter in network.parameters():
            parameter.data = torch.randn_like(parameter)
    return network.eval()


def layers(network):
    """Encoders and decoders in numpy."""
    linear = [encoder.layers[0] for encoder in network.encoders.encoders]
    arrays = [
        [(f.weight.detach().numpy().astype(float), f.bias.detach().numpy().astype(float)) for f in module]
        for module in (linear, network.decoders)
    ]

    def translate(x, source, target):
        (w, b), (v, c) = arrays[0][source], arrays[1][target]
        return v @ np.tanh(w @ x + b) + c

    return translate


def test_the_loss_is_the_formula(data, network):
    translate, x = layers(network), [m.values.astype(float) for m in data.modalities.values()]
    expected = 0.0
    for s, t in product(range(len(x)), repeat=2):
        if s == t:
            continue
        there = {i: translate(x[s][i], s, t) for i in range(len(data)) if data.mask[i, s]}
        expected += np.mean([np.mean((y - x[t][i]) ** 2) for i, y in there.items() if data.mask[i, t]])
        cycles = [np.mean((translate(y, t, s) - x[s][i]) ** 2) for i, y in there.items()]
        expected += 0.7 * np.mean(cycles)
    np.testing.assert_allclose(network.loss(Batch.of(data)).item(), expected, rtol=1e-5)


def test_a_modality_is_the_mean_translation_of_the_others_that_are_present(data, network):
    translate, x = layers(network), [m.values.astype(float) for m in data.modalities.values()]
    filled = network(Batch.of(data))
    for i, t in product(range(len(data)), range(len(x))):
        sources = [s for s in range(len(x)) if s != t and data.mask[i, s]]
        expected = np.mean([translate(x[s][i], s, t) for s in sources], axis=0) if sources else 0.0
        np.testing.assert_allclose(filled[t][i].detach(), expected, atol=1e-5)


def test_the_cycle_alone_trains_without_pairs(data, network):
    first, second = data.names[:2]
    unpaired = data.take(data.has(first)).without(*data.names[1:])
    loss = network.loss(Batch.of(unpaired))
    loss.backward()
    assert loss.item() > 0
    there = network.decoders[data.names.index(second)]
    assert there.weight.grad.abs().sum() > 0
