import numpy as np
import pytest

from fusebench.datasets.inspection import inspect_dataset
from fusebench.datasets.registry import Dataset, load_dataset

N = 300
RNG = np.random.default_rng(0)
Y = np.arange(N) % 3
X = RNG.normal(size=(N, 4))


def inspect(**arrays):
    """Names with a dot are written with two underscores."""
    given = {"x": X, "y": Y, **arrays}
    return inspect_dataset(Dataset.from_arrays({name.replace("__", "."): a for name, a in given.items()}))


def test_sizes_are_those_of_the_data():
    found = inspect(
        s=np.zeros((N, 5, 2)) + X[:, :1, None],
        s__lengths=np.arange(N) % 4 + 2,
        i=RNG.integers(0, 256, (N, 6, 7, 3), dtype=np.uint8),
        w=RNG.uniform(-1, 1, (N, 400)),
        w__rate=1000,
        t=np.array(["one", "one two three"])[np.arange(N) % 2],
        t__present=np.arange(N) % 4 > 0,
    )
    assert {name: (facts.kind, facts.size) for name, facts in found.modalities.items()} == {
        "x": ("vector", "4 features"),
        "s": ("sequence", "2 to 5 frames of 2 features"),
        "i": ("image", "6 by 7 pixels, 3 channels"),
        "w": ("audio", "0.4 s at 1000 Hz"),
        "t": ("text", "1 to 3 words"),
    }
    assert found.modalities["t"].present == 0.75
    assert found.patterns == {"x+s+i+w+t": 225, "x+s+i+w": 75}
    assert found.samples == {"training": 180, "validation": 60, "test": 60}
    assert found.labels == {str(k): [60, 20, 20] for k in range(3)}


def test_labels_of_other_tasks_are_summed_up():
    values = inspect(y=np.linspace(0, 1, N)).labels
    assert list(values) == ["mean", "standard deviation", "minimum", "maximum"]
    assert 0.4 < values["mean"][0] < 0.6
    several = inspect(y=np.stack([Y == 0, Y >= 0], axis=1)).labels
    assert several["1"] == [1, 1, 1]
    assert 0.25 < several["0"][0] < 0.4


@pytest.mark.parametrize("name", ["synth-xor", "shapes-text"])
def test_sound_data_raise_no_suspicion(name):
    assert inspect_dataset(load_dataset(name, n_train=300, n_validation=100, n_test=100)).suspicions == []
    assert inspect().suspicions == []


def suspicion(word, **arrays):
    """The only suspicion that has the word."""
    found = [sentence for sentence in inspect(**arrays).suspicions if word in sentence]
    assert len(found) == 1
    return found[0]


def test_duplicates_are_found_and_named():
    split = np.array(["train"] * 200 + ["val"] * 50 + ["test"] * 50)
    x = X.copy()
    x[[250, 260]] = x[[10, 20]]
    x[[210]] = x[[30]]
    x[[270]] = x[[220]]
    x[[1]] = x[[2]]
    found = inspect(x=x, split=split).suspicions
    same = "the same in every modality; the first:"
    assert found == [
        f"2 of 50 test samples are in training too, {same} row 250 is row 10.",
        f"1 of 50 validation samples are in training too, {same} row 210 is row 30.",
        f"1 of 50 test samples are in validation too, {same} row 270 is row 220.",
    ]
    assert "the first: s250 is s10" in suspicion(
        "test samples are in train", x=x, split=split, ids=[f"s{i}" for i in range(N)]
    )


def test_content_of_absent_entries_is_no_difference_but_absence_is():
    split = np.array(["train"] * 200 + ["test"] * 100)
    x, t = X.copy(), np.array([f"text {i}" for i in range(N)])
    x[250] = x[10]
    present = np.ones(N, bool)
    assert not inspect(x=x, t=t, split=split).suspicions
    present[[10, 250]] = False
    assert suspicion("are in training too", x=x, t=t, t__present=present, split=split)
    present[10] = True
    assert not inspect(x=x, t=t, t__present=present, split=split).suspicions


def test_padding_and_absence_are_told_from_zeros():
    split = np.array(["train"] * 200 + ["test"] * 100)
    s = np.ones((N, 3, 1)) * np.arange(1, N + 1)[:, None, None]
    s[[10, 250]] = [[1], [0], [0]]
    lengths = np.full(N, 3)
    twice = {"s": s, "x": np.ones((N, 1)), "split": split}
    assert suspicion("are in training too", **twice, s__lengths=lengths)
    lengths[250] = 1
    assert not [found for found in inspect(**twice, s__lengths=lengths).suspicions if "too" in found]
    t = np.where(np.isin(np.arange(N), [10, 250]), "", np.arange(N).astype(str))
    twice = {"t": t, "x": np.ones((N, 1)), "split": split}
    assert suspicion("are in training too", **twice)
    absent = np.arange(N) != 250
    assert not [found for found in inspect(**twice, t__present=absent).suspicions if "too" in found]


