"""Multimodal VAEs against torch.distributions, quadrature, and the evidence of a linear Gaussian model."""

from itertools import product

import numpy as np
import pytest
import torch
from torch import nn
from torch.distributions import Categorical, Independent, MixtureSameFamily, MultivariateNormal, Normal
from torch.distributions.kl import kl_divergence

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.fusions.neural.batch import Batch
from fusebench.fusions.neural.encoders import Encoders
from fusebench.fusions.neural.joint import Decoders
from fusebench.fusions.neural.joint_vae import (
    MixtureVAE,
    ProductVAE,
    gaussian_bound,
    kl_to_prior,
    mixture_bound,
    mixture_mean,
    product_of_experts,
)
from fusebench.fusions.neural.trainer import seeded, task_loss

DRAWS = 20_000


@pytest.fixture(params=[2, 3])
def present(request):
    """Every pattern of absence, nothing at all included."""
    return torch.tensor(list(product([True, False], repeat=request.param)))


@pytest.fixture
def experts(present):
    with seeded(0):
        shape = (*present.shape, 2)
        return torch.randn(shape, dtype=torch.float64), torch.randn(shape, dtype=torch.float64)


class LinearGaussian:
    """Probabilistic principal components: x_m ~ N(W_m z + b_m, I) with orthogonal columns in each W_m.

    Then the likelihood of x_m is, as a function of z, a diagonal Gaussian, which makes the best expert of a
    modality known and their product with the prior the exact posterior.
    """

    sizes = (3, 4)
    latent = 2

    def __init__(self):
        rng = np.random.default_rng(3)
        self.weights, self.offsets = [], []
        for d in self.sizes:
            orthogonal, _ = np.linalg.qr(rng.normal(size=(d, self.latent)))
            self.weights.append(torch.tensor(orthogonal * rng.uniform(0.5, 2.0, size=self.latent)))
            self.offsets.append(torch.tensor(rng.normal(size=d)))
        self.x = [torch.tensor(2 * rng.normal(size=d)) for d in self.sizes]

    def experts(self):
        precisions = [(w**2).sum(dim=0) for w in self.weights]
        pairs = zip(self.weights, self.x, self.offsets, precisions, strict=True)
        means = torch.stack([w.T @ (x - b) / p for w, x, b, p in pairs])
        return means, -torch.stack(precisions).log()

    def log_likelihood(self, latent):
        pairs = zip(self.weights, self.x, self.offsets, strict=True)
        densities = [Normal(latent @ w.T + b, 1.0).log_prob(x).sum(dim=1) for w, x, b in pairs]
        return torch.stack(densities, dim=1)

    def log_evidence(self, seen):
        w = torch.cat([w for w, a in zip(self.weights, seen, strict=True) if a])
        x = torch.cat([x for x, a in zip(self.x, seen, strict=True) if a])
        b = torch.cat([b for b, a in zip(self.offsets, seen, strict=True) if a])
        return float(MultivariateNormal(b, torch.eye(len(x), dtype=torch.float64) + w @ w.T).log_prob(x))

    def draws(self, means, log_variances, seen):
        """The arguments of a bound, many times over."""
        mask = torch.tensor(seen).expand(DRAWS, len(self.sizes))
        return means.expand(DRAWS, -1, -1), log_variances.expand(DRAWS, -1, -1), mask


def test_a_product_of_experts_is_the_product_of_their_densities_and_the_prior(experts, present):
    """On a grid the log of the product differs from that of the Gaussian by a constant only."""
    means, log_variances = experts
    mean, log_variance = product_of_experts(means, log_variances, present)
    grid = torch.linspace(-3, 3, 7, dtype=torch.float64)[:, None, None]
    logs = Normal(means, (0.5 * log_variances).exp()).log_prob(grid[..., None])
    logs = (logs * present[:, :, None]).sum(dim=2) + Normal(0.0, 1.0).log_prob(grid)
    difference = logs - Normal(mean, (0.5 * log_variance).exp()).log_prob(grid)
    torch.testing.assert_close(difference - difference[:1], torch.zeros_like(difference), atol=1e-9, rtol=0)


