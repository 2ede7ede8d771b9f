"""Strategies as they are entered for a data set: what their cells share, whatever the seed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sklearn.base import clone

from ..datasets.registry import Card
from ..fusions.base import FusionStrategy, describe_number
from ..fusions.calibration import TemperatureScaled
from ..fusions.registry import FusionInfo
from .fingerprint import hash_source, write_json
from .metrics import Metric, metrics_of
from .suite import Suite

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
    seed_parameter : str
        The parameter that takes the seed, as ``set_params`` calls it; empty if there is none.
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
    seed_parameter: str
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
        estimator: FusionStrategy = clone(self.estimator)
        return estimator.set_params(**{self.seed_parameter: seed}) if self.seed_parameter else estimator

    def parameters(self, seed: int) -> dict[str, str]:
        """Describe the parameters of the estimator of a cell, as ``repr`` shows each of them."""
        if not self.seed_parameter:
            return self._unseeded_parameters
        return {**self._unseeded_parameters, self.seed_parameter: repr(seed), **self._show_holders(seed)}

    def _show_holders(self, seed: int) -> dict[str, str]:
        """Show the strategies inside the estimator, which show the seed too.

        Their ``repr`` is slow. For seeds of as many digits it is laid out in the same way, and is made once.
        """
        if "__" not in self.seed_parameter:
            return {}
        shown, digits = f"random_state={seed}", len(str(seed))
        if digits not in self._layouts:
            *path, _ = self.seed_parameter.split("__")
            holders = ["__".join(path[: depth + 1]) for depth in range(len(path))]
            parameters = self.seeded(seed).get_params()
            texts = {name: repr(parameters[name]) for name in holders}
            if any(text.count(shown) != 1 for text in texts.values()):  # it is that of another parameter too
                return texts
            self._layouts[digits] = {name: text.replace(shown, _SEED) for name, text in texts.items()}
        return {name: text.replace(_SEED, shown) for name, text in self._layouts[digits].items()}

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
        Gives their options, and whether they are tempered.
    """
    metrics = metrics_of(card.task)
    for info in infos:
        options = suite.fusion_options.get(info.name, {})
        source = hash_source(info.estimator)
        if suite.temper:
            source += hash_source(TemperatureScaled)
        skip = _why_not(info, card)
        for modality in card.modalities if info.per_modality else [None]:
            own = {} if modality is None else {"modality": modality}
            name = info.name if modality is None else f"{info.name}-{modality}"
            estimator = info.make(**own, **options)
            seed_parameter = "random_state" if "random_state" in estimator.get_params() else ""
            if suite.temper:
                estimator = TemperatureScaled(estimator)
                seed_parameter = seed_parameter and f"fusion__{seed_parameter}"
            yield Entry(name, info.family, estimator, seed_parameter, source, metrics, skip)


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
