"""The multimodal deep Boltzmann machine on data of known answer, and what it refuses."""

import numpy as np
import pytest

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.datasets.registry import load_dataset
from fusebench.errors import FusebenchError
from fusebench.fusions.joint_dbm import MultimodalDBM


@pytest.fixture(scope="module")
def unique():
    return load_dataset("synth-unique").features(seed=0)


def test_features_learnt_without_labels_tell_the_class(unique):
    fusion = MultimodalDBM(random_state=0).fit(unique.train, unique.validation)
    assert fusion.score(unique.test, unique.test.labels) > 0.85
    # The first modality knows the first bit of the class, but not the second.
    probabilities = fusion.predict_proba(unique.test.without("b"))
    first_bit = probabilities[:, 2:].sum(axis=1) > 0.5
    assert np.mean(first_bit == unique.test.labels // 2) > 0.9


def test_an_absent_modality_is_recovered_from_the_other():
    """Both are noisy copies of four numbers that are -1 or 1."""
    rng = np.random.default_rng(0)
    hidden = rng.choice([-1.0, 1.0], size=(600, 4))
    noisy = [(hidden + 0.3 * rng.normal(size=hidden.shape)).astype(np.float32) for _ in range(2)]
    modalities = {name: Modality(Kind.VECTOR, values) for name, values in zip("ab", noisy, strict=True)}
    data = MultimodalData(modalities, (hidden[:, 0] > 0).astype(int))
    fusion = MultimodalDBM(random_state=0).fit(data.take(np.arange(400)), data.take(np.arange(400, 500)))
    values = [m.values[500:] / fusion.noise for m in modalities.values()]
    present = np.tile([True, False], (100, 1))
    recovered = fusion.machine_.infer(values, present, fusion.n_iterations).visible[1]
    assert np.mean((recovered > 0) == (hidden[500:] > 0)) > 0.95
    shuffled = fusion.machine_.infer([values[0][::-1], values[1]], present, fusion.n_iterations).visible[1]
    assert np.mean((shuffled > 0) == (hidden[500:] > 0)) < 0.7


def test_values_and_sets_of_labels_are_predicted_too():
    """Each modality is a noisy copy of two numbers."""
    rng = np.random.default_rng(0)
    hidden = rng.choice([-1.0, 1.0], size=(500, 2))
    noisy = [(hidden + 0.3 * rng.normal(size=hidden.shape)).astype(np.float32) for _ in range(2)]
    modalities = {name: Modality(Kind.VECTOR, values) for name, values in zip("ab", noisy, strict=True)}
    for y in (hidden[:, 0] + 0.1 * rng.normal(size=500), (hidden > 0).astype(int)):
        data = MultimodalData(modalities, y)
        train, test = data.take(np.arange(400)), data.take(np.arange(400, 500))
        assert MultimodalDBM(random_state=0).fit(train).score(test, test.labels) > 0.9


@pytest.mark.parametrize("parameter", ["hidden", "batch_size", "n_iterations"])
def test_impossible_parameters_are_refused(parameter, unique):
    with pytest.raises(FusebenchError, match=f"{parameter} must be at least 1, however: 0"):
        MultimodalDBM(**{parameter: 0}).fit(unique.train, unique.validation)


def test_noise_of_nothing_is_refused(unique):
    with pytest.raises(FusebenchError, match=r"noise must be greater than 0, however: 0\.0"):
        MultimodalDBM(noise=0.0).fit(unique.train, unique.validation)
