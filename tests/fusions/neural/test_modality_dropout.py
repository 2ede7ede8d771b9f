"""Modalities are dropped at the rate asked for, never all of a sample, while training only."""

from itertools import product

import pytest
import torch
from torch import nn

from fusebench.datasets.registry import load_dataset
from fusebench.errors import FusebenchError
from fusebench.fusions.neural.batch import Batch
from fusebench.fusions.neural.modality_dropout import drop_modalities
from fusebench.fusions.neural.trainer import seeded, train_network
from fusebench.fusions.registry import make_fusion


def make_batch(present):
    """Vector and sequence in turn; content 1 where present, else 0."""
    values = {
        str(m): torch.ones(len(present), *([2] if m % 2 == 0 else [4, 2])) for m in range(present.shape[1])
    }
    values = {
        name: x * present[:, m].view(-1, *[1] * (x.ndim - 1)) for m, (name, x) in enumerate(values.items())
    }
    lengths = {name: torch.full((len(present),), 4) for name, x in values.items() if x.ndim == 3}
    return Batch(values, lengths, present, torch.arange(len(present)) % 2)


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.9])
def test_the_rate_is_the_one_asked_for_but_for_samples_that_would_lose_all(rate):
    batch = make_batch(torch.ones(20_000, 3, dtype=torch.bool))
    with seeded(0):
        dropped = drop_modalities(batch, rate)
    kept = dropped.present.float()
    # Of M = 3 independent draws; where all fall (rate^3), one of the three comes back.
    torch.testing.assert_close(kept.mean(dim=0), torch.full((3,), 1 - rate + rate**3 / 3), atol=0.02, rtol=0)
    torch.testing.assert_close(
        (kept.sum(dim=1) == 3).float().mean().item(), (1 - rate) ** 3, atol=0.02, rtol=0
    )


@pytest.mark.parametrize("rate", [0.3, 1.0])
def test_one_that_was_there_stays_and_none_comes_back(rate):
    patterns = torch.tensor(list(product([True, False], repeat=3)) * 50)
    with seeded(1):
        dropped = drop_modalities(make_batch(patterns), rate)
    assert not (dropped.present & ~patterns).any()
    assert (dropped.present.any(dim=1) == patterns.any(dim=1)).all()
    assert (dropped.present != patterns).any()


def test_what_is_dropped_is_0_and_the_rest_is_as_it_was():
    batch = make_batch(torch.ones(50, 2, dtype=torch.bool))
    with seeded(0):
        dropped = drop_modalities(batch, 0.5)
    for m, values in enumerate(dropped.values.values()):
        flat = values.flatten(1)
        assert (flat == dropped.present[:, m, None].float()).all()
    assert all((values == 1).all() for values in batch.values.values())
    assert dropped.labels is batch.labels
    assert dropped.lengths is batch.lengths


def test_rate_0_draws_nothing():
    batch = make_batch(torch.ones(4, 2, dtype=torch.bool))
    before = torch.get_rng_state()
    assert drop_modalities(batch, 0.0) is batch
    assert torch.get_rng_state().equal(before)


class Watcher(nn.Module):
    """Remember what was present while training and while validating."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 2)
        self.seen = {True: [], False: []}

    def forward(self, batch):
        self.seen[self.training].append(batch.present)
        return self.layer(batch.values["0"])


def test_training_drops_anew_in_every_epoch_and_validation_never():
    network, batch = Watcher(), make_batch(torch.ones(40, 2, dtype=torch.bool))
    settings = {"learning_rate": 0.01, "weight_decay": 0.0, "batch_size": 40, "max_epochs": 2, "patience": 9}
    with seeded(0):
        train_network(network, batch, batch, **settings, modality_dropout=0.5)
    first, second = network.seen[True]
    assert 0.3 < (~first).float().mean() < 0.5
    assert not first.equal(second)
    assert all(present.all() for present in network.seen[False])


def test_the_option_reaches_the_trainer_and_is_checked():
    data = load_dataset("synth-redundant", n_train=100).features(seed=0)
    plain, dropping = (
        make_fusion("gmu", modality_dropout=rate, max_epochs=2).fit(data.train, data.validation)
        for rate in (0.0, 0.5)
    )
    assert plain.history_.train_loss != dropping.history_.train_loss
    with pytest.raises(FusebenchError, match=r"modality_dropout must lie between 0 and 1, however: 1\.5"):
        make_fusion("gmu", modality_dropout=1.5).fit(data.train, data.validation)
