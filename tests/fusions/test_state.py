import numpy as np
import pytest
import skops.io

from fusebench.datasets.registry import load_dataset
from fusebench.errors import FusebenchError
from fusebench.fusions.late import LateMean
from fusebench.fusions.registry import make_fusion
from fusebench.fusions.state import load_fusion, save_fusion


@pytest.fixture(scope="module")
def data():
    return load_dataset("synth-xor", n_train=200, n_validation=100, n_test=100).features(seed=0)


class Foreign(LateMean):
    """A strategy that the package does not know."""


@pytest.mark.parametrize("name", ["early-xgboost", "early-mlp", "late-stacking", "kernel-product"])
def test_a_loaded_strategy_predicts_and_can_be_fitted_again(name, data, tmp_path):
    fusion = make_fusion(name).fit(data.train, data.validation)
    save_fusion(fusion, tmp_path / "state.skops")
    again = load_fusion(tmp_path / "state.skops")
    expected = fusion.predict_proba(data.test)
    np.testing.assert_array_equal(again.predict_proba(data.test), expected)
    np.testing.assert_array_equal(again.fit(data.train, data.validation).predict_proba(data.test), expected)


def test_a_class_of_others_must_be_named(data, tmp_path):
    path = tmp_path / "foreign.skops"
    save_fusion(Foreign().fit(data.train, data.validation), path)
    name = f"{Foreign.__module__}.Foreign"
    with pytest.raises(FusebenchError, match=r"not trusted: .*Foreign"):
        load_fusion(path)
    assert isinstance(load_fusion(path, trusted=[name]), Foreign)


@pytest.mark.parametrize("content", [b"", b"not a zip file"])
def test_a_file_that_is_no_saved_strategy_is_refused(content, tmp_path):
    path = tmp_path / "broken.skops"
    path.write_bytes(content)
    with pytest.raises(FusebenchError, match=r"broken\.skops is not a saved strategy"):
        load_fusion(path)
    with pytest.raises(FusebenchError, match=r"absent\.skops"):
        load_fusion(tmp_path / "absent.skops")


def test_something_else_in_the_file_is_refused(tmp_path):
    skops.io.dump({"a": 1}, tmp_path / "dict.skops")
    with pytest.raises(FusebenchError, match="holds a dict"):
        load_fusion(tmp_path / "dict.skops")
