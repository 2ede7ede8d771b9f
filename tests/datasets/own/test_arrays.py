import numpy as np
import pytest

from fusebench.datasets.data import Kind, Task
from fusebench.datasets.own import arrays as module
from fusebench.datasets.own.arrays import parse_arrays

N = 6
RNG = np.random.default_rng(0)
Y = np.array([0, 1, 0, 1, 0, 1])
VECTOR = RNG.normal(size=(N, 3))
SEQUENCE = RNG.normal(size=(N, 4, 2))
LENGTHS = np.array([1, 2, 3, 4, 4, 1])
SOUND = RNG.uniform(-1, 1, LENGTHS.sum())


def parse(**arrays):
    """Names with a dot are written with two underscores."""
    return parse_arrays({name.replace("__", "."): np.asarray(a) for name, a in {"y": Y, **arrays}.items()})


def only(**arrays):
    return parse(**arrays).data.modalities["a"]


def test_vectors_and_sequences_come_back_as_float32():
    np.testing.assert_array_equal(only(a=VECTOR).values, VECTOR.astype(np.float32))
    assert only(a=VECTOR.astype(int)).kind is Kind.VECTOR
    assert only(a=RNG.integers(0, 9, (N, 3), dtype=np.uint8)).kind is Kind.VECTOR
    sequence = only(a=SEQUENCE, a__lengths=LENGTHS)
    assert sequence.kind is Kind.SEQUENCE
    assert sequence.lengths.tolist() == LENGTHS.tolist()
    for row, length in enumerate(LENGTHS):
        np.testing.assert_array_equal(
            sequence.values[row, :length], SEQUENCE[row, :length].astype(np.float32)
        )
        assert not sequence.values[row, length:].any()


@pytest.mark.parametrize("channels", [None, 1, 3, 4])
def test_images_come_back_with_channels_first(channels):
    shape = (N, 5, 7) if channels is None else (N, 5, 7, channels)
    images = RNG.integers(0, 256, shape, dtype=np.uint8)
    read = only(a=images)
    assert read.kind is Kind.IMAGE
    assert read.values.shape == (N, channels or 1, 5, 7)
    np.testing.assert_array_equal(
        read.values[3, -1, 2, 4], images[3, 2, 4] if channels is None else images[3, 2, 4, -1]
    )


def test_waveforms_end_to_end_are_cut_where_their_lengths_say():
    audio = only(a=SOUND, a__lengths=LENGTHS, a__rate=8000)
    assert (audio.kind, audio.rate) == (Kind.AUDIO, 8000)
    cut = np.split(SOUND.astype(np.float32), np.cumsum(LENGTHS)[:-1])
    for row, wave in enumerate(cut):
        np.testing.assert_array_equal(audio.values[row], np.pad(wave, (0, 4 - len(wave))))
    padded = only(a=audio.values, a__lengths=LENGTHS, a__rate=[8000.0])
    np.testing.assert_array_equal(padded.values, audio.values)
    assert padded.lengths.tolist() == LENGTHS.tolist()


def test_integers_of_16_bit_are_scaled():
    audio = only(a=np.full((N, 2), -32768, np.int16), a__rate=8000)
    assert (audio.values == -1).all()


def test_an_absent_waveform_may_have_no_samples():
    lengths = np.array([0, 2, 3, 4, 4, 1])
    contents = parse(a=SOUND[1:], a__lengths=lengths, a__rate=8000, a__present=lengths > 0)
    audio = contents.data.modalities["a"]
    assert audio.lengths.tolist() == [1, 2, 3, 4, 4, 1]
    assert audio.values[0].tolist() == [0, 0, 0, 0]
    np.testing.assert_array_equal(audio.values[1, :2], SOUND[1:3].astype(np.float32))


def test_what_is_absent_is_cleared_and_may_be_anything():
    present = np.array([1, 1, 0, 1, 1, 1])
    contents = parse(
        a=np.where(present[:, None], VECTOR, np.nan),
        a__present=present,
        b=np.array(list("uvwxyz")),
        b__present=present > 0,
    )
    assert contents.data.mask[:, 0].tolist() == contents.data.mask[:, 1].tolist() == (present > 0).tolist()
    assert not contents.data.modalities["a"].values[2].any()
    assert contents.data.modalities["b"].values.tolist() == ["u", "v", "", "x", "y", "z"]


def test_padding_may_be_anything():
    frames = SEQUENCE.copy()
    frames[0, 1:] = np.nan
    assert not only(a=frames, a__lengths=LENGTHS).values[0, 1:].any()


def test_all_that_is_known_of_a_sample_is_kept():
    contents = parse(
        a=VECTOR,
        y=np.array(["n", "p"] * 3),
        split=["train", "val", "test", "train", "validation", "test"],
        group=[7, 8, 9, 7, 8, 9],
        ids=list("abcdef"),
    )
    assert contents.classes == ("n", "p")
    assert contents.split.tolist() == [0, 1, 2, 0, 1, 2]
    assert contents.group.tolist() == [0, 1, 2, 0, 1, 2]
    assert contents.ids == tuple("abcdef")
    assert parse(a=VECTOR).ids[5] == "row 5"


