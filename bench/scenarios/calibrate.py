"""Find the levels at which a severity costs the same on every data set, and say what they cost.

The reference is the control ``unimodal``, a linear model of one modality alone, fitted to clean training data
and scored on the validation split; test splits are not touched. The cost of a level is the share of the
model's margin over ``majority`` that is lost.

``python -P -m fusebench.bench.scenarios.calibrate > docs/severities.md`` writes the documentation from the
files that come with the package.
"""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from ...datasets.calibration import Calibration, Row, read_calibration
from ...datasets.data import MultimodalData
from ...datasets.registry import Dataset, datasets
from ...errors import FusebenchError
from ...seeding import make_generator
from .registry import Scenario, scenarios

__all__ = ["TARGETS", "Reference", "calibrate", "find_shares", "render"]

TARGETS = (0.1, 0.2, 0.35, 0.5, 0.7)
"""Shares of the margin that severities 1 to 5 should cost."""
SEEDS = 2
STEPS = 20
"""Levels that are measured to find those in between."""
SAMPLES = 300
"""Largest number of validation samples."""
LEAST_MARGIN = 0.05
"""Below it a modality tells too little alone for a share of that to mean anything."""


class Reference:
    """Linear models of every modality alone, fitted to one draw of a data set.

    Parameters
    ----------
    dataset : Dataset
        Any.
    seed : int
        Of the data.
    """

    def __init__(self, dataset: Dataset, seed: int) -> None:
        from ...fusions.registry import make_fusion

        raw = dataset.load(seed)
        rows = make_generator("calibrate", dataset.name, seed).permutation(len(raw.validation))[:SAMPLES]
        self.dataset, self.seed = dataset, seed
        self.train, self.validation = raw.train, raw.validation.take(np.sort(rows))
        self._featurizer = dataset.featurizer().fit(raw.train)
        self._models = {}
        for name in raw.train.names:
            own = self._view(raw.train, name)
            self._models[name] = (
                make_fusion("unimodal", modality=name).fit(own),
                make_fusion("majority").fit(own),
            )

    def margin(self, modality: str, data: MultimodalData | None = None) -> float:
        """Score of a model above chance on the validation split, or on data made of it."""
        from ..cell import predict_outputs
        from ..metrics import PRIMARY, metrics

        own = self._view(self.validation if data is None else data, modality)
        metric, n_classes = metrics[PRIMARY[self.dataset.card.task]], len(self.dataset.card.classes)
        score, chance = (
            metric.score(own.labels, predict_outputs(model, own, n_classes))
            for model in self._models[modality]
        )
        return float(score - chance)

    def damaged_margin(self, scenario: Scenario, modality: str, level: float) -> float:
        """Score above chance under a scenario; all levels share their random numbers."""
        rng = make_generator("calibrate", self.dataset.name, scenario.name, modality, self.seed)
        return self.margin(modality, scenario.change(self.validation, modality, level, rng, self.train))

    def _view(self, data: MultimodalData, modality: str) -> MultimodalData:
        """Features of one modality, of the samples that have it."""
        there = data.take(data.has(modality))
        views = self._featurizer.transform_modality(modality, there.modalities[modality])
        return MultimodalData({modality: views["vector"]}, there.labels)


def calibrate(dataset: Dataset, on_row: Callable[[str, Row], None] | None = None) -> Calibration:
    """Calibrate all scenarios that have a span of levels, on each modality that they can change.

    Parameters
    ----------
    dataset : Dataset
        Any.
    on_row : callable, optional
        Told of each scenario and modality when it is done.

    Returns
    -------
    Calibration
        Modalities whose margin is below `LEAST_MARGIN`, and scenarios that these data cannot be put under,
        have no rows.
    """
    from ..metrics import PRIMARY

    references = [Reference(dataset, seed) for seed in range(SEEDS)]
    margins = {
        name: float(np.mean([reference.margin(name) for reference in references]))
        for name in dataset.card.modalities
    }
    rows = {}
    for name, scenario in scenarios.items():
        for modality in scenario.targets_in(dataset.card.modalities) if scenario.span else []:
            if margins[modality] < LEAST_MARGIN:
                continue
            try:
                row = _calibrate_one(scenario, modality, references, margins[modality])
            except FusebenchError:  # such as audio of an unknown rate
                continue
            rows[f"{name}-{modality}"] = row
            if on_row is not None:
                on_row(f"{name}-{modality}", row)
    return Calibration(
        dataset.name,
        PRIMARY[dataset.card.task],
        len(references[0].validation),
        SEEDS,
        {name: round(margin, 4) for name, margin in margins.items()},
        rows,
    )


