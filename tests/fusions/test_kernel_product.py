import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.datasets.registry import load_dataset
from fusebench.fusions.control import Unimodal
from fusebench.fusions.kernel import CombinedKernel
from fusebench.fusions.kernel_product import KernelProduct, ProductKernel


def draw(n, seed, n_modalities=2, absent=0.0):
    rng = np.random.default_rng(seed)
    modalities = {
        name: Modality(Kind.VECTOR, rng.standard_normal((n, 3)).astype(np.float32))
        for name in "abcd"[:n_modalities]
    }
    return MultimodalData(modalities, np.arange(n) % 2, rng.random((n, n_modalities)) >= absent)


def features(landmarks, data, name):
    """Vectors of landmarks and data whose inner products are the kernel; the mean where absent."""
    bandwidth = CombinedKernel(landmarks).bandwidths_[name]
    x = np.concatenate([d.modalities[name].values for d in (landmarks, data)])
    gram = np.exp(-((x[:, None] - x) ** 2).sum(axis=2) / bandwidth)
    values, vectors = np.linalg.eigh(gram.astype(float))
    rows = vectors * np.sqrt(np.maximum(values, 0))
    mean = rows[: len(landmarks)][landmarks.has(name)].mean(axis=0)
    rows[~np.concatenate([landmarks.has(name), data.has(name)])] = mean / np.linalg.norm(mean)
    return rows[: len(landmarks)], rows[len(landmarks) :]


def test_without_absence_it_is_a_gaussian_of_all_features():
    landmarks, data = draw(10, 0, 3), draw(5, 1, 3)
    bandwidths = CombinedKernel(landmarks).bandwidths_
    x, z = (
        np.concatenate([d.modalities[m].values / np.sqrt(bandwidths[m]) for m in "abc"], axis=1)
        for d in (data, landmarks)
    )
    expected = np.exp(-((x[:, None] - z) ** 2).sum(axis=2))
    np.testing.assert_allclose(ProductKernel(landmarks).compare(data), expected, rtol=1e-4)


def test_what_is_absent_has_the_features_of_the_mean():
    landmarks, data = draw(12, 0, 3, absent=0.3), draw(12, 1, 3, absent=0.5)
    assert landmarks.mask.any(axis=1).all()
    assert not data.mask.any(axis=1).all()
    expected = np.ones((12, 12))
    for name in "abc":
        theirs, ours = features(landmarks, data, name)
        expected *= ours @ theirs.T
    expected[~data.mask.any(axis=1)] = 0
    np.testing.assert_allclose(ProductKernel(landmarks).compare(data), expected, atol=1e-5)


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.integers(2, 12), st.integers(1, 4))
def test_it_is_positive_semidefinite_with_any_absence(seed, n, n_modalities):
    data = draw(n, seed, n_modalities, absent=0.4)
    data = data.take(data.mask.any(axis=1))
    K = ProductKernel(data).compare(data)
    np.testing.assert_allclose(K, K.T, atol=1e-6)
    assert np.linalg.eigvalsh(K).min(initial=0.0) > -1e-6
    np.testing.assert_allclose(np.diag(K), 1, atol=1e-6)


def test_it_sees_an_interaction():
    data = load_dataset("synth-xor").features(seed=0)
    assert KernelProduct().fit(data.train, data.validation).score(data.test, data.test.labels) > 0.85


def test_it_does_with_what_is_left():
    data = load_dataset("synth-redundant").features(seed=0)
    fusion = KernelProduct().fit(data.train, data.validation)
    for lost, left in ("ab", "ba"):
        alone = Unimodal(modality=left).fit(data.train, data.validation)
        expected = alone.score(data.test, data.test.labels)
        assert fusion.score(data.test.without(lost), data.test.labels) > expected - 0.05


@pytest.mark.parametrize("lost", ["a", "b"])
def test_a_modality_unknown_in_training_changes_nothing(lost):
    train, test = draw(60, 0, absent=0.2).without("b"), draw(20, 1)
    fusion = KernelProduct().fit(train, train)
    expected = fusion.predict_proba(test.without("b")) if lost == "b" else np.tile(fusion.prior_, (20, 1))
    np.testing.assert_allclose(fusion.predict_proba(test if lost == "b" else test.without(lost)), expected)
