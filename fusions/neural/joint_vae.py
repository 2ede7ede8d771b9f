"""Multimodal variational autoencoders: a Gaussian expert for each modality, their product or mixture.

**Shape.** Experts are means and log variances (n, M, latent); a mask `present` is (n, M); a bound is (n,), in
nats. The prior of the latent is a standard normal.

Examples
--------
>>> means, log_variances = torch.tensor([[[3.0], [9.0]]]), torch.zeros(1, 2, 1)
>>> mean, log_variance = product_of_experts(means, log_variances, torch.tensor([[True, True]]))
>>> mean.item(), round(log_variance.exp().item(), 3)
(4.0, 0.333)
"""

from collections.abc import Callable
from math import log, pi

import torch
from torch import Tensor, nn

from .batch import Batch
from .encoders import Encoders
from .joint import Decoders, repeat_with_less, targets
from .trainer import task_loss

__all__ = [
    "MixtureVAE",
    "MultimodalVAE",
    "ProductVAE",
    "gaussian_bound",
    "kl_to_prior",
    "mixture_bound",
    "mixture_mean",
    "product_of_experts",
]

LogLikelihood = Callable[[Tensor], Tensor]
"""From a latent (n, latent) to the log density of every modality given it, (n, M)."""


def product_of_experts(means: Tensor, log_variances: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
    """Multiply the densities of the experts that are present and of the prior.

    Returns
    -------
    mean, log_variance : Tensor of shape (n, latent)
        Of the Gaussian that the product is, once scaled.
    """
    precisions = (-log_variances).exp() * present[:, :, None]
    precision = 1 + precisions.sum(dim=1)
    return (precisions * means).sum(dim=1) / precision, -precision.log()


def mixture_mean(means: Tensor, present: Tensor) -> Tensor:
    """Average the means of the experts that are present, (n, latent); of none it is that of the prior."""
    shares = present / present.sum(dim=1, keepdim=True).clamp(min=1)
    return (means * shares[:, :, None]).sum(dim=1)


def kl_to_prior(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Kullback-Leibler divergence of a Gaussian (n, latent) from the standard normal, (n,).

    Examples
    --------
    >>> kl_to_prior(torch.tensor([[2.0, 0.0]]), torch.zeros(1, 2))
    tensor([2.])
    """
    return 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).sum(dim=1)


def gaussian_bound(
    mean: Tensor, log_variance: Tensor, present: Tensor, log_likelihood: LogLikelihood
) -> Tensor:
    """Estimate a lower bound on the log evidence of what is present, with a Gaussian posterior (n, latent).

    One draw of the latent; the divergence from the prior is exact.
    """
    expected = (log_likelihood(_draw(mean, log_variance)) * present).sum(dim=1)
    return expected - kl_to_prior(mean, log_variance)


def mixture_bound(
    means: Tensor, log_variances: Tensor, present: Tensor, log_likelihood: LogLikelihood
) -> Tensor:
    r"""Estimate it with the even mixture of the experts that are present as posterior, one draw from each.

    .. math:: \frac{1}{R} \sum_m \log \frac{p(z_m) \prod_k p(x_k | z_m)}{\frac{1}{R} \sum_k q_k(z_m)},
              \quad z_m \sim q_m,

    sums and product over the R modalities present (Shi et al. 2019, stratified sampling, a single draw).
    """
    latents = _draw(means, log_variances)
    n_present = present.sum(dim=1).clamp(min=1)
    bound = torch.zeros_like(means[:, 0, 0])
    for m, latent in enumerate(latents.unbind(dim=1)):
        # An absent expert gets a large negative number: of -inf only, logsumexp has no gradient.
        densities = _log_normal(latent[:, None], means, log_variances).masked_fill(~present, -1e9)
        log_posterior = densities.logsumexp(dim=1) - n_present.log()
        log_prior = _log_normal(latent, torch.zeros_like(latent), torch.zeros_like(latent))
        expected = (log_likelihood(latent) * present).sum(dim=1)
        bound = bound + present[:, m] * (expected + log_prior - log_posterior)
    return bound / n_present


class MultimodalVAE(nn.Module):
    """What the product and the mixture share: experts, decoders, and a classifier of the posterior mean.

    Decoders give the means of Gaussians of variance 1; the constants of their densities are left out.

    Parameters
    ----------
    encoders : Encoders
        Give M embeddings (n, width).
    width, latent : int
        Features of an embedding and of the latent.
    decoders : Decoders
        Of the latent.
    head : Module
        From the posterior mean to logits.
    weight : float
        Of the negative bound of a feature, beside the loss of the task.
    """

    def __init__(
        self,
        encoders: Encoders,
        width: int,
        latent: int,
        decoders: Decoders,
        head: nn.Module,
        weight: float,
    ) -> None:
        super().__init__()
        self.encoders, self.decoders, self.head, self.weight = encoders, decoders, head, weight
        self.experts = nn.ModuleList(nn.Linear(width, 2 * latent) for _ in decoders.sizes)

    def encode(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Give the means and log variances of all experts."""
        pairs = zip(self.experts, self.encoders(batch), strict=True)
        means, log_variances = torch.stack([f(z) for f, z in pairs], dim=1).chunk(2, dim=2)
        return means, log_variances

    def _total(self, mean: Tensor, bound: Tensor, batch: Batch) -> Tensor:
        """Give the mean loss: that of the task, and the weighted negative bound of a feature."""
        per_feature = bound.mean() / sum(self.decoders.sizes)
        loss: Tensor = task_loss(self.head(mean), batch) - self.weight * per_feature
        return loss

    def _log_likelihood(self, batch: Batch) -> LogLikelihood:
        wanted = targets(batch)
        return lambda latent: -0.5 * self.decoders.squared_errors(latent, wanted)


class ProductVAE(MultimodalVAE):
    """The posterior is the product of the experts and the prior (MVAE, Wu and Goodman 2018).

    The parameters are those of `MultimodalVAE`.
    """

    def forward(self, batch: Batch) -> Tensor:
        """Give logits (n, n_outputs)."""
        logits: Tensor = self.head(product_of_experts(*self.encode(batch), batch.present)[0])
        return logits

    def loss(self, batch: Batch) -> Tensor:
        """Give the mean over samples as they are and over each of their modalities alone."""
        alone = torch.eye(batch.present.shape[1], dtype=torch.bool, device=batch.present.device)
        rows, masks = repeat_with_less(batch.present, alone)
        means, log_variances = self.encode(batch)
        mean, log_variance = product_of_experts(means[rows], log_variances[rows], masks)
        repeated = batch[rows]
        bound = gaussian_bound(mean, log_variance, masks, self._log_likelihood(repeated))
        return self._total(mean, bound, repeated)


class MixtureVAE(MultimodalVAE):
    """The posterior is an even mixture of the experts (MMVAE, Shi et al. 2019).

    The parameters are those of `MultimodalVAE`.
    """

    def forward(self, batch: Batch) -> Tensor:
        """Give logits (n, n_outputs)."""
        logits: Tensor = self.head(mixture_mean(self.encode(batch)[0], batch.present))
        return logits

    def loss(self, batch: Batch) -> Tensor:
        """Give the mean over samples; every expert reconstructs all modalities."""
        means, log_variances = self.encode(batch)
        bound = mixture_bound(means, log_variances, batch.present, self._log_likelihood(batch))
        return self._total(mixture_mean(means, batch.present), bound, batch)


def _draw(mean: Tensor, log_variance: Tensor) -> Tensor:
    return mean + (0.5 * log_variance).exp() * torch.randn_like(mean)


def _log_normal(x: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
    """Log density of independent Gaussians, summed over the last axis."""
    distance = (x - mean).square() / log_variance.exp()
    density: Tensor = -0.5 * (distance + log_variance + log(2 * pi)).sum(dim=-1)
    return density
