"""Coordination losses against their definitions, and networks against every pattern of absence."""

from itertools import product

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.fusions.cca import canonical_weights
from fusebench.fusions.neural.batch import Batch
from fusebench.fusions.neural.coordinated import (
    Contrast,
    CoordinatedNetwork,
    CrossModalTriplets,
    TotalCorrelation,
)
from fusebench.fusions.neural.encoders import Encoders, mlp
from fusebench.fusions.neural.trainer import seeded

LOSSES = [TotalCorrelation, Contrast, CrossModalTriplets]


def draw(n=40, width=4, seed=0):
    with seeded(seed):
        x = torch.randn(n, width, dtype=torch.float64)
        z = 0.7 * x.flip(1) + torch.randn(n, width, dtype=torch.float64)
    return x, z, torch.arange(n) % 3


def test_total_correlation_is_the_sum_of_the_canonical_correlations():
    x, z, labels = draw()
    covariance = np.cov(torch.cat([x, z], dim=1).numpy(), rowvar=False)
    _, correlations = canonical_weights(covariance, [4, 4])
    assert TotalCorrelation(ridge=0.0)(x, z, labels).item() == pytest.approx(-correlations.sum())


def test_total_correlation_has_its_ridge_on_both_covariances():
    x, z, labels = draw()
    C = np.cov(torch.cat([x, z], dim=1).numpy(), rowvar=False)
    C[:4, :4] += 0.5 * np.eye(4)
    C[4:, 4:] += 0.5 * np.eye(4)
    _, correlations = canonical_weights(C, [4, 4])
    assert TotalCorrelation(ridge=0.5)(x, z, labels).item() == pytest.approx(-correlations.sum())


def test_no_linear_map_of_the_embeddings_changes_their_total_correlation():
    x, z, labels = draw()
    mixing = draw(4, seed=1)[0]
    loss = TotalCorrelation(ridge=0.0)
    torch.testing.assert_close(loss(x @ mixing + 3, -z, labels), loss(x, z, labels))


@pytest.mark.parametrize("loss", [TotalCorrelation(), Contrast().double(), CrossModalTriplets()])
def test_gradients_are_those_of_finite_differences(loss):
    x, z, labels = draw(8, 3)
    assert torch.autograd.gradcheck(lambda a, b: loss(a, b, labels), (x.requires_grad_(), z.requires_grad_()))


@pytest.mark.parametrize("sharpness", [0.0, 0.3, 5.0])
def test_contrast_is_the_mean_of_two_cross_entropies(sharpness):
    x, z, labels = draw(6)
    loss = Contrast()
    loss.sharpness.data = torch.tensor(sharpness)
    temperature = max(0.07 * np.exp(-sharpness), 0.01)
    a, b = (v.numpy() / np.linalg.norm(v.numpy(), axis=1, keepdims=True) for v in (x, z))
    total = 0.0
    for i in range(6):
        forth = np.exp([a[i] @ b[j] / temperature for j in range(6)])
        back = np.exp([a[j] @ b[i] / temperature for j in range(6)])
        total -= np.log(forth[i] / forth.sum()) + np.log(back[i] / back.sum())
    assert loss(x, z, labels).item() == pytest.approx(total / 12, rel=1e-5)


@pytest.mark.parametrize("margin", [0.2, 1.0])
def test_triplets_are_all_of_them(margin):
    x, z, labels = draw(9)
    embeddings = [v.numpy() / np.linalg.norm(v.numpy(), axis=1, keepdims=True) for v in (x, z)]
    losses = []
    for anchors, others in (embeddings, embeddings[::-1]):
        for i, p, n in product(range(9), repeat=3):
            if labels[i] == labels[p] != labels[n]:
                closer = ((anchors[i] - others[p]) ** 2).sum()
                farther = ((anchors[i] - others[n]) ** 2).sum()
                losses.append(max(closer - farther + margin, 0.0))
    assert len(losses) == 2 * 9 * 3 * 6
    assert CrossModalTriplets(margin)(x, z, labels).item() == pytest.approx(np.mean(losses))


