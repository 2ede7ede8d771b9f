"""Strategies as they are entered for a data set: what their cells share, whatever the seed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sklearn.base import clone

from ...datasets.registry import Card
from ...fusions.base import FusionStrategy, describe_number
from ...fusions.calibration import TemperatureScaled
from ...fusions.registry import FusionInfo
from ...fusions.tuning import TunedFusion
from ..metrics import Metric, metrics_of
from ..suite import Suite
from .fingerprint import hash_source, write_json

__all__ = ["Entry", "find_entries"]

_SEED = "\0"  # stands for the seed in a layout; no text holds it


@dataclass(frozen=True)
class Entry:
    """A strategy that is entered for a data set.

    Parameters
    ----------
    fusion : str
        Name in the tables; for ``unimodal`` it ends in the modality.
    family : str
        Family of the strategy.
    estimator : FusionStrategy
        Unfitted, without the seed of a cell.
    seed_parameters : tuple of str
        The parameters that take the seed, as ``set_params`` calls them.
    source : str
        Hash of the source.
    metrics : tuple of Metric
        Scores to compute.
    skip : str
        Why it cannot run; empty if it can.
    """

    fusion: str
    family: str
    estimator: FusionStrategy
    seed_parameters: tuple[str, ...]
    source: str
    metrics: tuple[Metric, ...]
    skip: str

    @cached_property
    def ingredients(self) -> dict[str, Any]:
        """What the scores depend on, beside the features and the parameters, as JSON."""
        return {
            "fusion": self.fusion,
            "fusion source": self.source,
            "metrics": {metric.name: hash_source(metric.score) for metric in self.metrics},
            "skip": self.skip,
        }

    @cached_property
    def texts(self) -> dict[str, str]:
        """Each ingredient as text: written once for all cells."""
        return {name: write_json(value) for name, value in self.ingredients.items()}

    def seeded(self, seed: int) -> FusionStrategy:
        """Make the estimator of a cell."""
        seeds = dict.fromkeys(self.seed_parameters, seed)
        estimator: FusionStrategy = clone(self.estimator).set_params(**seeds)
        return estimator

    def parameters(self, seed: int) -> dict[str, str]:
        """Describe the parameters of the estimator of a cell, as ``repr`` shows each of them."""
        seeds = dict.fromkeys(self.seed_parameters, repr(seed))
        return {**self._unseeded_parameters, **seeds, **self._show_holders(seed)}

    def _show_holders(self, seed: int) -> dict[str, str]:
        """Show the strategies inside the estimator, which show the seed too.

        Their ``repr`` is slow. For seeds of as many digits it is laid out in the same way, and is made once.
        """
        if not self._holders:
            return {}
        shown, digits = f"random_state={seed}", len(str(seed))
        if digits not in self._layouts:
            parameters = self.seeded(seed).get_params()
            texts = {name: repr(parameters[name]) for name in self._holders}
            if any(text.count(shown) != 1 for text in texts.values()):  # it is that of another parameter too
                return texts
            self._layouts[digits] = {name: text.replace(shown, _SEED) for name, text in texts.items()}
        return {name: text.replace(_SEED, shown) for name, text in self._layouts[digits].items()}

    @cached_property
    def _holders(self) -> list[str]:
        """Names of the strategies inside, one in the other, that a seed is in."""
        paths = [name.split("__")[:-1] for name in self.seed_parameters]
        return ["__".join(path[: depth + 1]) for path in paths for depth in range(len(path))]

    @cached_property
    def _layouts(self) -> dict[int, dict[str, str]]:
        return {}

    @cached_property
    def _unseeded_parameters(self) -> dict[str, str]:
        return {name: repr(value) for name, value in self.estimator.get_params().items()}


def find_entries(infos: Iterable[FusionInfo], card: Card, suite: Suite) -> Iterator[Entry]:
    """Enter strategies for a data set: some once for every modality; those that cannot run with the reason.

    Parameters
    ----------
    infos : iterable of FusionInfo
        The strategies.
    card : Card
        Of the data set.
    suite : Suite
        Gives their options, and whether they are tuned and tempered.
    """
    metrics = metrics_of(card.task)
    for info in infos:
        options = suite.fusion_options.get(info.name, {})
        source, skip = hash_source(info.estimator), _why_not(info, card)
        for modality in card.modalities if info.per_modality else [None]:
            own = {} if modality is None else {"modality": modality}
            name = info.name if modality is None else f"{info.name}-{modality}"
            estimator, seeds, around = _wrap(info.make(**own, **options), suite, options)
            yield Entry(name, info.family, estimator, seeds, source + around, metrics, skip)


def _wrap(
    estimator: FusionStrategy, suite: Suite, options: Mapping[str, Any]
) -> tuple[FusionStrategy, tuple[str, ...], str]:
    """Put around a strategy what the suite asks for; name its seeds, and hash what is new."""
    seeds = ["random_state"] if "random_state" in estimator.get_params() else []
    source = ""
    if suite.tune:
        # What was chosen by hand stays as it is.
        space = {name: values for name, values in estimator.search_space.items() if name not in options}
        estimator = TunedFusion(estimator, n_trials=suite.tune, space=space)
        seeds = [*(f"fusion__{name}" for name in seeds), "random_state"]
        source += hash_source(TunedFusion)
    if suite.temper:
        estimator = TemperatureScaled(estimator)
        seeds = [f"fusion__{name}" for name in seeds]
        source += hash_source(TemperatureScaled)
    return estimator, tuple(seeds), source


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
