import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusebench.datasets.data import Kind, Modality
from fusebench.datasets.features.sequence import SequenceFeatures
from fusebench.datasets.padding import pad_sequences


def random_sequences(lengths, width=5, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(3, 2, (length, width)).astype(np.float32) for length in lengths]


@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=5), parts=st.integers(1, 4))
def test_pooling_is_that_of_each_sequence_by_itself(lengths, parts):
    sequences = random_sequences(lengths)
    padded = pad_sequences(sequences)
    pooled = SequenceFeatures(parts=parts).fit(padded).transform(padded)["vector"].values
    for row, frames in zip(pooled, sequences, strict=True):
        expected = []
        for part in range(parts):
            begin = len(frames) * part // parts
            end = len(frames) * (part + 1) // parts
            expected.append(frames[begin : max(end, begin + 1)].mean(axis=0))
        expected.append(frames.std(axis=0))
        np.testing.assert_allclose(row, np.concatenate(expected), rtol=1e-5, atol=1e-5)


def test_features_stay_as_they_are_without_a_reduction():
    sequences = pad_sequences(random_sequences([4, 2]))
    views = SequenceFeatures().fit(sequences).transform(sequences)
    np.testing.assert_array_equal(views["sequence"].values, sequences.values)
    assert views["sequence"].lengths.tolist() == [4, 2]
    assert views["vector"].values.shape == (2, 20)


def test_the_reduction_keeps_all_distances_when_it_keeps_all_components():
    sequences = pad_sequences(random_sequences([40, 30]))
    reduced = SequenceFeatures(n_components=5).fit(sequences).transform(sequences)["sequence"]
    for values in (sequences.values, reduced.values):
        assert not values[1, 30:].any()
    before = np.linalg.norm(np.diff(sequences.values[0], axis=0), axis=1)
    after = np.linalg.norm(np.diff(reduced.values[0], axis=0), axis=1)
    np.testing.assert_allclose(after, before, rtol=1e-4)


def test_the_reduction_is_that_of_the_training_frames():
    train, test = pad_sequences(random_sequences([9, 7])), pad_sequences(random_sequences([5], seed=1))
    features = SequenceFeatures(n_components=2).fit(train)
    frames = np.concatenate([train.values[0], train.values[1, :7]]).astype(np.float64)
    axes = np.linalg.svd(frames - frames.mean(axis=0))[2][:2]
    expected = (test.values[0] - frames.mean(axis=0)) @ axes.T
    found = features.transform(test)["sequence"].values[0]
    np.testing.assert_allclose(np.abs(found), np.abs(expected), rtol=1e-3, atol=1e-4)


def test_centring_forgets_what_stays_the_same_in_a_sequence():
    sequences = random_sequences([6, 3])
    shifted = [frames + shift for frames, shift in zip(sequences, (10, -4), strict=True)]
    features = SequenceFeatures(centred=True).fit(pad_sequences(sequences))
    one, other = (features.transform(pad_sequences(s))["sequence"].values for s in (sequences, shifted))
    np.testing.assert_allclose(one, other, atol=1e-5)
    np.testing.assert_allclose(one[1, :3].mean(axis=0), 0, atol=1e-6)


@pytest.mark.parametrize("features", [SequenceFeatures(), SequenceFeatures(n_components=3, centred=True)])
def test_padding_is_not_read(features):
    sequences = pad_sequences(random_sequences([6, 3]))
    spoilt = sequences.values.copy()
    spoilt[1, 3:] = np.nan
    other = Modality(Kind.SEQUENCE, spoilt, sequences.lengths)
    for name, view in features.fit(sequences).transform(sequences).items():
        np.testing.assert_array_equal(features.fit(other).transform(other)[name].values, view.values)


def test_one_training_frame_is_not_reduced():
    single = pad_sequences([np.ones((1, 4))])
    assert SequenceFeatures(n_components=2).fit(single).pca_ is None
