"""ModDrop is the concatenation of embeddings, and what dropping is for."""

import numpy as np
import pytest
import torch

from fusebench.datasets.data import Kind, Modality, MultimodalData
from fusebench.fusions.logistic import log_loss
from fusebench.fusions.modality_dropout import ModalityDropout
from fusebench.fusions.neural.batch import Batch
from fusebench.fusions.neural.concatenation import concatenation_network
from fusebench.fusions.neural.trainer import seeded


def draw(n, seed):
    """A modality that tells nearly all, another that tells less of the same: one is tempted to ignore it."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    modalities = {
        name: Modality(
            Kind.VECTOR, (3 * np.eye(3)[y] + noise * rng.standard_normal((n, 3))).astype(np.float32)
        )
        for name, noise in (("clear", 0.7), ("noisy", 1.5))
    }
    return MultimodalData(modalities, y)


def test_the_network_is_a_perceptron_on_embeddings_side_by_side():
    data = draw(6, 0).with_present(np.array([[1, 1], [1, 0], [0, 1]] * 2, bool))
    with seeded(0):
        network = concatenation_network(data.modalities, 4, 5, dropout=0.3).eval()
    batch, embedded = Batch.of(data), []
    for encoder, x, has in zip(
        network.encoders.encoders, batch.values.values(), batch.present.T, strict=True
    ):
        embedded.append(torch.tanh(encoder.layers[0](x)) * has[:, None])
    first, last = network.head[0], network.head[-1]
    expected = last(torch.relu(first(torch.cat(embedded, dim=1))))
    torch.testing.assert_close(network(batch), expected)
    assert not embedded[0][2].any()


@pytest.mark.parametrize("seed", range(3))
def test_dropping_teaches_to_do_without_the_better_modality(seed):
    train, validation, test = (draw(n, 10 * seed + i) for i, n in enumerate((300, 150, 600)))
    losses = {}
    for name, parameters in (("default", {}), ("never", {"modality_dropout": 0.0})):
        fusion = ModalityDropout(**parameters, random_state=seed).fit(train, validation)
        losses[name] = [
            log_loss(fusion.predict_proba(split), test.labels) for split in (test, test.without("clear"))
        ]
    assert losses["default"][1] < 0.95 * losses["never"][1]
    assert losses["default"][0] < 1.5 * losses["never"][0]