def test_without_triplets_the_loss_is_zero():
    x, z, _ = draw(5)
    assert CrossModalTriplets()(x, z, torch.zeros(5, dtype=torch.int64)).item() == 0


@pytest.mark.parametrize("n", [2, 3, 40])
@pytest.mark.parametrize("loss", LOSSES)
def test_collapsed_embeddings_have_finite_gradients(loss, n):
    x = torch.ones(n, 4, requires_grad=True)
    z = torch.zeros(n, 4, requires_grad=True)
    loss()(x, z, torch.arange(n) % 2).backward()
    assert x.grad.isfinite().all()
    assert z.grad.isfinite().all()


class SumOfProducts(nn.Module):
    """A loss of known value, to see what it is given."""

    def forward(self, x, z, labels):
        return (x * z).sum() + 100 * len(labels) + 1000 * labels.sum()


def make_network(present, coordination, weight=0.5):
    """A network on one-hot vectors and the batch that it is given."""
    n, n_modalities = present.shape
    values = np.random.default_rng(0).standard_normal((n_modalities, n, 3)).astype(np.float32)
    modalities = {
        name: Modality(Kind.VECTOR, x * here[:, None])
        for name, x, here in zip("abc", values, present.T, strict=False)
    }
    with seeded(0):
        encoders = Encoders(modalities, 4, dropout=0.0)
        network = CoordinatedNetwork(encoders, coordination, mlp(4, 5, 2, dropout=0.0), weight)
    return network, Batch.of(MultimodalData(modalities, np.arange(n) % 2, present))


@pytest.mark.parametrize("n_modalities", [2, 3])
def test_the_head_reads_the_mean_of_what_is_present(n_modalities):
    present = np.array(list(product([True, False], repeat=n_modalities)))
    network, batch = make_network(present, SumOfProducts())
    embeddings = network.encoders(batch)
    for row, logits in enumerate(network(batch)):
        own = [z[row] for z, here in zip(embeddings, present[row], strict=True) if here]
        mean = torch.stack(own).mean(dim=0) if own else torch.zeros(4)
        torch.testing.assert_close(logits, network.head(mean))


def test_pairs_take_part_where_both_are_present():
    present = np.array([[1, 1, 1], [1, 1, 0], [0, 1, 1], [1, 1, 0], [0, 0, 0]], bool)
    network, batch = make_network(present, SumOfProducts(), weight=0.5)
    a, b, c = network.encoders(batch)
    # a and b share the samples 0, 1 and 3; b and c 0 and 2; a and c only one, too few.
    expected = (a * b)[[0, 1, 3]].sum() + 300 + 2000 + (b * c)[[0, 2]].sum() + 200
    task = cross_entropy(network(batch), batch.labels)
    torch.testing.assert_close(network.loss(batch), task + 0.5 * expected)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    "present",
    [[[1, 0], [0, 1], [1, 0]], [[1, 1], [0, 1], [1, 0]], [[1, 1], [1, 1], [0, 0]], [[1, 1]]],
    ids=["no pair", "one pair", "two pairs", "batch of one"],
)
def test_few_pairs_are_no_trouble(loss, present):
    network, batch = make_network(np.array(present, bool), loss())
    total = network.loss(batch)
    total.backward()
    assert total.isfinite()
    assert all(p.grad.isfinite().all() for p in network.parameters() if p.grad is not None)


@pytest.mark.parametrize("loss", LOSSES)
def test_every_parameter_is_saved_and_gets_a_gradient(loss):
    network, batch = make_network(np.ones((30, 3), bool), loss())
    network.loss(batch).backward()
    named = dict(network.named_parameters())
    assert set(named) == set(network.state_dict())
    assert all((parameter.grad != 0).any() for parameter in named.values())
