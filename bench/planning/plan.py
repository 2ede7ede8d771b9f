"""From what was asked to the cells that answer it, each with the hash of all its numbers depend on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

from ...datasets.data import Task
from ...datasets.registry import Card, Dataset, find_datasets
from ...errors import FusebenchError, did_you_mean
from ...fusions.base import FusionStrategy
from ...fusions.registry import fusions
from ...fusions.tuning import load_optuna
from ...results.statistics.repeated import FIRST_LOOK
from ...seeding import derive_seed
from ..metrics import PRIMARY, Metric, metrics
from ..scenarios.registry import Condition, find_conditions
from ..suite import Suite
from .entry import Entry, find_entries
from .fingerprint import forget_sources, hash_json, hash_source, hash_texts, write_json

__all__ = ["Bundle", "Cell", "find_metric", "make_plan"]

# Raised when the way from raw data to scores changes, so that older cells are run again.
PROTOCOL_VERSION = 2

# Largest splits of the smoke mode: training, validation, test.
QUICK_SIZES = (200, 100, 200)
QUICK_SEEDS = 2


@dataclass(frozen=True)
class Bundle:
    """The features that all cells of one data set, training scenario and seed share.

    Parameters
    ----------
    dataset : Dataset
        What to load.
    seed : int
        With which seed.
    conditions : tuple of Condition
        Under which the test split is featurised; clean is the first.
    training : Condition
        What is done to the training and validation splits.
    sizes : tuple of int, optional
        Largest training, validation and test split; None for all samples.
    ingredients : dict
        What the features depend on, as JSON.
    """

    dataset: Dataset
    seed: int
    conditions: tuple[Condition, ...]
    training: Condition
    sizes: tuple[int, int, int] | None
    ingredients: dict[str, Any]

    @cached_property
    def key(self) -> str:
        """Hash of the ingredients."""
        return hash_json(self.ingredients)

    @cached_property
    def text(self) -> str:
        """The ingredients as text: written once for all cells."""
        return write_json(self.ingredients)


@dataclass(frozen=True)
class Cell:
    """One strategy fitted to one data set with one training scenario and seed, scored under every condition.

    A plan may have a hundred thousand: a cell only holds what it shares with others, and makes the rest.

    Parameters
    ----------
    bundle : Bundle
        The features.
    entry : Entry
        The strategy.
    """

    bundle: Bundle
    entry: Entry

    @cached_property
    def key(self) -> str:
        """Hash of the ingredients."""
        parameters = write_json(self.entry.parameters(self._estimator_seed))
        return hash_texts({**self.entry.texts, "features": self.bundle.text, "parameters": parameters})

    @property
    def ingredients(self) -> dict[str, Any]:
        """What the scores depend on, as JSON."""
        parameters = self.entry.parameters(self._estimator_seed)
        return {"features": self.bundle.ingredients, "parameters": parameters, **self.entry.ingredients}

    @property
    def estimator(self) -> FusionStrategy:
        """The strategy, unfitted; another object every time."""
        return self.entry.seeded(self._estimator_seed)

    @property
    def _estimator_seed(self) -> int:
        # Keyed by names, so that other strategies in the run change nothing.
        return derive_seed(self.dataset, self.fusion, self.seed)

    @property
    def fusion(self) -> str:
        """Name of the strategy in the tables."""
        return self.entry.fusion

    @property
    def family(self) -> str:
        """Family of the strategy."""
        return self.entry.family

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """Scores to compute."""
        return self.entry.metrics

    @property
    def skip(self) -> str:
        """Why it cannot run; empty if it can."""
        return self.entry.skip

    @property
    def dataset(self) -> str:
        """Name of the data set."""
        return self.bundle.dataset.name

    @property
    def training(self) -> str:
        """What was done to the training data: ``clean``, or a scenario, modality and severity."""
        return self.bundle.training.label

    @property
    def seed(self) -> int:
        """Seed of the data, from which that of the strategy's own random numbers is derived."""
        return self.bundle.seed


