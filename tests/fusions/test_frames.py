import numpy as np

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.fusions.frames import join_frames, resample


def test_resampling_interpolates_over_valid_frames_only():
    values = np.array([[[0.0], [1.0], [2.0], [3.0]], [[0.0], [4.0], [99.0], [99.0]]], np.float32)
    frames = resample(Modality(Kind.SEQUENCE, values, np.array([4, 2])), 5)[..., 0]
    np.testing.assert_allclose(frames[0], [0, 0.75, 1.5, 2.25, 3])
    np.testing.assert_allclose(frames[1], [0, 1, 2, 3, 4])


def test_resampling_to_the_same_length_changes_nothing_and_one_frame_is_repeated():
    values = np.random.default_rng(0).standard_normal((3, 6, 2)).astype(np.float32)
    np.testing.assert_allclose(resample(Modality(Kind.SEQUENCE, values), 6), values, atol=1e-6)
    single = resample(Modality(Kind.SEQUENCE, values, np.array([1, 1, 1])), 4)
    np.testing.assert_allclose(single, np.repeat(values[:, :1], 4, axis=1))


def test_joined_frames_tell_which_features_are_observed():
    rng = np.random.default_rng(0)
    a = Modality(Kind.SEQUENCE, rng.standard_normal((2, 4, 1)).astype(np.float32))
    b = Modality(Kind.SEQUENCE, rng.standard_normal((2, 7, 2)).astype(np.float32))
    data = MultimodalData({"a": a, "b": b}, present=np.array([[True, False], [True, True]]))
    frames, observed = join_frames(data, 5)
    np.testing.assert_array_equal(frames, np.concatenate([resample(a, 5), resample(b, 5)], axis=2))
    assert observed.tolist() == [[True, False, False], [True, True, True]]
