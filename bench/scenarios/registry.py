"""What a scenario is, and the table of those that are known."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ...datasets.data import Kind, MultimodalData
from ...errors import FusebenchError
from ...registry import Registry
from ...seeding import make_generator

__all__ = ["CLEAN", "Condition", "Scenario", "find_conditions", "register_scenario", "scenarios"]

Mechanism = Literal["clean", "missing", "noise", "misalignment", "training"]
Part = Literal["train", "test"]

Targets = Callable[[Mapping[str, Kind]], list[str]]
Change = Callable[[MultimodalData, str, float, np.random.Generator, MultimodalData], MultimodalData]


@dataclass(frozen=True)
class Scenario:
    """A named change to raw data.

    Parameters
    ----------
    name : str
        Kebab-case.
    mechanism : {"clean", "missing", "noise", "misalignment", "training"}
        What kind of fault it is; that of labels and sizes is "training".
    change : callable
        Takes the data, the name of the modality to change ("" for all), the level, a generator, and the
        clean training data (for the spread of features); gives the changed data.
    levels : mapping of int to float
        The physical amount at each severity, 1 (slight) to 5 (severe), where nothing better is known.
    level_name : str
        What the amount is, with its unit.
    identity : float
        The level that changes nothing, which severity 0 stands for.
    kinds : frozenset of Kind, optional
        It is applied to each modality of these kinds in turn; None means to the data as a whole.
    targets : callable, optional
        Takes the modalities with their kinds and lists what it is applied to in turn, where that is not
        one modality. Joined names (``"audio+video"``) mean several at once.
    applies_to : {"both", "train", "test"}
        Which data it may change: those for training (and validation), those for the test, or either.
    span : tuple of float, optional
        Of a scenario that is calibrated to each data set: a level that costs next to nothing, and the
        strongest sensible one.
    """

    name: str
    mechanism: Mechanism
    change: Change
    levels: Mapping[int, float]
    level_name: str
    identity: float
    kinds: frozenset[Kind] | None = None
    targets: Targets | None = None
    applies_to: Literal["both"] | Part = "both"
    span: tuple[float, float] | None = None

    @property
    def summary(self) -> str:
        """First line of the function's docstring."""
        return (self.change.__doc__ or "").strip().split("\n", 1)[0]

    def targets_in(self, modalities: Mapping[str, Kind]) -> list[str]:
        """List what it is applied to in data of these modalities; ``""`` is the data as a whole."""
        if self.mechanism in ("missing", "misalignment") and len(modalities) < 2:
            return []  # nothing would be left, or there is nothing to be out of step with
        if self.targets is not None:
            return self.targets(modalities)
        if self.kinds is None:
            return [""]
        return [name for name, kind in modalities.items() if kind in self.kinds]

    def at(self, share: float) -> float:
        """Give the level this share of the way through the span: by ratios if both ends are positive.

        Examples
        --------
        >>> scenarios["noise-audio-white"].at(0.5), round(scenarios["noise-image-jpeg"].at(0.5), 3)
        (20.0, 10.0)
        """
        if self.span is None:
            raise ValueError(f"The scenario {self.name!r} has no span of levels.")
        first, last = self.span
        if min(first, last) > 0:
            return float(first * (last / first) ** share)
        return first + (last - first) * share


@dataclass(frozen=True)
class Condition:
    """One scenario at one severity on one modality: what a strategy is fitted or scored under.

    Parameters
    ----------
    scenario : Scenario
        What is done.
    modality : str
        To which modality, or modalities joined by "+"; "" for the data as a whole.
    severity : int
        How much, 0 to 5.
    """

    scenario: Scenario
    modality: str = ""
    severity: int = 0

    @property
    def level(self) -> float:
        """The physical amount."""
        return self.scenario.levels[self.severity] if self.severity else self.scenario.identity

    @property
    def slug(self) -> str:
        """A name for files, unique among the conditions of a data set."""
        return "-".join(filter(None, [self.scenario.name, self.modality, f"{self.severity}"]))

    @property
    def label(self) -> str:
        """What people call it in tables of training scenarios: ``clean``, or the slug."""
        return self.slug if self.severity else self.scenario.name

    def apply(
        self, data: MultimodalData, *, train: MultimodalData, dataset: str, seed: int, split: str = "test"
    ) -> MultimodalData:
        """Change the data.

        The random numbers are keyed by the names of data set, split, scenario and modality and by the seed.
        All severities share them, so that a higher one adds to what a lower one did.

        Parameters
        ----------
        data : MultimodalData
            Raw data.
        train : MultimodalData
            Raw clean training data.
        dataset : str
            Name of the data set.
        seed : int
            Seed of the cell.
        split : str
            Which split `data` is.

        Returns
        -------
        MultimodalData
            `data` itself at severity 0. Only the named modality, or only the mask, differs.
        """
        if self.severity == 0:
            return data
        rng = make_generator("scenario", dataset, split, self.scenario.name, self.modality, seed)
        return self.scenario.change(data, self.modality, self.level, rng, train)


