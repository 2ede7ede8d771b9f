"""From what was asked to the cells that answer it, each with the hash of all its numbers depend on."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any

from sklearn.base import clone

from ..datasets.data import Task
from ..datasets.registry import Card, Dataset, find_datasets
from ..errors import FusebenchError, did_you_mean
from ..fusions.base import FusionStrategy, describe_number
from ..fusions.calibration import TemperatureScaled
from ..fusions.registry import FusionInfo, fusions
from ..seeding import derive_seed
from .fingerprint import forget_sources, hash_json, hash_source
from .metrics import PRIMARY, Metric, metrics, metrics_of
from .scenarios.registry import Condition, find_conditions
from .suite import Suite

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


@dataclass(frozen=True)
class Cell:
    """One strategy fitted to one data set with one training scenario and seed, scored under every condition.

    Parameters
    ----------
    bundle : Bundle
        The features.
    fusion : str
        Name in the tables; for ``unimodal`` it ends in the modality.
    family : str
        Family of the strategy.
    estimator : FusionStrategy
        Unfitted.
    metrics : tuple of Metric
        Scores to compute.
    skip : str
        Why it cannot run; empty if it can.
    ingredients : dict
        What the scores depend on, as JSON.
    """

    bundle: Bundle
    fusion: str
    family: str
    estimator: FusionStrategy
    metrics: tuple[Metric, ...]
    skip: str
    ingredients: dict[str, Any]

    @cached_property
    def key(self) -> str:
        """Hash of the ingredients."""
        return hash_json(self.ingredients)

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
        """Seed of the data and of the strategy's own random numbers."""
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
        If a name or option is unknown, or files of a data set are missing.
    """
    forget_sources()
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
    cells = []
    given = {dataset.name: dataset for dataset in own}
    names = [given.get(name, name) for name in suite.datasets]
    for dataset in find_datasets(names, data_dir=data_dir, options=suite.dataset_options):
        bundles = _bundle(dataset, suite, seeds)
        estimators = [made for info in infos for made in _expand(info, dataset.card, suite)]
        cells += [_cell(bundle, *made, temper=suite.temper) for bundle in bundles for made in estimators]
    if suite.temper and any(cell.bundle.dataset.card.task is not Task.CLASSIFICATION for cell in cells):
        raise FusebenchError("Only class probabilities can be tempered; leave temper out.")
    _check_training(suite, {cell.dataset: cell.bundle.dataset.card for cell in cells}.values())
    find_metric(suite, cells)
    return cells


def find_metric(suite: Suite, cells: Iterable[Cell]) -> str:
    """Find the one metric that all data sets of a plan are ranked by.

    Raises
    ------
    FusebenchError
        If a data set has another task than the others or than the metric of the suite.
    """
    tasks = {cell.dataset: cell.bundle.dataset.card.task for cell in cells}
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
    return [
        Bundle(
            dataset,
            seed,
            conditions,
            training,
            sizes,
            {
                **shared,
                "training": [training.slug, training.level, hash_source(training.scenario.change)],
                "seed": seed,
            },
        )
        for training in (clean, *asked)
        for seed in seeds
    ]


def _expand(
    info: FusionInfo, card: Card, suite: Suite
) -> Iterator[tuple[FusionInfo, str, FusionStrategy, str, str]]:
    """Give (info, name, estimator, reason to skip, hash of the source) of each that a strategy stands for."""
    options = suite.fusion_options.get(info.name, {})
    source = hash_source(info.estimator)
    for modality in card.modalities if info.per_modality else [None]:
        own = {} if modality is None else {"modality": modality}
        name = info.name if modality is None else f"{info.name}-{modality}"
        yield info, name, info.make(**own, **options), _why_not(info, card), source


def _why_not(info: FusionInfo, card: Card) -> str:
    if card.task not in info.estimator.tasks:
        return f"does {' and '.join(info.estimator.tasks)}, not {card.task}"
    fewest, most = info.estimator.n_modalities
    if len(card.views) < fewest or (most is not None and len(card.views) > most):
        return f"takes {describe_number((fewest, most))} modalities; there are {len(card.views)}"
    for modality, offered in card.views.items():
        if not set(info.estimator.views) & set(offered):
            return (
                f"takes {' or '.join(info.estimator.views)} views; {modality} offers {' and '.join(offered)}"
            )
    return ""


def _cell(
    bundle: Bundle,
    info: FusionInfo,
    name: str,
    estimator: FusionStrategy,
    skip: str,
    source: str,
    *,
    temper: bool,
) -> Cell:
    # The seed is keyed by names, so that other strategies in the run change nothing.
    if "random_state" in estimator.get_params():
        seed = derive_seed(bundle.dataset.name, name, bundle.seed)
        estimator = clone(estimator).set_params(random_state=seed)
    if temper:
        estimator, source = TemperatureScaled(estimator), source + hash_source(TemperatureScaled)
    scores = metrics_of(bundle.dataset.card.task)
    ingredients = {
        "features": bundle.ingredients,
        "fusion": name,
        "parameters": {key: repr(value) for key, value in estimator.get_params().items()},
        "fusion source": source,
        "metrics": {metric.name: hash_source(metric.score) for metric in scores},
        "skip": skip,
    }
    return Cell(bundle, name, info.family, estimator, scores, skip, ingredients)
