import numpy as np
import pytest

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.errors import FusebenchError
from fusebench.fusions.graphical import JointHMM, MultistreamHMM, _weight_grid
from fusebench.fusions.logistic import log_loss


def spoken(n, seed, noise=(1.5, 1.5), n_classes=3):
    """Classes are trajectories of three steps, at the pace of the sample, of 8 to 15 frames."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % n_classes
    lengths = rng.integers(8, 16, size=n)
    place = np.minimum(np.arange(15) / (lengths[:, None] - 1), 1) ** rng.uniform(0.7, 1.4, (n, 1))
    step = (place * 2.999).astype(int)
    modalities = {}
    for m, (name, spread) in enumerate(zip("abc", noise, strict=False)):
        means = np.random.default_rng(m).standard_normal((n_classes, 3, 4))
        values = means[y[:, None], step] + spread * rng.standard_normal((n, 15, 4))
        modalities[name] = Modality(Kind.SEQUENCE, values.astype(np.float32), lengths)
    return MultimodalData(modalities, y)


@pytest.fixture(scope="module")
def splits():
    return [spoken(n, seed) for seed, n in enumerate((150, 90, 300))]


@pytest.fixture(scope="module")
def fitted(splits):
    return MultistreamHMM(n_states=3, n_frames=10).fit(splits[0], splits[1])


def test_two_streams_are_better_than_one_and_one_better_than_chance(splits, fitted):
    test = splits[2]
    both = fitted.score(test, test.labels)
    alone = [fitted.score(test.without(name), test.labels) for name in "ab"]
    assert both > 0.9
    assert both > max(alone) > min(alone) > 0.6


def test_order_in_time_tells_the_class():
    """The same frames forwards and backwards: no average over time can tell them apart."""
    rng = np.random.default_rng(0)
    y = np.arange(120) % 2
    ramp = np.linspace(-1, 1, 12)[None, :, None] * (2 * y - 1)[:, None, None]
    values = (ramp + 0.5 * rng.standard_normal((120, 12, 2))).astype(np.float32)
    data = MultimodalData({"a": Modality(Kind.SEQUENCE, values)}, y)
    fusion = MultistreamHMM(n_states=3, n_frames=12).fit(data.take(np.arange(80)))
    test = data.take(np.arange(80, 120))
    assert fusion.score(test, test.labels) == 1.0


def test_the_posterior_of_noise_is_the_prior():
    """Untempered, the product over all frames would be sure of a class in nearly every sample."""
    rng = np.random.default_rng(0)
    blind = [
        MultimodalData(spoken(200, s).modalities, rng.permutation(np.arange(200) % 5 // 4)) for s in range(3)
    ]
    fusion = MultistreamHMM(n_states=3, n_frames=10).fit(blind[0], blind[1])
    assert fusion.temperature_ > 5
    entropy = -0.8 * np.log(0.8) - 0.2 * np.log(0.2)
    assert log_loss(fusion.predict_proba(blind[2]), blind[2].labels) < entropy + 0.05


def test_a_stream_that_misleads_gets_less_weight():
    """Stream b is one random offset a sample, for all of its frames: much certainty, no knowledge."""

    def data(n, seed):
        good = spoken(n, seed)
        offset = 2 * np.random.default_rng(seed).standard_normal((n, 1, 4)) * np.ones((1, 15, 1))
        return good.with_modality("b", Modality(Kind.SEQUENCE, offset.astype(np.float32)))

    fusion = MultistreamHMM(n_states=3, n_frames=10).fit(data(150, 0), data(90, 1))
    assert fusion.stream_weights_[0] > 1.4
    assert fusion.stream_weights_.sum() == pytest.approx(2)


@pytest.mark.parametrize("n_streams", [1, 2, 3])
def test_stream_weights_are_positive_and_sum_to_their_number(n_streams):
    grid = np.array(list(_weight_grid(n_streams)))
    assert (grid > 0).all()
    np.testing.assert_allclose(grid.sum(axis=1), n_streams)
    np.testing.assert_array_equal(grid[0], 1)


def test_padding_and_pace_are_not_read(splits, fitted):
    test = splits[2]
    expected = fitted.predict_proba(test)
    for name, modality in test.modalities.items():
        values = np.where(modality.frame_mask()[..., None], modality.values, np.float32(1e6))
        test = test.with_modality(name, Modality(Kind.SEQUENCE, values, modality.lengths))
    np.testing.assert_allclose(fitted.predict_proba(test), expected)


def test_an_absent_stream_is_integrated_over(splits):
    """At equal weights, leaving a stream out is the model of the others alone."""
    train, validation, test = splits
    fusion = MultistreamHMM(n_states=1, n_frames=10).fit(train, validation)  # one state: nothing to align
    alone = MultistreamHMM(n_states=1, n_frames=10).fit(train.select(["a"]), validation.select(["a"]))
    scale = fusion.stream_weights_[0] / fusion.temperature_ * alone.temperature_
    left, expected = (
        np.log(p[:, 1:] / p[:, :1])
        for p in (fusion.predict_proba(test.without("b")), alone.predict_proba(test.select(["a"])))
    )
    np.testing.assert_allclose(left, scale * expected, atol=1e-6)


def test_incomplete_training_samples():
    train, validation, test = (spoken(n, seed) for seed, n in enumerate((150, 90, 300)))
    present = np.ones_like(train.mask)
    present[train.labels == 0, 1] = False  # no sample of class 0 is complete
    present[train.labels == 1, 0] = np.arange(50) % 2 == 0
    fusion = MultistreamHMM(n_states=3, n_frames=10).fit(train.with_present(present), validation)
    assert fusion.temperature_ < 20
    assert fusion.score(test.without("b"), test.labels) > 0.85


def test_training_with_half_of_everything_absent_costs_little(splits, fitted):
    train, validation, test = splits
    present = np.random.default_rng(0).random(train.mask.shape) < 0.5
    fusion = MultistreamHMM(n_states=3, n_frames=10).fit(train.with_present(present), validation)
    assert fusion.score(test, test.labels) > fitted.score(test, test.labels) - 0.05


def test_a_class_without_any_present_sample_is_neither_favoured_nor_fatal():
    train, validation, test = (spoken(n, seed) for seed, n in enumerate((150, 90, 300)))
    present = np.ones_like(train.mask)
    present[train.labels == 2] = False
    fusion = MultistreamHMM(n_states=3, n_frames=10).fit(train.with_present(present), validation)
    assert fusion.temperature_ < 20
    known = test.labels != 2
    assert fusion.score(test.take(known), test.labels[known]) > 0.6


@pytest.mark.parametrize("n_states", [0, 11])
def test_states_need_frames(splits, n_states):
    with pytest.raises(FusebenchError, match=f"between 1 and n_frames=10, however: {n_states}"):
        MultistreamHMM(n_states=n_states, n_frames=10).fit(splits[0], splits[1])


def test_the_joint_model_is_the_multistream_model_with_equal_weights(splits, fitted):
    joint = JointHMM(n_states=3, n_frames=10).fit(splits[0], splits[1])
    equal = MultistreamHMM(n_states=3, n_frames=10)
    vars(equal).update(vars(fitted), stream_weights_=np.ones(2), temperature_=joint.temperature_)
    test = splits[2]
    np.testing.assert_allclose(joint.predict_proba(test), equal.predict_proba(test))
    for name in "ab":
        np.testing.assert_allclose(
            joint.predict_proba(test.without(name)), equal.predict_proba(test.without(name))
        )


def test_a_joint_model_of_one_state_and_absence_is_that_of_what_is_there(splits):
    train, validation, test = splits
    both = JointHMM(n_states=1, n_frames=10).fit(train, validation)  # one state: nothing to align
    alone = JointHMM(n_states=1, n_frames=10).fit(train.select(["a"]), validation.select(["a"]))
    scores = [np.log(f.predict_proba(d)) * f.temperature_ for f, d in
              ((both, test.without("b")), (alone, test.select(["a"])))]  # fmt: skip
    left, expected = (score[:, 1:] - score[:, :1] for score in scores)
    np.testing.assert_allclose(left, expected, atol=1e-6)
