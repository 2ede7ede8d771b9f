"""Principal components against scikit-learn's."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.datasets.registry import load_dataset
from fusebench.fusions.early_pca import EarlyPCA, principal_components
from fusebench.fusions.logistic import TunedLogistic, log_loss


def make_data(n=300, seed=0):
    """The class is in all of ten features that repeat each other, and in one of five of equal variance."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    repeated = (2 * y + rng.standard_normal(n))[:, None] + 0.3 * rng.standard_normal((n, 10))
    plain = rng.standard_normal((n, 5)) + 3 * y[:, None] * np.eye(5)[0]
    modalities = {"plain": plain, "repeated": repeated}
    return MultimodalData({k: Modality(Kind.VECTOR, v.astype(np.float32)) for k, v in modalities.items()}, y)


def test_components_are_those_of_scikit_learn():
    x = make_data().modalities["repeated"].values.astype(np.float64)
    x -= x.mean(axis=0)
    variances, axes = principal_components(x)
    pca = PCA().fit(x)
    np.testing.assert_allclose(variances, pca.explained_variance_ * 299 / 300)
    np.testing.assert_allclose(np.abs((axes * pca.components_.T).sum(axis=0)), 1)
    np.testing.assert_allclose(axes.T @ axes, np.eye(10), atol=1e-12)


def splits_of(name):
    splits = load_dataset(name, n_train=300).features(seed=0)
    return splits.train, splits.validation, splits.test


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [(make_data(), make_data(seed=1), make_data(seed=2)), splits_of("synth-noise")],
    ids=["repeated", "synth-noise"],
)
def test_it_is_logistic_regression_on_components_of_the_share_that_validation_asks_for(
    train, validation, test
):
    fusion = EarlyPCA().fit(train, validation)
    prepared = [fusion._prepare(data) for data in (train, validation, test)]
    losses = {}
    for share in (0.5, 0.8, 0.9, 0.95, 0.99):
        parts = [
            PCA(share, svd_solver="full").fit(prepared[0].modalities[name].values.astype(np.float64))
            for name in prepared[0].names
        ]
        x, held_out, unseen = (
            np.hstack([pca.transform(m.values) for pca, m in zip(parts, d.modalities.values(), strict=True)])
            for d in prepared
        )
        model = TunedLogistic(fusion.prior_).fit(x, train.labels, (held_out, validation.labels))
        loss = log_loss(model.predict_proba(held_out), validation.labels)
        losses[share] = loss, [pca.n_components_ for pca in parts], model.predict_proba(unseen)
    assert fusion.share_ == min(losses, key=lambda share: losses[share][0])
    _, counts, expected = losses[fusion.share_]
    assert [axes.shape[1] for axes in fusion.components_.values()] == counts
    np.testing.assert_allclose(fusion.predict_proba(test), expected, atol=1e-3)


def test_a_modality_that_never_varies_is_one_component_of_nothing():
    train = make_data().without("plain")
    fusion = EarlyPCA().fit(train, train)
    assert fusion.components_["plain"].shape[1] == 1
    np.testing.assert_allclose(fusion.predict_proba(make_data()), fusion.predict_proba(train), atol=1e-6)


def test_it_is_as_good_as_all_features_where_they_are_few():
    data = load_dataset("synth-unique").features(seed=0)
    fusion = EarlyPCA().fit(data.train, data.validation)
    assert fusion.score(data.test, data.test.labels) == pytest.approx(0.945, abs=0.02)