def _calibrate_one(scenario: Scenario, modality: str, references: list[Reference], clean: float) -> Row:
    def cost(level: float) -> float:
        damaged = [reference.damaged_margin(scenario, modality, level) for reference in references]
        return 1 - float(np.mean(damaged)) / clean

    grid = np.linspace(0, 1, STEPS + 1)
    shares = find_shares(np.array([0.0, *(cost(scenario.at(share)) for share in grid[1:])]))
    levels = _shorten([scenario.at(share) for share in shares])
    # Measured, not interpolated: where a corruption goes in leaps, that shows.
    return Row(levels, tuple(round(cost(level), 3) for level in levels))


def find_shares(costs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find how far through a span the targets lie.

    Costs are made monotone by isotonic regression and interpolated. Severities that the strongest level does
    not reach are spread evenly from the last one that is reached, so that the fifth is the strongest level.

    Parameters
    ----------
    costs : numpy.ndarray of shape (n,)
        Measured at even steps through the span. The first is 0.

    Returns
    -------
    numpy.ndarray of shape (5,)
        Strictly rising, above 0 and at most 1.

    Examples
    --------
    >>> find_shares(np.array([0.0, 0.25, 0.5, 0.75, 1.0])).round(3)
    array([0.1 , 0.2 , 0.35, 0.5 , 0.7 ])
    >>> find_shares(np.array([0.0, 0.25, 0.25])).round(3)
    array([0.2, 0.4, 0.6, 0.8, 1. ])
    """
    from sklearn.isotonic import isotonic_regression

    grid = np.linspace(0, 1, len(costs))
    # Noise of measurement may make a slight level a gain; that costs nothing.
    rising = np.maximum(isotonic_regression(costs), 0)
    rising[0] = 0
    targets = np.array(TARGETS)
    reached = int((targets < rising[-1]).sum())
    shares = np.interp(targets[:reached], rising, grid)
    last = shares[-1] if reached else 0.0
    return np.append(shares, np.linspace(last, 1, len(targets) - reached + 1)[1:])


def _shorten(levels: list[float]) -> tuple[float, ...]:
    """Round to three digits, or as many as tell the levels apart."""
    for digits in range(3, 17):
        short = tuple(float(f"{level:.{digits}g}") for level in levels)
        if len(set(short)) == len(short):
            return short
    return tuple(levels)


def render() -> str:
    """Make the page from the files of the registry's data sets."""
    found = (read_calibration(cls().calibration_file) for cls in map(datasets.__getitem__, datasets))
    targets = ", ".join(f"{target:.0%}" for target in TARGETS)
    head = _HEAD.format(targets=targets, seeds=SEEDS, samples=SAMPLES, least=LEAST_MARGIN)
    return "\n\n".join([head, *("\n".join(_describe(one)) for one in found if one is not None)])


def _describe(calibration: Calibration) -> Iterable[str]:
    margins = [f"{name} {margin:.2f}" for name, margin in calibration.margins.items()]
    yield f"## {calibration.dataset}\n"
    yield f"Margin over chance ({calibration.metric}, {calibration.samples} samples): {', '.join(margins)}."
    without = [name for name, margin in calibration.margins.items() if margin < LEAST_MARGIN]
    if without:
        yield f"At chance, so that the table of the scenario is kept: {', '.join(without)}."
    if calibration.rows:
        yield "\n| scenario-modality | 1 | 2 | 3 | 4 | 5 |\n| --- | --- | --- | --- | --- | --- |"
    for key, row in calibration.rows.items():
        cells = " | ".join(
            f"{level:g}: {cost:.0%}" for level, cost in zip(row.levels, row.costs, strict=True)
        )
        yield f"| `{key}` | {cells} |"


_HEAD = """\
# What each severity costs

Written by `python -P -m fusebench.bench.scenarios.calibrate`; do not edit.

Severities 1 to 5 of noise and misalignment are calibrated to each data set: they should cost a linear model
of the modality alone (`unimodal`) {targets} of its margin over chance (`majority`). The model
is fitted to clean training data and scored on at most {samples} samples of the validation split; costs are
means over {seeds} seeds. Levels between those measured are interpolated on a monotone curve. Each entry is
the level, then what it was measured to cost.

Costs differ from their targets where a corruption goes in leaps (a picture of 8 by 8 pixels has few
resolutions, and JPEG has whole qualities only, so that neighbours may even be the same), and where the
strongest level costs less: then the severities that are out of reach are spread up to that level. The order
of words, for example, tells a bag of words nothing. A modality whose margin is below {least} has no row, nor
has a data set that is not here: their severities are those of the scenario, which `fusebench show NAME`
tells and which are calibrated to nothing. `fusebench calibrate DATASET` measures a data set, one's own too,
and all later runs use what it found. The levels were found at the default options of a data set."""

if __name__ == "__main__":
    print(render())
