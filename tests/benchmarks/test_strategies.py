"""Time to fit and to predict, for every strategy, on a fixed workload: 600 samples, two modalities."""

import pytest

import fusebench
from fusebench.bench.checks import example_of
from fusebench.fusions.registry import fusions


@pytest.fixture(scope="module")
def digits():
    """Views of avdigits: sequences where they are taken."""
    dataset = fusebench.load_dataset("avdigits")
    return {views: dataset.features(views) for views in (("vector",), ("sequence",), ("sequence", "vector"))}


def prepare(name, digits):
    estimator = example_of(name)
    if fusions[name].per_modality:
        estimator.set_params(modality="audio")
    data = digits.get(tuple(estimator.views), digits["vector",])
    return estimator, data


@pytest.mark.parametrize("name", list(fusions))
def test_fit(benchmark, name, digits):
    estimator, data = prepare(name, digits)
    fitted = benchmark.pedantic(estimator.fit, (data.train, data.validation), rounds=3, warmup_rounds=1)
    assert len(fitted.classes_) == 10


@pytest.mark.parametrize("name", list(fusions))
def test_predict(benchmark, name, digits):
    estimator, data = prepare(name, digits)
    estimator.fit(data.train, data.validation)
    assert benchmark(estimator.predict_proba, data.test).shape == (len(data.test), 10)
