import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusebench.datasets.own.arrays import parse_arrays
from fusebench.datasets.own.splitting import draw_split


def contents(y, **arrays):
    y = np.asarray(y)
    return parse_arrays({"a": np.zeros((len(y), 1)), "y": y, **{k: np.asarray(v) for k, v in arrays.items()}})


def assert_disjoint_and_whole(parts, n):
    assert sorted(np.concatenate(parts)) == list(range(n))
    assert all(len(part) and (np.diff(part) > 0).all() for part in parts)


@given(counts=st.lists(st.integers(3, 40), min_size=2, max_size=5), seed=st.integers(0, 99))
def test_each_class_is_dealt_60_20_20(counts, seed):
    y = np.repeat(np.arange(len(counts)), counts)
    parts = draw_split(contents(y), seed)
    assert_disjoint_and_whole(parts, len(y))
    for part, share in zip(parts, (0.6, 0.2, 0.2), strict=True):
        dealt = np.bincount(y[part], minlength=len(counts))
        assert (np.abs(dealt - share * np.array(counts)) <= 1).all()


@given(counts=st.lists(st.integers(1, 2), min_size=1, max_size=4))
def test_training_has_even_the_rarest_class(counts):
    y = np.repeat(np.arange(len(counts) + 1), [*counts, 50])
    train, _, _ = draw_split(contents(y), 0)
    assert set(y[train]) == set(y)


def test_the_seed_and_nothing_else_draws_the_split():
    y = np.arange(200) % 3
    first, again, other = (draw_split(contents(y), seed) for seed in (0, 0, 1))
    assert all((one == two).all() for one, two in zip(first, again, strict=True))
    assert not (first[0] == other[0]).all()


@pytest.mark.parametrize("y", [np.linspace(0, 1, 50), np.eye(2, dtype=int)[np.arange(50) % 2]])
def test_values_and_several_labels_are_split_at_random(y):
    parts = draw_split(contents(y), 0)
    assert_disjoint_and_whole(parts, 50)
    assert [len(part) for part in parts] == [30, 10, 10]


@given(
    sizes=st.lists(st.integers(1, 12), min_size=6, max_size=30),
    n_classes=st.integers(2, 4),
    seed=st.integers(0, 99),
)
def test_groups_stay_together_and_no_split_is_empty(sizes, n_classes, seed):
    group = np.repeat(np.arange(len(sizes)), sizes)
    y = np.random.default_rng(seed).integers(n_classes, size=len(group))
    if len(set(y)) < 2:
        return
    parts = draw_split(contents(y, group=group), seed)
    assert_disjoint_and_whole(parts, len(y))
    homes = [set(group[part]) for part in parts]
    assert not homes[0] & homes[1]
    assert not homes[0] & homes[2]
    assert not homes[1] & homes[2]
    assert set(y[parts[0]]) == set(y)


@pytest.mark.parametrize("sizes", [[10, 10, 10], [30, 2, 2], [10] * 4])
def test_few_groups_leave_no_split_empty(sizes):
    group = np.repeat(np.arange(len(sizes)), sizes)
    assert_disjoint_and_whole(draw_split(contents(np.arange(len(group)) % 2, group=group), 0), len(group))


def test_many_small_groups_come_near_the_shares_in_every_class():
    group = np.arange(600) // 4
    y = np.random.default_rng(0).choice(3, p=[0.6, 0.3, 0.1], size=600)
    for seed in range(5):
        for part, share in zip(draw_split(contents(y, group=group), seed), (0.6, 0.2, 0.2), strict=True):
            dealt = np.bincount(y[part], minlength=3) / np.bincount(y)
            assert np.abs(dealt - share).max() < 0.05


def test_groups_are_dealt_by_the_seed():
    group = np.arange(200) // 4
    drawn = [draw_split(contents(np.arange(200) % 2, group=group), seed)[2].tolist() for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_whole_split_is_kept():
    words = np.array(["test", "val", "train", "train", "test"] * 4)
    for seed in (0, 1):
        train, validation, test = draw_split(contents(np.arange(20) % 2, split=words), seed)
        assert (words[train] == "train").all()
        assert (words[validation] == "val").all()
        assert (words[test] == "test").all()


@pytest.mark.parametrize("grouped", [False, True])
def test_without_validation_a_quarter_of_training_becomes_it(grouped):
    words = np.array(["train"] * 80 + ["test"] * 20)
    groups = {"group": np.arange(100) // 4} if grouped else {}
    given = contents(np.arange(100) % 2, split=words, **groups)
    drawn = [draw_split(given, seed) for seed in (0, 1)]
    for parts in drawn:
        assert_disjoint_and_whole(parts, 100)
        assert parts[2].tolist() == list(range(80, 100))
        assert len(parts[1]) == 20
    assert drawn[0][1].tolist() != drawn[1][1].tolist()


@pytest.mark.parametrize(
    ("y", "arrays", "reason"),
    [
        ([0, 1], {}, "too few samples of each class"),
        ([0, 1, 0, 1, 0, 1], {"group": [1, 1, 1, 2, 2, 2]}, "too few groups"),
        ([0, 0, 1, 1, 2, 2], {"group": [1, 1, 2, 2, 3, 3]}, "too few groups"),
    ],
)
def test_too_few_samples_are_an_error(y, arrays, reason):
    with pytest.raises(ValueError, match=reason):
        draw_split(contents(y, **arrays), 0)
