"""The joint autoencoder against its loss written out sample by sample, for every pattern of absence."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
from torch import nn

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.fusions.neural.batch import Batch
from fusebench.fusions.neural.encoders import Encoders
from fusebench.fusions.neural.joint import (
    Decoders,
    JointAutoencoder,
    repeat_with_less,
    targets,
)
from fusebench.fusions.neural.trainer import seeded

WEIGHT = 0.7


@pytest.fixture(params=[1, 2, 3])
def data(request):
    """Every pattern of absence, nothing at all included; the first modality is a sequence."""
    rng = np.random.default_rng(0)
    present = np.array(list(product([True, False], repeat=request.param)) * 2)
    n = len(present)
    lengths = rng.integers(1, 5, size=n)
    frames = rng.normal(size=(n, 4, 2)) * (np.arange(4) < lengths[:, None])[:, :, None]
    modalities = {"m0": Modality(Kind.SEQUENCE, frames.astype(np.float32), lengths)}
    for m in range(1, request.param):
        modalities[f"m{m}"] = Modality(Kind.VECTOR, rng.normal(size=(n, 2 + m)).astype(np.float32))
    for m, modality in enumerate(modalities.values()):
        modality.values[~present[:, m]] = 0
    return MultimodalData(modalities, np.arange(n) % 3, present)


def make(data):
    with seeded(0):
        return JointAutoencoder(
            Encoders(data.modalities, 5, 0.0),
            nn.Sequential(nn.Linear(5 * len(data.modalities), 6), nn.Tanh()),
            Decoders(data.modalities, 6, 7, 0.0),
            nn.Linear(6, 3),
            WEIGHT,
        )


def test_a_sequence_is_reconstructed_as_the_mean_of_its_frames(data):
    wanted = targets(Batch.of(data))
    sequence = data.modalities["m0"]
    for n, length in enumerate(sequence.lengths):
        np.testing.assert_allclose(wanted[0][n], sequence.values[n, :length].mean(axis=0), atol=1e-6)
    for target, modality in zip(wanted[1:], list(data.modalities.values())[1:], strict=True):
        np.testing.assert_array_equal(target, modality.values)


def test_the_loss_is_that_of_whole_inputs_and_of_inputs_without_each_modality(data):
    network, batch = make(data).requires_grad_(False), Batch.of(data)
    wanted = targets(batch)
    n_modalities, n_features = data.mask.shape[1], sum(x.shape[1] for x in wanted)
    losses = []
    for hidden in [None, *range(n_modalities)]:
        seen = batch.present.clone()
        if hidden is not None:
            seen[:, hidden] = False
        # The network itself is shown less; what it has to reconstruct is less by nothing.
        shown = replace(batch, present=seen)
        code = network.join(torch.cat(network.encoders(shown), dim=1))
        log_probabilities = network(shown).log_softmax(dim=1)
        rows = range(len(data)) if hidden is None else np.flatnonzero(seen.any(dim=1).numpy())
        for n in rows:
            error = 0.0
            for m, decoder in enumerate(network.decoders.decoders):
                if batch.present[n, m]:
                    error += float(((decoder(code[n]) - wanted[m][n]) ** 2).sum())
            losses.append(WEIGHT * error / n_features - float(log_probabilities[n, batch.labels[n]]))
    assert float(network.loss(batch)) == pytest.approx(np.mean(losses), rel=1e-5)


def test_samples_are_repeated_with_what_is_left_of_them():
    present = torch.tensor([[True, False, True], [False, False, False], [True, True, True]])
    kept = torch.tensor([[True, True, False], [False, True, False]])
    rows, masks = repeat_with_less(present, kept)
    expected = [(n, present[n].tolist()) for n in range(3)]
    expected += [
        (n, [a and k for a, k in zip(present[n].tolist(), way.tolist(), strict=True)])
        for way in kept
        for n in range(3)
    ]
    expected = expected[:3] + [(n, mask) for n, mask in expected[3:] if any(mask)]
    assert list(zip(rows.tolist(), masks.tolist(), strict=True)) == expected


def test_a_code_of_one_modality_reconstructs_the_other():
    """Both modalities are the same two numbers, so that each tells all of the other."""
    rng = np.random.default_rng(1)
    values = rng.normal(size=(400, 2)).astype(np.float32)
    vector = Modality(Kind.VECTOR, values)
    data = MultimodalData({"a": vector, "b": vector}, (values[:, 0] > 0).astype(int))
    batch = Batch.of(data)
    with seeded(0):
        network = JointAutoencoder(
            Encoders(data.modalities, 16, 0.0),
            nn.Sequential(nn.Linear(32, 16), nn.Tanh()),
            Decoders(data.modalities, 16, 16, 0.0),
            nn.Linear(16, 2),
            1.0,
        )
        optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
        for _ in range(300):
            optimizer.zero_grad()
            network.loss(batch).backward()
            optimizer.step()
    alone = replace(batch, present=torch.tensor([[True, False]]).expand(400, 2))
    code = network.join(torch.cat(network.encoders(alone), dim=1))
    assert (network.decoders(code)[1] - batch.values["b"]).square().mean() < 0.1


def test_every_parameter_is_saved_and_gets_a_gradient(data):
    network = make(data)
    network.loss(Batch.of(data)).backward()
    named = dict(network.named_parameters())
    assert set(named) == set(network.state_dict())
    assert all((parameter.grad != 0).any() for parameter in named.values())