def _unchanged(
    data: MultimodalData,
    modality: str,
    level: float,
    rng: np.random.Generator,
    train: MultimodalData,
) -> MultimodalData:
    """Score the test data as they are."""
    return data


CLEAN = Scenario("clean", "clean", _unchanged, {}, "", float("nan"))

scenarios: Registry[Scenario] = Registry(
    "scenario", package="fusebench.bench.scenarios", group="fusebench.scenarios"
)
scenarios.add("clean", CLEAN)


def register_scenario(
    name: str,
    *,
    mechanism: Mechanism,
    levels: Mapping[int, float],
    level_name: str,
    identity: float,
    kinds: Iterable[Kind] | None = None,
    targets: Targets | None = None,
    applies_to: Literal["both"] | Part = "both",
    span: tuple[float, float] | None = None,
) -> Callable[[Change], Change]:
    """Make a decorator that enters a scenario into the registry.

    Parameters are those of `Scenario`.

    Raises
    ------
    ValueError
        If a severity is not one of 1 to 5 or the name is taken.
    """
    if not levels or not set(levels) <= set(range(1, 6)):
        raise ValueError(f"The severities of {name!r} must be among 1 to 5, however: {sorted(levels)}.")

    def enter(change: Change) -> Change:
        taken = None if kinds is None else frozenset(kinds)
        scenarios.add(
            name,
            Scenario(
                name, mechanism, change, dict(levels), level_name, identity, taken, targets, applies_to, span
            ),
        )
        return change

    return enter


def find_conditions(
    modalities: Mapping[str, Kind],
    patterns: Iterable[str] = ("*",),
    *,
    severities: Mapping[str, tuple[float, ...]] | None = None,
    part: Part = "test",
) -> list[Condition]:
    """List the conditions that apply to data of these modalities; clean is always the first.

    Parameters
    ----------
    modalities : mapping of str to Kind
        Raw modalities of a data set.
    patterns : iterable of str
        Globs of scenario names.
    severities : mapping of str to tuple of five floats, optional
        Levels that were calibrated to the data set, by scenario and modality joined by "-"; others are
        those of the scenario.
    part : {"test", "train"}
        Which data are to be changed.

    Returns
    -------
    list of Condition
        Scenarios without a modality to change, and those of the other part, are left out.

    Raises
    ------
    FusebenchError
        If a scenario of the other part is asked for by its name.

    Examples
    --------
    >>> found = find_conditions({"image": Kind.IMAGE, "text": Kind.TEXT}, ["missing-modality"])
    >>> [condition.slug for condition in found]
    ['clean-0', 'missing-modality-image-5', 'missing-modality-text-5']
    """
    found = [Condition(CLEAN)]
    wanted = list(patterns)
    for name in scenarios.match(wanted):
        scenario = scenarios[name]
        if scenario.applies_to not in ("both", part):
            if name in wanted:
                other = {"train": "training", "test": "test"}[scenario.applies_to]
                raise FusebenchError(f"The scenario {name!r} applies to {other} data only.")
            continue
        for target in scenario.targets_in(modalities):
            calibrated = (severities or {}).get(f"{name}-{target}")
            own = replace(scenario, levels=dict(enumerate(calibrated, 1))) if calibrated else scenario
            found += [Condition(own, target, severity) for severity in own.levels]
    return found
