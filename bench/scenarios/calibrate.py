"""Measure what each severity costs.

``python -P -m fusebench.bench.scenarios.calibrate > docs/severities.md`` writes the documentation.

A small perceptron is trained on one modality of clean embedded data, and scored on the validation split
under every severity of every scenario that changes this modality. The cost is the share of its accuracy above
chance that is lost. Test splits are not touched.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...datasets.data import Kind, Modality, MultimodalData
from ...seeding import make_generator
from .registry import Scenario, scenarios

if TYPE_CHECKING:
    from ...fusions.base import FusionStrategy

__all__ = ["TARGET", "Problem", "list_problems", "measure", "render"]

SEEDS = 3
TARGET = 0.3
"""Share of the accuracy above chance that severity 3 should cost."""

Featurize = Callable[[Modality], NDArray[np.float32]]


class Problem(NamedTuple):
    """One modality of clean data, and a classifier fitted to it."""

    name: str
    modality: str
    train: MultimodalData
    validation: MultimodalData
    featurize: Featurize
    classifier: "FusionStrategy"

    @property
    def kind(self) -> Kind:
        """Kind of the raw modality."""
        return self.train.modalities[self.modality].kind

    def score(self, modality: Modality) -> float:
        """Accuracy on the validation split above chance, with this content of the modality."""
        labels = self.validation.labels
        accuracy = self.classifier.score(self.view(modality, labels), labels)
        return float(accuracy) - 1 / len(self.classifier.classes_)

    def view(self, content: Modality, labels: NDArray) -> MultimodalData:
        """Features of a content, with labels."""
        return MultimodalData({self.modality: Modality(Kind.VECTOR, self.featurize(content))}, labels)


def list_problems(seed: int) -> Iterator[Problem]:
    """Fit a classifier to one modality of each kind at a time."""
    from ...datasets.registry import load_dataset

    for name, modality, show in (
        ("avdigits", "audio", None),
        ("avdigits", "image", None),
        ("shapes-text", "image", _show_scenes),
        ("shapes-text", "text", _show_scenes),
        ("synth-redundant", "a", None),
    ):
        dataset = load_dataset(name)
        raw = dataset.load(seed)
        train, validation = (raw.train, raw.validation) if show is None else show(seed)
        extractor = dataset.featurizer().extractors[modality].fit(train.modalities[modality])

        def featurize(content: Modality, extractor=extractor) -> NDArray[np.float32]:  # type: ignore[no-untyped-def]
            features: NDArray[np.float32] = extractor.transform(content)["vector"].values
            return features

        yield _fit(name, modality, train, validation, featurize)
    yield _fit("avdigits (cepstra)", "frames", *_take_cepstra(seed), _average_quarters)


def _fit(
    name: str, modality: str, train: MultimodalData, validation: MultimodalData, featurize: Featurize
) -> Problem:
    from ...fusions.registry import make_fusion

    problem = Problem(name, modality, train, validation, featurize, make_fusion("early-mlp", random_state=0))
    problem.classifier.fit(problem.view(train.modalities[modality], train.labels))
    return problem


def _show_scenes(seed: int) -> tuple[MultimodalData, MultimodalData]:
    """Scenes and sentences that fit, the label being what they show: its class is in neither of them."""
    from ...datasets._scenes import draw_scenes
    from ...datasets._sentences import write_sentences

    def draw(part: str, n: int) -> MultimodalData:
        rng = make_generator("calibrate", part, seed)
        attributes = rng.integers(3, size=(3, n))
        modalities = {
            "image": Modality(Kind.IMAGE, draw_scenes(attributes, rng)),
            "text": Modality(Kind.TEXT, write_sentences(attributes, rng)),
        }
        return MultimodalData(modalities, np.array([9, 3, 1]) @ attributes)

    return draw("train", 1500), draw("validation", 400)


def _take_cepstra(seed: int) -> tuple[MultimodalData, MultimodalData]:
    """Cepstra of spoken digits as raw sequences: no embedded data set has any of its own."""
    from ...datasets.registry import load_dataset

    splits = load_dataset("avdigits").features(("sequence",), seed)
    train, validation = (
        MultimodalData({"frames": part.modalities["audio"]}, part.y)
        for part in (splits.train, splits.validation)
    )
    return train, validation


def _average_quarters(sequences: Modality) -> NDArray[np.float32]:
    """Mean frame of each quarter of a sequence, shape (n, 4 d)."""
    assert sequences.lengths is not None  # noqa: S101  (for the type checker)
    rows = [
        np.concatenate([part.mean(axis=0) for part in np.array_split(frames[:length], 4)])
        for frames, length in zip(sequences.values, sequences.lengths, strict=True)
    ]
    return np.array(rows, np.float32)


def measure(scenario: Scenario, level: float, problem: Problem, seed: int) -> float:
    """Share of the accuracy above chance that a level costs."""
    rng = make_generator("calibrate", scenario.name, problem.name, seed)
    changed = scenario.change(problem.validation, problem.modality, level, rng, problem.train)
    clean = problem.score(problem.validation.modalities[problem.modality])
    return 1 - problem.score(changed.modalities[problem.modality]) / clean


def render() -> str:
    """Measure all and write the page."""
    costs: dict[tuple[str, str], list[list[float]]] = {}
    clean: dict[str, list[float]] = {}
    for seed in range(SEEDS):
        for problem in list_problems(seed):
            title = f"{problem.name}, {problem.modality}"
            clean.setdefault(title, []).append(problem.score(problem.validation.modalities[problem.modality]))
            for name, scenario in scenarios.items():
                if scenario.mechanism in ("noise", "misalignment") and problem.kind in (scenario.kinds or ()):
                    row = [measure(scenario, level, problem, seed) for level in scenario.levels.values()]
                    costs.setdefault((name, title), []).append(row)
    lines = [_HEAD.format(target=TARGET, seeds=SEEDS)]
    lines += [f"| {title} | {np.mean(values):.2f} |" for title, values in clean.items()]
    lines += [_TABLE]
    for name, scenario in scenarios.items():
        for (other, title), rows in costs.items():
            if other == name:
                measured = zip(scenario.levels.values(), np.mean(rows, axis=0), strict=True)
                cells = " | ".join(f"{level:g}: {cost:.0%}" for level, cost in measured)
                lines.append(f"| `{name}` | {title} | {cells} |")
    return "\n".join(lines)


_HEAD = """\
# What each severity costs

Written by `python -P -m fusebench.bench.scenarios.calibrate`; do not edit.

The strategy `early-mlp` is trained on one modality of clean embedded data. The share of its accuracy above
chance that it loses on the validation split is the cost of a severity, a mean over {seeds} seeds. Severity
3 is chosen so that it costs about {target:.0%}, as a mean over the data sets of the kind, where the
corruption can reach that: the order of words tells a bag of words nothing. The other severities lie around
it, so that the amount grows; on pictures of 8 by 8 pixels two neighbouring ones may be the same. Delays are
not calibrated but round numbers of milliseconds, and levels of absence are rates. The label of `shapes-
text` is in no modality alone: here it is what the scene shows. Pictures of `avdigits` suffer from the
slightest grey, since they have pixels that are black in nearly all of training.

| data set, modality | accuracy above chance, clean |
| --- | --- |"""

_TABLE = """
Each entry is the level, then what it costs.

| scenario | data set, modality | 1 | 2 | 3 | 4 | 5 |
| --- | --- | --- | --- | --- | --- | --- |"""

if __name__ == "__main__":
    print(render())
