"""Multiple-kernel strategies with many samples: how much memory they take, how much landmarks lose."""

import subprocess
import sys

import numpy as np
import pytest

from fusebench.datasets.registry import load_dataset
from fusebench.fusions.registry import fusions, make_fusion

FIT_AND_PREDICT = """
import resource
import sys
from fusebench.datasets.registry import load_dataset
from fusebench.fusions.registry import make_fusion

options = {"n_train": 20_000, "n_validation": 5_000, "n_test": 20_000, "n_features": 50}
data = load_dataset("synth-redundant", **options).features(seed=0)
fusion = make_fusion(sys.argv[1]).fit(data.train, data.validation)
accuracy = fusion.score(data.test, data.test.labels)
print(accuracy, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the unit of the peak is that of Linux")
@pytest.mark.parametrize("name", [name for name, info in fusions.items() if info.family == "multiple-kernel"])
def test_twenty_thousand_samples_fit_into_two_gibibytes(name):
    done = subprocess.run(
        [sys.executable, "-P", "-c", FIT_AND_PREDICT, name], capture_output=True, text=True, check=True
    )
    accuracy, gibibytes = map(float, done.stdout.split())
    assert accuracy > 0.93  # the best is 0.95
    assert gibibytes < 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "difference"), [("kernel-average", 0.02), ("kernel-product", 0.06)], ids=lambda value: str(value)
)
def test_landmarks_approximate_better_the_more_there_are(name, difference):
    """The exact method has all 2,000 training samples as landmarks."""
    data = load_dataset("synth-redundant", n_train=2000, n_features=50).features(seed=0)

    def kernel_and_probabilities(n_landmarks):
        fusion = make_fusion(name, n_landmarks=n_landmarks).fit(data.train, data.validation)
        features = fusion._compare(fusion._prepare(data.train)) @ fusion._basis
        return features @ features.T, fusion.predict_proba(data.test)

    exact, probabilities = kernel_and_probabilities(2000)
    errors = []
    for n_landmarks in (125, 250, 500, 1000):
        kernel, approximate = kernel_and_probabilities(n_landmarks)
        errors.append(np.linalg.norm(kernel - exact) / np.linalg.norm(exact))
    assert (np.diff(errors) < 0).all()
    assert errors[-1] < errors[0] / 2
    assert np.abs(approximate - probabilities).mean() < difference
    assert (approximate.argmax(axis=1) == probabilities.argmax(axis=1)).mean() > 0.98
