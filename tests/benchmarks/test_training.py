"""The shared trainer beside a bare PyTorch loop: the same model, data, epochs and batch size.

`test_trainer_over_bare_loop` runs both in turns and reports the median of their ratio as ``extra_info``. It
should stay below 1.15.
"""

from statistics import median
from time import perf_counter

import pytest
import torch
from torch.nn.functional import cross_entropy

from fusebench.datasets.registry import load_dataset
from fusebench.fusions.neural.batch import Batch
from fusebench.fusions.neural.concatenation import concatenation_network
from fusebench.fusions.neural.trainer import seeded, train_network

EPOCHS, BATCH_SIZE, ROUNDS = 20, 64, 9


@pytest.fixture(scope="module")
def batches():
    splits = load_dataset("synth-redundant", n_train=1500, n_validation=300).features(seed=0)
    return splits.train.modalities, Batch.of(splits.train), Batch.of(splits.validation)


def make_network(modalities):
    return concatenation_network(modalities, hidden=32, n_outputs=2, dropout=0.3)


def bare_loop(network, data, validation):
    """What one would write by hand: no early stopping, no callbacks, no checks."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.3, fused=True)
    best = float("inf")
    for _ in range(EPOCHS):
        network.train()
        order = torch.randperm(len(data))
        for start in range(0, len(data), BATCH_SIZE):
            batch = data[order[start : start + BATCH_SIZE]]
            optimizer.zero_grad()
            cross_entropy(network(batch), batch.labels).backward()
            optimizer.step()
        network.eval()
        with torch.inference_mode():
            loss = cross_entropy(network(validation), validation.labels).item()
        if loss < best:
            best, weights = loss, {name: value.clone() for name, value in network.state_dict().items()}
    network.load_state_dict(weights)


def trainer(network, data, validation):
    train_network(
        network,
        data,
        validation,
        learning_rate=3e-3,
        weight_decay=0.3,
        batch_size=BATCH_SIZE,
        max_epochs=EPOCHS,
        patience=EPOCHS,
    )


def run(train, batches):
    modalities, data, validation = batches
    with seeded(0):
        network = make_network(modalities)
        start = perf_counter()
        train(network, data, validation)
        return perf_counter() - start


@pytest.mark.parametrize("train", [bare_loop, trainer])
def test_training(benchmark, batches, train):
    seconds = benchmark.pedantic(run, args=(train, batches), rounds=5, warmup_rounds=1)
    assert seconds > 0


def test_trainer_over_bare_loop(benchmark, batches):
    ratios = []

    def both():
        ratios.append(run(trainer, batches) / run(bare_loop, batches))

    benchmark.pedantic(both, rounds=ROUNDS, warmup_rounds=1)
    benchmark.extra_info["trainer over bare loop"] = round(median(ratios[1:]), 3)
    assert len(ratios) == ROUNDS + 1
