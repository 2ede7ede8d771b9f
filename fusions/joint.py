"""Joint representations: a code that all modalities share and from which each is reconstructed.

All predict from this code, and are trained on the loss of the task and a weighted reconstruction at once. Of
a sequence the mean of its frames is reconstructed. `fusebench.fusions.joint_dbm` has the Boltzmann machine.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from ..datasets.data import MultimodalData
from ..errors import FusebenchError
from .neural.estimator import NeuralFusion
from .registry import register_fusion
from .search import Choice, Real, SearchSpace

if TYPE_CHECKING:
    from torch import nn

__all__ = ["JointAutoencoder", "MultimodalVAE"]


@register_fusion("joint-autoencoder", family="joint", reference="Ngiam et al. 2011, ICML")
@dataclass(eq=False, repr=False, kw_only=True)
class JointAutoencoder(NeuralFusion):
    """One code of all modalities; reconstructs all of them from all, and from all but each one.

    The bimodal deep autoencoder of the paper: an input that is taken away is a zero, and the target stays
    whole, so that the code of one modality has to tell of the others. For two modalities these are the
    paper's three kinds of training samples: both, and each alone. The paper pretrains with restricted
    Boltzmann machines, fine-tunes, and then fits a support vector machine to the code; here the network and
    its classifier are trained at once, and the classifier sees the incomplete inputs too. What is absent from
    a training sample is no target.

    Parameters
    ----------
    reconstruction : float
        Weight of the squared error of a standardised feature, beside the loss of the task.
    **parameters
        Those of `NeuralFusion`; the code has `hidden` features.

    References
    ----------
    Ngiam, Khosla, Kim, Nam, Lee, Ng (2011). Multimodal deep learning. ICML.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = JointAutoencoder(max_epochs=10, random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test.without("a"), data.test.labels) > 0.8)
    True
    """

    views = ("vector", "sequence")
    absence = "native"
    search_space: ClassVar[SearchSpace] = {
        **NeuralFusion.search_space,
        "reconstruction": Real(0.1, 10.0, log=True),
    }

    reconstruction: float = 1.0

    def _build(self, train: MultimodalData) -> "nn.Module":
        from torch import nn

        from .neural import joint
        from .neural.encoders import Encoders, mlp

        _check_weight("reconstruction", self.reconstruction)
        return joint.JointAutoencoder(
            Encoders(train.modalities, self.hidden, self.dropout),
            nn.Sequential(nn.Linear(len(train.modalities) * self.hidden, self.hidden), nn.Tanh()),
            joint.Decoders(train.modalities, self.hidden, self.hidden, self.dropout),
            mlp(self.hidden, self.hidden, self.n_outputs_, dropout=self.dropout),
            self.reconstruction,
        )


@register_fusion(
    "mvae-poe", family="joint", reference="Wu and Goodman 2018, arXiv:1802.05335", experts="product"
)
@register_fusion("mvae-moe", family="joint", reference="Shi et al. 2019, arXiv:1911.03393", experts="mixture")
@dataclass(eq=False, repr=False, kw_only=True)
class MultimodalVAE(NeuralFusion):
    """Variational autoencoder with an expert for each modality, combined as a product or as a mixture.

    Each expert is a diagonal Gaussian over the latent, the prior is a standard normal, and decoders are
    Gaussian with variance 1. An absent modality has no expert.

    - ``"product"``: the posterior is the product of experts and prior. The loss is the mean of that of all
      modalities together and those of each alone, without further random subsets; every term reconstructs
      what it sees.
    - ``"mixture"``: the posterior is the even mixture of the experts, each of which reconstructs all
      modalities. The bound has one draw from each expert; the paper reports a tighter one, with several
      draws weighted by importance. What several modalities tell only together is left to the classifier.

    In both papers the model has no labels. Here a classifier of the posterior mean is trained with it: the
    loss is that of the task minus `elbo` times the bound divided by the number of features.

    Parameters
    ----------
    experts : {"product", "mixture"}
        How to combine them.
    latent : int
        Features of the latent.
    elbo : float
        Weight of the lower bound on the log evidence of a feature, in nats, beside the loss of the task.
    **parameters
        Those of `NeuralFusion`.

    References
    ----------
    Wu, Goodman (2018). Multimodal generative models for scalable weakly-supervised learning. NeurIPS.
    arXiv:1802.05335.

    Shi, Siddharth, Paige, Torr (2019). Variational mixture-of-experts autoencoders for multi-modal deep
    generative models. NeurIPS. arXiv:1911.03393.

    Examples
    --------
    >>> from fusebench.datasets.registry import load_dataset
    >>> data = load_dataset("synth-redundant").features(seed=0)
    >>> fusion = MultimodalVAE(max_epochs=10, random_state=0).fit(data.train, data.validation)
    >>> bool(fusion.score(data.test.without("a"), data.test.labels) > 0.8)
    True
    """

    views = ("vector", "sequence")
    absence = "native"
    search_space: ClassVar[SearchSpace] = {
        **NeuralFusion.search_space,
        "latent": Choice((8, 16, 32)),
        "elbo": Real(0.01, 10.0, log=True),
    }

    experts: Literal["product", "mixture"] = "product"
    latent: int = 16
    elbo: float = 1.0

    def _build(self, train: MultimodalData) -> "nn.Module":
        from .neural import joint, joint_vae
        from .neural.encoders import Encoders, mlp

        networks = {"product": joint_vae.ProductVAE, "mixture": joint_vae.MixtureVAE}
        if self.experts not in networks:
            raise FusebenchError(f"experts must be 'product' or 'mixture', however: {self.experts!r}.")
        if self.latent < 1:
            raise FusebenchError(f"latent must be at least 1, however: {self.latent}.")
        _check_weight("elbo", self.elbo)
        return networks[self.experts](
            Encoders(train.modalities, self.hidden, self.dropout),
            self.hidden,
            self.latent,
            joint.Decoders(train.modalities, self.latent, self.hidden, self.dropout),
            mlp(self.latent, self.hidden, self.n_outputs_, dropout=self.dropout),
            self.elbo,
        )


def _check_weight(name: str, value: float) -> None:
    if value <= 0:
        raise FusebenchError(f"{name} must be greater than 0, however: {value}.")
