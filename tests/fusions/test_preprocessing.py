import numpy as np

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.fusions.preprocessing import Standardizer


def test_features_on_a_common_scale_keep_their_proportions():
    rng = np.random.default_rng(0)
    x = (rng.standard_normal((50, 3)) * [4.0, 1.0, 0.0]).astype(np.float32)
    modality = Modality(Kind.VECTOR, x, common_scale=True)
    scaled = Standardizer().fit(MultimodalData({"a": modality})).transform(MultimodalData({"a": modality}))
    values = scaled.modalities["a"].values
    spread = x.std(axis=0, dtype=np.float64)
    np.testing.assert_allclose(values.std(axis=0), spread / np.sqrt((spread**2).mean()), rtol=1e-4)
    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-5)
    assert (values[:, 2] == 0).all()