def test_the_divergence_from_the_prior_is_that_of_torch(experts):
    mean, log_variance = experts[0][:, 0], experts[1][:, 0]
    expected = kl_divergence(Normal(mean, (0.5 * log_variance).exp()), Normal(0.0, 1.0)).sum(dim=1)
    torch.testing.assert_close(kl_to_prior(mean, log_variance), expected)


@pytest.mark.parametrize("seen", [(True, True), (True, False), (False, True)])
def test_the_bound_of_the_product_is_tight_for_a_linear_gaussian_model(seen):
    model = LinearGaussian()
    means, log_variances, mask = model.draws(*model.experts(), seen)
    with seeded(0):
        exact = gaussian_bound(*product_of_experts(means, log_variances, mask), mask, model.log_likelihood)
        worse = gaussian_bound(
            *product_of_experts(means, log_variances + 1, mask), mask, model.log_likelihood
        )
    error = float(exact.std()) / DRAWS**0.5
    evidence = model.log_evidence(seen)
    assert abs(float(exact.mean()) - evidence) < 4 * error
    # A posterior that is not the exact one loses by its divergence from it.
    right, wrong = (
        product_of_experts(means[:1], lv[:1], mask[:1]) for lv in (log_variances, log_variances + 1)
    )
    divergence = kl_divergence(*(Normal(m[0], (0.5 * lv[0]).exp()) for m, lv in (wrong, right))).sum()
    assert float(divergence) > 10 * error
    assert abs(float(worse.mean() + divergence) - evidence) < 4 * float(worse.std()) / DRAWS**0.5


@pytest.mark.parametrize("seen", [(True, True), (False, True)])
def test_the_bound_of_the_mixture_is_exact_where_all_experts_are_the_posterior(seen):
    """Then numerator and denominator are in proportion, and every single draw gives the evidence."""
    model = LinearGaussian()
    means, log_variances = model.experts()
    posterior = product_of_experts(means[None], log_variances[None], torch.tensor([seen]))
    copies = [part.expand(len(model.sizes), -1) for part in posterior]
    means, log_variances, mask = model.draws(*copies, seen)
    with seeded(0):
        bound = mixture_bound(means, log_variances, mask, model.log_likelihood)
    torch.testing.assert_close(bound, torch.full_like(bound, model.log_evidence(seen)))


def test_the_bound_of_the_mixture_is_the_evidence_minus_the_divergence_of_the_mixture():
    """By quadrature over a plane: KL(q || posterior), with q made by torch.distributions."""
    model = LinearGaussian()
    means, log_variances = model.experts()
    scales = (0.5 * log_variances).exp()
    mixture = MixtureSameFamily(
        Categorical(torch.ones(2, dtype=torch.float64)), Independent(Normal(means, scales), 1)
    )
    axis = torch.linspace(-12, 12, 801, dtype=torch.float64)
    grid = torch.cartesian_prod(axis, axis)
    log_q = mixture.log_prob(grid)
    log_joint = model.log_likelihood(grid).sum(dim=1) + Normal(0.0, 1.0).log_prob(grid).sum(dim=1)
    expected = float((log_q.exp() * (log_joint - log_q)).sum() * (axis[1] - axis[0]) ** 2)
    arguments = model.draws(means, log_variances, (True, True))
    with seeded(0):
        bound = mixture_bound(*arguments, model.log_likelihood)
    assert abs(float(bound.mean()) - expected) < 4 * float(bound.std()) / DRAWS**0.5
    assert expected < model.log_evidence((True, True))


def test_the_mean_of_a_mixture_is_that_of_the_experts_present(experts, present):
    fused = mixture_mean(experts[0], present)
    for row, mean, seen in zip(fused, experts[0], present, strict=True):
        torch.testing.assert_close(row, mean[seen].mean(dim=0) if seen.any() else torch.zeros_like(row))