def test_constant_features_are_counted():
    x = X.copy()
    x[:, [1, 3]] = 7
    assert "2 of 4 features of 'x'" in suspicion("same in all training", x=x)
    assert "1, 3." in suspicion("same in all training", x=x)
    assert suspicion("'t' is the same", t=np.full(N, "text"))
    assert suspicion("'i' is the same", i=np.full((N, 4, 4), 9, np.uint8))
    assert "1 of 1 features of 's'" in suspicion(
        "features of 's'", s=np.ones((N, 3, 1)), s__lengths=np.arange(N) % 3 + 1
    )


@pytest.mark.parametrize(
    "leak",
    [Y, -Y, Y * 3.5 + 1, np.array([5, 9, 7])[Y], Y + 0.01 * X[:, 0]],
    ids=["copy", "minus", "scaled", "coded", "noisy"],
)
def test_a_copy_of_the_label_is_found_even_where_the_file_is_sorted(leak):
    order = np.argsort(Y, kind="stable")
    x = np.column_stack([X, leak])[order]
    assert "Feature 4 of 'x'" in suspicion("alone sorts", x=x, y=Y[order])


def test_a_good_feature_is_no_copy_of_the_label():
    assert not inspect(x=np.column_stack([X, Y + 0.3 * X[:, 0], np.ones(N) * (X[:, 1] > 0)])).suspicions


def test_equal_values_in_a_file_sorted_by_label_are_no_copy_of_it():
    order = np.argsort(Y, kind="stable")
    x = np.column_stack([np.ones(N), X[:, 0] > 1])
    assert not [found for found in inspect(x=x[order], y=Y[order]).suspicions if "alone sorts" in found]


def test_copies_of_values_and_of_single_labels_are_found():
    y = RNG.normal(size=N)
    assert "Feature 4 of 'x'" in suspicion("alone sorts", x=np.column_stack([X, -3 * y + 2]), y=y)
    assert not inspect(x=np.column_stack([X, y + 0.3 * X[:, 0]]), y=y).suspicions
    several = np.stack([Y == 0, Y == 1], axis=1)
    assert "Feature 4 of 'x'" in suspicion("alone sorts", x=np.column_stack([X, Y == 1]), y=several)


def test_a_telling_length_is_found():
    assert suspicion("length of 's'", s=RNG.normal(size=(N, 6, 2)), s__lengths=2 * Y + 1 + np.arange(N) % 2)


def test_telling_absence_is_found_and_absence_at_random_is_not():
    t = np.array([f"text {i}" for i in range(N)])
    absent = (Y == 1) & (np.arange(N) % 10 > 0)
    assert "absent in" in suspicion("'t' is there tells", t=t, t__present=~absent)
    assert "of '1' and in 0% of" in suspicion("'t' is there tells", t=t, t__present=~absent)
    assert not inspect(t=t, t__present=RNG.random(N) > 0.5).suspicions


def test_a_text_that_says_its_class_is_found():
    names = np.array(["cat", "dog", "cow"])[Y]
    t = np.array([f"a {name.upper()}, no. {i}" for i, name in enumerate(names)])
    assert len([s for s in inspect(t=t, y=names).suspicions if "says the name of its class" in s]) == 3
    other = np.array([f"cat dog cow {i}" for i in range(N)])
    assert not inspect(t=other, y=names).suspicions


def test_rare_and_lacking_classes_are_named():
    y = np.where(np.arange(N) < 9, "rare", np.where(Y, "one", "two"))
    assert "'rare' (5)" in suspicion("Fewer than 10", y=y)
    split = np.array(["train"] * 200 + ["val"] * 50 + ["test"] * 50)
    y = np.where(np.arange(N) < 200, Y, 0)
    assert "test split lacks '1', '2'" in suspicion("test split", y=y, split=split)


def test_absence_of_all_is_named():
    present = np.zeros(N, bool)
    assert suspicion("No training sample has 't'", t=np.full(N, "text"), t__present=present)
    assert suspicion("have no modality at all", x__present=np.arange(N) % 2 > 0)


def test_a_doubtful_type_of_label_is_named():
    assert "floats of 3 whole values" in suspicion("labels are", y=Y.astype(float))
    assert "100 different integers" in suspicion("labels are", y=np.arange(N) // 3 * 2)
    assert not [s for s in inspect(y=X[:, 0]).suspicions if "labels are" in s]