def test_the_task_is_that_of_the_labels():
    assert parse(a=VECTOR).data.task is Task.CLASSIFICATION
    assert parse(a=VECTOR, y=Y + 0.5).data.task is Task.REGRESSION
    several = parse(a=VECTOR, y=np.stack([Y, 1 - Y, Y], axis=1), y__names=["r", "s", "t"])
    assert several.data.task is Task.MULTILABEL
    assert several.classes == ("r", "s", "t")


ragged = np.empty(N, object)
ragged[:] = [[1], [1, 2]] * 3
nan_at = VECTOR.copy()
nan_at[4, 1] = np.nan


@pytest.mark.parametrize(
    ("arrays", "reason"),
    [
        ({}, "no modality, only labels"),
        ({"a": ragged}, "'a' holds Python objects"),
        ({"a": VECTOR, "y": np.array([0, None, 1, 0, 1, 0])}, "'y' holds Python objects"),
        ({"a": VECTOR[:5]}, r"'a' needs 6 rows, one for each of 'y', however: \(5, 3\)"),
        ({"a": VECTOR[:, 0]}, r"'a' is float64 of shape \(6,\), which is no modality"),
        ({"a": SEQUENCE[..., None]}, "'a' is float64 of shape"),
        ({"a": np.zeros((N, 0))}, "'a' is empty"),
        ({"a": np.float64(3)}, "'a' is a single value"),
        ({"a": np.zeros((N, 2, 2, 5), np.uint8)}, "'a' has 5 channels"),
        ({"a": np.array([b"x"] * N)}, r"'a' holds \|S1"),
        ({"a": nan_at}, "'a', row 4, column 1: nan is no finite number; mark what is missing in 'a.present'"),
        ({"a": VECTOR * 1e300}, "'a', row 0, column 0: -?inf"),
        ({"a": VECTOR, "a__lengths": LENGTHS}, "of kind vector, which has no 'a.lengths'"),
        ({"a": SEQUENCE, "a__lengths": LENGTHS + 1}, "'a.lengths', row 3: 5 does not lie between 1 and 4"),
        ({"a": SEQUENCE, "a__lengths": LENGTHS - 1}, "'a.lengths', row 0: 0 does not lie"),
        ({"a": SEQUENCE, "a__lengths": LENGTHS / 2}, "'a.lengths' needs integers"),
        ({"a": VECTOR, "a__present": LENGTHS}, "'a.present' needs booleans"),
        ({"a": VECTOR, "a__present": [True]}, r"'a.present' needs \(6,\)"),
        ({"a": VECTOR, "a__size": LENGTHS}, "the array 'a.size' belongs to nothing"),
        (
            {"a": VECTOR, "b__present": LENGTHS},
            "the array 'b.present' belongs to nothing; did you mean a.present",
        ),
        ({"a": SOUND, "a__rate": 8000}, "needs 'a.lengths'"),
        (
            {"a": SOUND[1:], "a__rate": 8000, "a__lengths": LENGTHS},
            "'a' has 14 samples, but 'a.lengths' sum to 15",
        ),
        (
            {"a": SOUND * 3, "a__rate": 8000, "a__lengths": LENGTHS},
            "'a', row 0: a waveform lies between -1 and 1",
        ),
        ({"a": SOUND, "a__rate": 0, "a__lengths": LENGTHS}, "'a.rate' needs one number"),
        ({"a": SOUND, "a__rate": [1000, 2000], "a__lengths": LENGTHS}, "'a.rate' needs one number"),
        ({"a": Y, "a__rate": 8000, "a__lengths": LENGTHS}, "'a' needs waveforms of int16 or floats"),
        ({"a": VECTOR, "y": Y * 0}, "all labels are '0': there is one class only"),
        ({"a": VECTOR, "y": np.where(Y, np.nan, 0.5)}, "the label of row 1 is nan"),
        (
            {"a": VECTOR, "split": ["train"] * 5 + ["tets"]},
            "'split', row 5: 'tets' is no split; did you mean test",
        ),
        ({"a": VECTOR, "split": ["train"] * N}, "'split' has no 'test'"),
        (
            {"a": VECTOR, "split": ["train", "test"] * 3, "group": [1, 2, 1, 2, 1, 1]},
            "'group', row 5: 1 is in another",
        ),
        ({"a": VECTOR, "ids": [1, 2, 3, 4, 5, 3]}, "'ids', row 5: '3' is that of row 2 too"),
        ({"a": VECTOR, "group": [1]}, r"'group' needs \(6,\)"),
        ({"a b": VECTOR}, "the modality 'a b' needs a name of letters"),
        ({"../a": VECTOR}, r"belongs to nothing"),
        ({"a/b": VECTOR}, "the modality 'a/b' needs a name of letters"),
        ({"a": VECTOR[:0], "y": Y[:0]}, "no samples"),
        ({"a": VECTOR, "y": np.stack([Y, Y], 1), "y__names": ["x"]}, "2 labels but 1 names"),
    ],
)
def test_what_is_wrong_is_named_with_row_and_column(arrays, reason):
    with pytest.raises(ValueError, match=reason):
        parse(**arrays)


def test_labels_are_needed():
    with pytest.raises(ValueError, match="no array 'y'"):
        parse_arrays({"a": VECTOR})


def test_padding_to_one_vast_waveform_is_refused(monkeypatch):
    monkeypatch.setattr(module, "MAX_BYTES", 50)
    with pytest.raises(ValueError, match="more than 50 bytes when padded to the longest, 4"):
        parse(a=SOUND, a__rate=8000, a__lengths=LENGTHS)