def test_the_content_of_an_absent_expert_reaches_nothing(experts, present):
    means, log_variances = experts
    other = torch.where(present[:, :, None], means, 7.0)
    torch.testing.assert_close(
        product_of_experts(means, log_variances, present), product_of_experts(other, log_variances, present)
    )
    torch.testing.assert_close(mixture_mean(means, present), mixture_mean(other, present))

    def log_likelihood(latent):
        return -latent.square()[:, :1].expand(-1, present.shape[1])

    bounds = []
    for content in (means, other):
        with seeded(0):
            bounds.append(mixture_bound(content, log_variances, present, log_likelihood))
    torch.testing.assert_close(*bounds)


@pytest.fixture
def data(present):
    rng = np.random.default_rng(0)
    rows = torch.cat([present] * 3).numpy()
    modalities = {
        f"m{m}": Modality(Kind.VECTOR, (rng.normal(size=(len(rows), 2 + m)) * a[:, None]).astype(np.float32))
        for m, a in enumerate(rows.T)
    }
    return MultimodalData(modalities, np.arange(len(rows)) % 3, rows)


def make(cls, data):
    with seeded(0):
        return cls(
            Encoders(data.modalities, 5, 0.0),
            5,
            4,
            Decoders(data.modalities, 4, 6, 0.0),
            nn.Linear(4, 3),
            0.7,
        )


def log_likelihood_of(network, batch):
    """Gaussians of variance 1 around what the decoders give, without the constant."""

    def log_likelihood(latent):
        pairs = zip(network.decoders(latent), batch.values.values(), strict=True)
        return torch.stack([-0.5 * ((x - y) ** 2).sum(dim=1) for x, y in pairs], dim=1)

    return log_likelihood


def total(network, mean, bound, batch):
    n_features = sum(values.shape[1] for values in batch.values.values())
    return task_loss(network.head(mean), batch) - 0.7 * bound.mean() / n_features


def test_the_product_is_trained_on_samples_and_on_each_of_their_modalities_alone(data):
    network, batch = make(ProductVAE, data), Batch.of(data)
    with seeded(1):
        loss = network.loss(batch)
    rows, masks = list(range(len(data))), list(batch.present)
    for m in range(data.mask.shape[1]):
        for n in np.flatnonzero(data.mask[:, m]):
            rows.append(int(n))
            masks.append(torch.arange(data.mask.shape[1]) == m)
    repeated, mask = batch[torch.tensor(rows)], torch.stack(masks)
    mean, log_variance = product_of_experts(*network.encode(repeated), mask)
    with seeded(1):
        bound = gaussian_bound(mean, log_variance, mask, log_likelihood_of(network, repeated))
    torch.testing.assert_close(loss, total(network, mean, bound, repeated))
    own = product_of_experts(*network.encode(batch), batch.present)[0]
    torch.testing.assert_close(network(batch), network.head(own))


def test_the_mixture_is_trained_on_its_bound_and_predicts_from_its_mean(data):
    network, batch = make(MixtureVAE, data), Batch.of(data)
    means, log_variances = network.encode(batch)
    with seeded(1):
        loss = network.loss(batch)
    with seeded(1):
        bound = mixture_bound(means, log_variances, batch.present, log_likelihood_of(network, batch))
    mean = mixture_mean(means, batch.present)
    torch.testing.assert_close(loss, total(network, mean, bound, batch))
    torch.testing.assert_close(network(batch), network.head(mean))


@pytest.mark.parametrize("cls", [ProductVAE, MixtureVAE])
def test_every_parameter_is_saved_and_gets_a_finite_gradient(cls, data):
    network = make(cls, data)
    with seeded(1):
        network.loss(Batch.of(data)).backward()
    named = dict(network.named_parameters())
    assert set(named) == set(network.state_dict())
    for parameter in named.values():
        assert parameter.grad.isfinite().all()
        assert (parameter.grad != 0).any()
