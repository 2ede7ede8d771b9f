"""Joint autoencoders on data of known answer, and what they refuse."""

import numpy as np
import pytest

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.datasets.registry import load_dataset
from fusebench.errors import FusebenchError
from fusebench.fusions.joint import JointAutoencoder, MultimodalVAE
from fusebench.fusions.registry import make_fusion

NAMES = ["joint-autoencoder", "mvae-poe", "mvae-moe"]


@pytest.mark.parametrize("name", NAMES)
def test_the_shared_code_combines_modalities(name):
    dataset = load_dataset("synth-xor")
    data = dataset.features(seed=0)
    fusion = make_fusion(name, random_state=0).fit(data.train, data.validation)
    assert fusion.score(data.test, data.test.labels) > dataset.card.bayes_accuracy - 0.05


@pytest.mark.parametrize("name", NAMES)
def test_one_modality_alone_is_enough_for_what_it_knows(name):
    """Fitted to complete data; the first modality knows the first bit of the class, but not the second."""
    data = load_dataset("synth-unique").features(seed=0)
    fusion = make_fusion(name, random_state=0).fit(data.train, data.validation)
    probabilities = fusion.predict_proba(data.test.without("b"))
    first_bit = probabilities[:, 2:].sum(axis=1) > 0.5
    assert np.mean(first_bit == data.test.labels // 2) > 0.9


@pytest.mark.parametrize("name", NAMES)
def test_values_and_sets_of_labels_are_learnt_too(name):
    """Each modality is a noisy copy of two numbers."""
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(600, 2))
    noisy = [(hidden + 0.3 * rng.normal(size=hidden.shape)).astype(np.float32) for _ in range(2)]
    modalities = {name: Modality(Kind.VECTOR, values) for name, values in zip("ab", noisy, strict=True)}
    for y, least in ((hidden[:, 0], 0.8), ((hidden > 0).astype(int), 0.6)):
        data = MultimodalData(modalities, y)
        train, test = data.take(np.arange(400)), data.take(np.arange(400, 600))
        fusion = make_fusion(name, max_epochs=40, random_state=0).fit(train)
        assert fusion.score(test, test.labels) > least


@pytest.mark.parametrize(
    ("fusion", "message"),
    [
        (JointAutoencoder(reconstruction=0.0), r"reconstruction must be greater than 0, however: 0\.0"),
        (MultimodalVAE(elbo=-1.0), r"elbo must be greater than 0, however: -1\.0"),
        (MultimodalVAE(latent=0), "latent must be at least 1, however: 0"),
        (MultimodalVAE(experts="sum"), "experts must be 'product' or 'mixture', however: 'sum'"),
    ],
)
def test_impossible_parameters_are_refused(fusion, message):
    data = load_dataset("synth-redundant").features(seed=0)
    with pytest.raises(FusebenchError, match=message):
        fusion.fit(data.train, data.validation)


def test_the_names_choose_how_experts_are_combined():
    assert make_fusion("mvae-poe").experts == "product"
    assert make_fusion("mvae-moe").experts == "mixture"
