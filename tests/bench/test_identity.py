import numpy as np
import pytest

from fusebench.bench.identity import identify_samples
from fusebench.datasets.data import Kind, Modality, MultimodalData


def make(values, **others) -> MultimodalData:
    return MultimodalData({"a": Modality(Kind.VECTOR, np.asarray(values, np.float32)), **others})


def test_a_sample_keeps_its_number_wherever_it_stands():
    values = np.random.default_rng(0).normal(size=(20, 3))
    order = np.random.default_rng(1).permutation(20)
    numbers = identify_samples(make(values))
    assert len(set(numbers)) == 20
    assert (identify_samples(make(values[order])) == numbers[order]).all()


def test_a_changed_modality_is_another_sample():
    pixels = np.zeros((2, 1, 2, 2), np.uint8)
    before = identify_samples(make([[1.0], [2.0]], image=Modality(Kind.IMAGE, pixels)))
    pixels = pixels.copy()
    pixels[1, 0, 0, 0] = 1
    after = identify_samples(make([[1.0], [2.0]], image=Modality(Kind.IMAGE, pixels)))
    assert (before == after).tolist() == [True, False]


@pytest.mark.parametrize("kind", [Kind.SEQUENCE, Kind.AUDIO])
def test_padding_is_no_content(kind):
    """Another split may be padded to another length."""
    shape = (2, 5) if kind is Kind.AUDIO else (2, 5, 3)
    short = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    long = np.concatenate([short, np.full_like(short, 7)], axis=1)
    lengths = np.array([5, 3])
    numbers = [identify_samples(MultimodalData({"a": Modality(kind, v, lengths)})) for v in (short, long)]
    assert (numbers[0] == numbers[1]).all()
    shorter = identify_samples(MultimodalData({"a": Modality(kind, short, np.array([5, 2]))}))
    assert (numbers[0] == shorter).tolist() == [True, False]


def test_texts_are_told_apart_whatever_the_width_of_the_array():
    first = MultimodalData({"text": Modality(Kind.TEXT, np.array(["a", "bc"]))})
    wide = MultimodalData({"text": Modality(Kind.TEXT, np.array(["bc", "a", "longer"]))})
    assert set(identify_samples(first)) < set(identify_samples(wide))


def test_copies_within_a_split_have_numbers_of_their_own():
    numbers = identify_samples(make([[1.0], [1.0], [1.0]]))
    assert len(set(numbers)) == 3
    assert identify_samples(make([[1.0]]))[0] == numbers[0]
