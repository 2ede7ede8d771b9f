"""Translate-then-fuse is early fusion of data that an imputer has completed."""

import numpy as np
import pytest

from fusebench.datasets.registry import load_dataset
from fusebench.fusions.early import EarlyLogistic
from fusebench.fusions.imputers import make_imputer
from fusebench.fusions.logistic import log_loss
from fusebench.fusions.preprocessing import Standardizer
from fusebench.fusions.registry import make_fusion
from fusebench.fusions.translate import TranslateThenFuse

TRANSLATORS = ["knn", "ridge", "cyclic"]


@pytest.fixture(scope="module")
def data():
    return load_dataset("synth-redundant").features(seed=0)


@pytest.mark.parametrize("name", TRANSLATORS)
def test_the_registered_strategy_uses_the_translator_of_its_name(name):
    assert make_fusion(f"translate-{name}").absence_handled == name


@pytest.mark.parametrize("name", TRANSLATORS)
def test_without_absence_it_is_early_fusion(name, data):
    early, fusion = EarlyLogistic(), TranslateThenFuse(imputer=name)
    np.testing.assert_array_equal(
        fusion.fit(data.train, data.validation).predict_proba(data.test),
        early.fit(data.train, data.validation).predict_proba(data.test),
    )


@pytest.mark.parametrize("name", TRANSLATORS)
def test_it_is_early_fusion_of_completed_data(name, data):
    """Training lacks modalities too: what stands in for them is fitted to."""
    present = np.ones_like(data.train.mask)
    present[::3, 0] = False
    train = data.train.with_present(present)
    fusion = TranslateThenFuse(imputer=name, random_state=3).fit(train, data.validation)
    scaler = Standardizer().fit(train)
    prepared = [scaler.transform(split) for split in (train, data.validation, data.test.without("b"))]
    imputer = make_imputer(name, random_state=3).fit(*prepared[:2])
    completed = [imputer.transform(split) for split in prepared]
    early = EarlyLogistic()
    early._standardize = lambda split: split  # they are standardised, before they were completed
    expected = early.fit(*completed[:2]).predict_proba(completed[2])
    np.testing.assert_allclose(fusion.predict_proba(data.test.without("b")), expected, atol=1e-6)


@pytest.mark.parametrize("absent", ["a", "b"])
@pytest.mark.parametrize("name", TRANSLATORS)
def test_a_translation_is_worth_more_than_the_mean(name, absent, data):
    test = data.test.without(absent)
    translated, mean = (
        log_loss(fusion.fit(data.train, data.validation).predict_proba(test), test.labels)
        for fusion in (TranslateThenFuse(imputer=name), EarlyLogistic())
    )
    assert translated < 0.97 * mean