def make_plan(suite: Suite, data_dir: str | Path | None = None, own: Iterable[Dataset] = ()) -> list[Cell]:
    """List the cells: data sets, training scenarios, seeds, then strategies, the controls first.

    Parameters
    ----------
    suite : Suite
        What was asked for.
    data_dir : path, optional
        Where files of data sets are.
    own : iterable of Dataset, optional
        Data sets that the suite names but that are in memory, not in the registry.

    Returns
    -------
    list of Cell
        Cells that cannot run are among them, with the reason.

    Raises
    ------
    FusebenchError
        If a name or option is unknown, or files of a data set, or Optuna for tuning, are missing.
    """
    forget_sources()
    if suite.tune:
        load_optuna()
    if suite.sequential and not suite.quick and suite.seeds <= FIRST_LOOK:
        raise FusebenchError(
            f"Sequential stopping looks first after {FIRST_LOOK} seeds; ask for more than {FIRST_LOOK}, "
            f"not {suite.seeds}."
        )
    if suite.metric is not None and suite.metric not in metrics:
        raise FusebenchError(
            f"There is no metric named {suite.metric!r}; {did_you_mean(suite.metric, metrics)}"
        )
    for name, options in suite.fusion_options.items():
        fusions[name]
        _refuse(name, options, {"random_state": "the seed of the cell", "modality": "the plan"})
    for name, options in suite.dataset_options.items():
        _refuse(name, options, {"data_dir": "--data-dir"})
    controls = [name for name, info in fusions.items() if info.control]
    asked = fusions.match(suite.fusions)
    infos = [fusions[name] for name in (*controls, *(name for name in asked if name not in controls))]
    seeds = range(min(suite.seeds, QUICK_SEEDS) if suite.quick else suite.seeds)
    given = {dataset.name: dataset for dataset in own}
    names = [given.get(name, name) for name in suite.datasets]
    cells, cards = [], []
    for dataset in find_datasets(names, data_dir=data_dir, options=suite.dataset_options):
        bundles, entries = _bundle(dataset, suite, seeds), list(find_entries(infos, dataset.card, suite))
        cells += [Cell(bundle, entry) for bundle in bundles for entry in entries]
        cards.append(dataset.card)
    if suite.temper and any(card.task is not Task.CLASSIFICATION for card in cards):
        raise FusebenchError("Only class probabilities can be tempered; leave temper out.")
    _check_training(suite, cards)
    find_metric(suite, cells)
    return cells


def find_metric(suite: Suite, cells: Iterable[Cell]) -> str:
    """Find the one metric that all data sets of a plan are ranked by.

    Raises
    ------
    FusebenchError
        If a data set has another task than the others or than the metric of the suite.
    """
    datasets = {cell.dataset: cell.bundle.dataset for cell in cells}
    tasks = {name: dataset.card.task for name, dataset in datasets.items()}
    metric = suite.metric or PRIMARY[next(iter(tasks.values()))]
    for name, task in tasks.items():
        if metrics[metric].task is not task:
            raise FusebenchError(
                f"The data set {name!r} is for {task}, but {metric!r} ranks {metrics[metric].task}; "
                "one leaderboard has one metric: run the data sets of each task by themselves."
            )
    return metric


def _check_training(suite: Suite, cards: Iterable[Card]) -> None:
    known = {c.slug for card in cards for c in find_conditions(card.modalities, part="train")} | {"clean"}
    for pattern in suite.training:
        if not any(fnmatchcase(slug, pattern) for slug in known):
            raise FusebenchError(
                f"No training scenario of these data sets is {pattern!r}; {did_you_mean(pattern, known)}"
            )


def _refuse(name: str, options: Mapping[str, Any], given: Mapping[str, str]) -> None:
    for option in options:
        if option in given:
            raise FusebenchError(
                f"The option {option!r} of {name!r} is given by {given[option]}; leave it out."
            )


def _bundle(dataset: Dataset, suite: Suite, seeds: range) -> list[Bundle]:
    modalities, severities = dataset.card.modalities, dataset.severities
    conditions = tuple(find_conditions(modalities, suite.scenarios, severities=severities))
    clean, *faults = find_conditions(modalities, severities=severities, part="train")
    asked = [c for c in faults if any(fnmatchcase(c.slug, pattern) for pattern in suite.training)]
    sizes = QUICK_SIZES if suite.quick else None
    shared = {
        "protocol": PROTOCOL_VERSION,
        "dataset": dataset.name,
        "data": dataset.fingerprint(),
        "data source": hash_source(type(dataset)),
        "conditions": [[c.slug, c.level] for c in conditions],
        "scenario sources": sorted({hash_source(c.scenario.change) for c in conditions}),
        "sizes": sizes,
    }
    bundles = []
    for training in (clean, *asked):
        told = {"training": [training.slug, training.level, hash_source(training.scenario.change)]}
        for seed in seeds:
            ingredients = {**shared, **told, "seed": seed}
            bundles.append(Bundle(dataset, seed, conditions, training, sizes, ingredients))
    return bundles
