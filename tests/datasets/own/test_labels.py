import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusebench.datasets.own.labels import encode_labels


@given(
    st.one_of(
        st.lists(st.integers(-(2**40), 2**40), min_size=2),
        st.lists(st.text("abc", min_size=1), min_size=2),
        st.lists(st.booleans(), min_size=2),
    ).filter(lambda labels: len(set(labels)) > 1)
)
def test_classes_are_sorted_without_gaps_and_name_every_label(labels):
    y, classes = encode_labels(np.array(labels))
    assert y.dtype == np.int64
    assert sorted(set(y)) == list(range(len(classes)))
    assert [classes[k] for k in y] == [str(label) for label in labels]
    assert classes == tuple(map(str, sorted(set(labels))))


def test_floats_are_values_and_zeros_and_ones_in_columns_are_labels():
    y, classes = encode_labels(np.array([1, 2.5], np.float32))
    assert y.dtype == np.float64
    assert (y.tolist(), classes) == ([1, 2.5], ())
    y, classes = encode_labels(np.array([[1.0, 0, 1], [0, 0, 1]]), ["a", "b", "c"])
    assert y.dtype == np.int64
    assert (y.tolist(), classes) == ([[1, 0, 1], [0, 0, 1]], ("a", "b", "c"))


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (np.array([0.5, np.nan]), "the label of row 2 is nan"),
        (np.array([-np.inf, 0]), "the label of row 1 is -inf"),
        (np.array([3.0, 3.0]), "all labels are 3: there is nothing to predict"),
        (np.array(["a", "a"]), "all labels are 'a': there is one class only"),
        (np.array(["a", ""]), "the label of row 2 is empty"),
        (np.array([[0, 1], [1, 2]]), "the label '1' of row 2 is 2"),
        (np.array([[0, 1], [np.nan, 1]]), "the label '0' of row 2 is nan"),
        (np.zeros((2, 0)), r"shape \(n, k\)"),
        (np.zeros((2, 1, 1)), r"\(2, 1, 1\)"),
        (np.array([1j, 2]), "complex128"),
        (np.array([b"a", b"b"]), "S1"),
    ],
)
def test_labels_that_cannot_be_meant_are_named_with_their_row(labels, reason):
    with pytest.raises(ValueError, match=reason):
        encode_labels(labels, first=1)
