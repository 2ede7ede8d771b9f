"""The promises of the base class, seen through a probe that keeps what it is given."""

from typing import ClassVar, Literal

import numpy as np
import pytest
from sklearn.base import clone

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.errors import DivergedError, FusebenchError
from fusebench.fusions.base import FusionStrategy
from fusebench.fusions.late import LateMean
from fusebench.fusions.registry import fusions, register_fusion


class Probe(FusionStrategy):
    """Keep the prepared data; predict from the sum of all features, or what `answer` says."""

    absence: ClassVar[Literal["native", "imputed"]] = "native"

    def __init__(self, *, answer: float | None = None, random_state: int = 0) -> None:
        self.answer = answer
        self.random_state = random_state

    def _fit(self, train, validation):
        self.train, self.validation = train, validation

    def _predict_outputs(self, data):
        self.seen = data
        total = sum(m.values.sum(axis=1) for m in data.modalities.values())
        odds = np.exp(np.clip(total, -20, 20)) if self.answer is None else np.full(len(data), self.answer)
        rest = np.ones((len(data), len(self.classes_) - 1))
        return np.column_stack([odds, rest])


class ImputingProbe(Probe):
    absence: ClassVar[Literal["native", "imputed"]] = "imputed"


def make_data(n=60, seed=0, labels=(0, 1), n_features=(3, 2)):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % len(labels)
    modalities = {
        name: Modality(Kind.VECTOR, (5 + y[:, None] + 2 * rng.standard_normal((n, d))).astype(np.float32))
        for name, d in zip(("video", "audio"), n_features, strict=True)
    }
    return MultimodalData(modalities, np.array(labels)[y])


def hide(data, share=0.3, seed=1):
    present = np.random.default_rng(seed).random(data.mask.shape) > share
    present[~present.any(axis=1), 0] = True
    return data.with_present(present)


def fill_absent(data, content):
    for name, modality in data.modalities.items():
        values = np.where(data.has(name)[:, None], modality.values, np.float32(content))
        data = data.with_modality(name, Modality(Kind.VECTOR, values))
    return data


def test_modalities_arrive_in_alphabetical_order_whatever_their_order_was():
    data = make_data()
    swapped = data.select(["audio", "video"])
    assert data.names != swapped.names
    probe = Probe().fit(data)
    assert probe.train.names == probe.modalities_ == ["audio", "video"]
    one, other = LateMean().fit(hide(data)), LateMean().fit(hide(data).select(["audio", "video"]))
    np.testing.assert_array_equal(one.predict_proba(hide(data)), other.predict_proba(hide(data)))
    np.testing.assert_array_equal(one.predict_proba(data), one.predict_proba(swapped))


@pytest.mark.parametrize("cls", [Probe, ImputingProbe, LateMean])
@pytest.mark.parametrize("content", [np.nan, 1e30, -np.inf])
def test_content_of_absent_entries_is_never_read(cls, content):
    clean, dirty = (fill_absent(hide(make_data()), value) for value in (0.0, content))
    expected = cls().fit(clean).predict_proba(clean)
    np.testing.assert_array_equal(cls().fit(dirty).predict_proba(dirty), expected)


def test_features_are_standardised_over_what_is_present():
    data = fill_absent(hide(make_data(n=200)), 1e6)
    probe = Probe().fit(data, data)
    for name, modality in probe.train.modalities.items():
        rows = modality.values[data.has(name)]
        np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(rows.std(axis=0), 1, atol=1e-5)
        assert (modality.values[~data.has(name)] == 0).all()


def test_validation_is_standardised_as_training_was():
    data = make_data()
    shifted = data.with_modality("audio", Modality(Kind.VECTOR, data.modalities["audio"].values + 100))
    probe = Probe().fit(data, shifted)
    assert probe.validation.modalities["audio"].values.mean() > 10


def test_only_a_native_strategy_sees_what_is_absent():
    data = hide(make_data())
    native, imputing = Probe().fit(data, data), ImputingProbe().fit(data, data)
    np.testing.assert_array_equal(native.train.mask, data.select(["audio", "video"]).mask)
    assert imputing.train.mask.all()


@pytest.mark.parametrize("cls", [Probe, ImputingProbe, LateMean])
def test_a_sample_without_anything_gets_the_class_frequencies(cls):
    data = make_data(labels=("a", "b", "b"))
    fusion = cls().fit(data, data)
    np.testing.assert_allclose(fusion.prior_, [1 / 3, 2 / 3])
    present = np.ones((3, 2), bool)
    present[1] = False
    probabilities = fusion.predict_proba(data.take(np.arange(3)).with_present(present))
    np.testing.assert_allclose(probabilities[1], fusion.prior_)
    np.testing.assert_allclose(probabilities[[0, 2]], fusion.predict_proba(data)[[0, 2]])
    nothing = fusion.predict_proba(data.without("audio", "video"))
    np.testing.assert_allclose(nothing, np.tile(fusion.prior_, (len(data), 1)))


