"""The training loop is the plain one, stops when validation says so, and depends on the seed alone."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.errors import DivergedError
from fusebench.fusions.neural import trainer
from fusebench.fusions.neural.batch import Batch
from fusebench.fusions.neural.trainer import predict_logits, seeded, train_network

SETTINGS = {"learning_rate": 0.01, "weight_decay": 0.1, "batch_size": 16, "max_epochs": 3, "patience": 10}


class Linear(nn.Module):
    def __init__(self, dropout=0.0):
        super().__init__()
        self.layers = nn.Sequential(nn.Dropout(dropout), nn.Linear(5, 3))

    def forward(self, batch):
        return self.layers(batch.values["x"])


def make_batch(n, seed, noise=0.5):
    rng = np.random.default_rng(seed)
    y = rng.integers(3, size=n)
    x = (np.eye(5)[y] + noise * rng.normal(size=(n, 5))).astype(np.float32)
    return Batch.of(MultimodalData({"x": Modality(Kind.VECTOR, x)}, y))


def plain_loop(network, data, validation, learning_rate, weight_decay, batch_size, max_epochs):
    """The loop that anybody would write, without early stopping."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=learning_rate, weight_decay=weight_decay)
    train_losses, validation_losses = [], []
    for _ in range(max_epochs):
        network.train()
        total = 0.0
        for rows in torch.randperm(len(data)).split(batch_size):
            loss = cross_entropy(network(data[rows]), data.labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        train_losses.append(total / len(data))
        network.eval()
        with torch.no_grad():
            validation_losses.append(cross_entropy(network(validation), validation.labels).item())
    return train_losses, validation_losses


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_training_is_the_plain_loop(dropout):
    data, validation = make_batch(50, 0), make_batch(20, 1)
    with seeded(0):
        expected = Linear(dropout)
        losses = plain_loop(expected, data, validation, 0.01, 0.1, 16, 3)
    with seeded(0):
        network = Linear(dropout)
        history = train_network(network, data, validation, **SETTINGS)
    np.testing.assert_allclose(history.train_loss, losses[0], rtol=1e-5)
    np.testing.assert_allclose(history.validation_loss, losses[1], rtol=1e-5)
    assert np.argmin(history.validation_loss) == 2
    torch.testing.assert_close(network.state_dict(), expected.state_dict())


def test_training_stops_in_time_and_keeps_the_best_weights():
    data, validation = make_batch(12, 0, noise=2.0), make_batch(50, 1, noise=2.0)
    with seeded(0):
        network = Linear()
        history = train_network(
            network, data, validation, **SETTINGS | {"learning_rate": 0.1, "max_epochs": 100, "patience": 4}
        )
    best = int(np.argmin(history.validation_loss))
    assert len(history.train_loss) == len(history.validation_loss) == best + 1 + 4 < 100
    loss = cross_entropy(predict_logits(network, validation), validation.labels).item()
    assert loss == pytest.approx(min(history.validation_loss), rel=1e-6)
    assert loss < history.validation_loss[-1] - 1e-3
    assert not network.training


def test_a_loss_that_is_not_finite_is_an_error_in_words():
    data, validation = make_batch(20, 0), make_batch(20, 1)
    data.values["x"][3] = float("nan")
    with pytest.raises(
        DivergedError, match=r"Linear diverged in epoch 1: .* nan .*; lower the learning rate"
    ):
        train_network(Linear(), data, validation, **SETTINGS)


def test_a_validation_loss_that_is_not_finite_is_an_error_too():
    data, validation = make_batch(20, 0), make_batch(20, 1)
    validation.values["x"][3] = float("inf")
    with pytest.raises(DivergedError):
        train_network(Linear(), data, validation, **SETTINGS)


def test_prediction_in_parts_is_prediction_at_once(monkeypatch):
    network, data = Linear(dropout=0.5), make_batch(23, 0)
    whole = predict_logits(network, data)
    monkeypatch.setattr(trainer, "_PREDICT_BATCH", 5)
    parts = predict_logits(network, data)
    assert parts.shape == (23, 3)
    torch.testing.assert_close(parts, whole)


def test_prediction_drops_nothing_and_records_no_gradient():
    network, data = Linear(dropout=0.5).train(), make_batch(23, 0)
    logits = predict_logits(network, data)
    torch.testing.assert_close(logits, network.layers[1](data.values["x"]))
    assert not logits.requires_grad


def test_a_seed_fixes_the_draws_and_leaves_the_global_generator_alone():
    torch_state = torch.get_rng_state()
    with seeded(3):
        first = torch.rand(4)
    assert torch.equal(torch.get_rng_state(), torch_state)
    torch.rand(7)
    with seeded(3):
        assert torch.equal(torch.rand(4), first)
    with seeded(4):
        assert not torch.equal(torch.rand(4), first)


def test_the_global_generator_comes_back_after_an_error_as_well():
    state = torch.get_rng_state()
    with pytest.raises(RuntimeError, match="inside"), seeded(3):
        raise RuntimeError("inside")
    assert torch.equal(torch.get_rng_state(), state)


class Reconstruction(nn.Module):
    """Needs no labels: its loss is how well it restores its input."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(5, 5)

    def loss(self, batch):
        return (self.layer(batch.values["x"]) - batch.values["x"]).square().mean()


def test_without_labels_training_stops_by_the_loss_of_the_network():
    data, validation = (replace(make_batch(n, seed), labels=None) for n, seed in ((50, 0), (20, 1)))
    with seeded(0):
        network = Reconstruction()
        history = train_network(network, data, validation, **SETTINGS)
    assert history.validation_loss[-1] < history.validation_loss[0]
    assert network.loss(validation).item() == pytest.approx(min(history.validation_loss))
