"""A batch keeps values, lengths, presence and labels together."""

import numpy as np
import torch

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.fusions.neural.batch import Batch


def make_data():
    rng = np.random.default_rng(0)
    sequence = Modality(
        Kind.SEQUENCE, rng.normal(size=(6, 4, 3)).astype(np.float32), np.array([1, 2, 3, 4, 4, 1])
    )
    vector = Modality(Kind.VECTOR, rng.normal(size=(6, 2)).astype(np.float32))
    return MultimodalData({"s": sequence, "v": vector}, np.arange(6) % 2, rng.random((6, 2)) < 0.5)


def test_a_batch_holds_what_the_data_hold():
    data = make_data()
    batch = Batch.of(data)
    for name, modality in data.modalities.items():
        np.testing.assert_array_equal(batch.values[name].numpy(), modality.values)
    np.testing.assert_array_equal(batch.lengths["s"].numpy(), data.modalities["s"].lengths)
    assert list(batch.lengths) == ["s"]
    np.testing.assert_array_equal(batch.present.numpy(), data.mask)
    np.testing.assert_array_equal(batch.labels.numpy(), data.labels)


def test_selecting_samples_selects_all_their_parts():
    data = make_data()
    order = torch.tensor([4, 0, 3])
    chosen, expected = Batch.of(data)[order], Batch.of(data.take(order.numpy()))
    assert len(chosen) == 3
    torch.testing.assert_close(chosen.values, expected.values)
    torch.testing.assert_close(chosen.lengths, expected.lengths)
    torch.testing.assert_close(chosen.present, expected.present)
    torch.testing.assert_close(chosen.labels, expected.labels)


def test_data_without_labels_make_a_batch_without_labels():
    data = make_data()
    batch = Batch.of(MultimodalData(data.modalities, None, data.mask))
    assert batch.labels is None
    assert batch[:2].labels is None