def test_a_batch_of_one_equals_its_row_in_a_large_batch():
    data = hide(make_data())
    fusion = LateMean().fit(data)
    together = fusion.predict_proba(data)
    for row in range(len(data)):
        np.testing.assert_allclose(
            fusion.predict_proba(data.take(np.array([row])))[0], together[row], atol=1e-12
        )


def test_labels_are_coded_and_decoded():
    data = make_data(labels=("owl", "cat", "dog"))
    probe = Probe().fit(data, data)
    assert probe.classes_.tolist() == ["cat", "dog", "owl"]
    np.testing.assert_array_equal(probe.classes_[probe.train.labels], data.labels)
    assert set(probe.predict(data)) <= {"owl", "cat", "dog"}


def test_probabilities_are_normalised():
    data = make_data()
    np.testing.assert_allclose(Probe(answer=3.0).fit(data).predict_proba(data)[0], [0.75, 0.25])


@pytest.mark.parametrize("answer", [np.nan, np.inf])
def test_probabilities_that_are_not_finite_raise(answer):
    data = make_data()
    with pytest.raises(DivergedError, match="Probe gave outputs that are not finite"):
        Probe(answer=answer).fit(data).predict_proba(data)


def test_the_input_is_not_modified():
    data = hide(make_data())
    before = {name: m.values.copy() for name, m in data.modalities.items()}
    mask, y = data.mask.copy(), data.labels.copy()
    ImputingProbe().fit(data).predict_proba(data)
    for name, values in before.items():
        np.testing.assert_array_equal(data.modalities[name].values, values)
    np.testing.assert_array_equal(data.mask, mask)
    np.testing.assert_array_equal(data.labels, y)


def test_without_validation_a_stratified_fifth_is_held_out():
    data = make_data(n=90, labels=(0, 1, 1))
    probe = Probe().fit(data)
    counts = np.bincount(probe.validation.labels)
    assert counts.tolist() == [30 // 5, 60 // 5]
    rows = np.concatenate(
        [probe.train.modalities["audio"].values, probe.validation.modalities["audio"].values]
    )
    assert len(np.unique(rows, axis=0)) == len(data), "the two parts must be disjoint and complete"
    again, other = Probe().fit(data), Probe(random_state=1).fit(data)
    part = [p.validation.modalities["audio"].values for p in (probe, again, other)]
    np.testing.assert_array_equal(part[0], part[1])
    assert not np.array_equal(part[0], part[2])


def test_a_class_of_fewer_than_five_stays_in_training():
    data = make_data(n=50).take(np.r_[np.arange(0, 50, 2), [1, 3, 5]])
    probe = Probe().fit(data)
    assert np.bincount(probe.train.labels).tolist() == [20, 3]
    assert np.bincount(probe.validation.labels).tolist() == [5]


def test_validation_samples_of_unknown_classes_are_left_out():
    probe = Probe().fit(make_data(labels=(0, 1)), make_data(labels=(0, 1, 2)))
    assert set(probe.validation.labels) == {0, 1}


def test_clone_and_parameters():
    probe = Probe(answer=2.0)
    assert probe.get_params() == {"answer": 2.0, "random_state": 0}
    fitted = probe.fit(make_data())
    assert fitted is probe
    assert clone(fitted).get_params() == probe.get_params()
    assert not hasattr(clone(fitted), "classes_")
    assert clone(probe).set_params(answer=5.0).answer == 5.0


def test_errors_say_what_would_be_right():
    data = make_data()
    probe = Probe().fit(data)
    renamed = MultimodalData({"audios": data.modalities["audio"], "video": data.modalities["video"]}, data.y)
    with pytest.raises(FusebenchError, match="not fitted with a modality 'audios'; did you mean audio"):
        probe.predict_proba(renamed)
    with pytest.raises(FusebenchError, match="fitted with 'video', which the data lack; mark it as absent"):
        probe.predict_proba(data.select(["audio"]))
    with pytest.raises(FusebenchError, match="at least two classes"):
        Probe().fit(data.take(data.labels == 0))
    with pytest.raises(FusebenchError, match="needs labels"):
        Probe().fit(MultimodalData(data.modalities))


@pytest.mark.parametrize(
    "modality",
    [
        Modality(Kind.IMAGE, np.zeros((4, 1, 2, 2), np.uint8)),
        Modality(Kind.SEQUENCE, np.zeros((4, 3, 2), np.float32)),
    ],
)
def test_a_kind_that_is_not_taken_is_refused(modality):
    data = MultimodalData({"x": modality}, np.array([0, 1, 0, 1]))
    with pytest.raises(
        FusebenchError, match=f"Probe takes vector modalities, however 'x' is {modality.kind}"
    ):
        Probe().fit(data)


def test_a_constructor_that_names_no_parameters_is_refused():
    class Careless(LateMean):
        def __init__(self, *args):
            super().__init__()

    with pytest.raises(ValueError, match=r"constructor of Careless must name each .* without \*args"):
        register_fusion("careless")(Careless)
    assert "careless" not in set(fusions)
