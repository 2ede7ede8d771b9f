"""Made-up records with planted effects, so that a test knows what the tables must say."""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from fusebench.results.statistics.paired import SAMPLE_COLUMNS
from fusebench.seeding import make_generator

DATASETS = {  # name: (modalities, how easy)
    "fake-digits": (("audio", "video"), 0.02),
    "fake-letters": (("audio", "video"), -0.06),
    "fake-words": (("audio", "video"), 0.00),
    "fake-scenes": (("audio", "image"), -0.10),
    "fake-posts": (("image", "text"), -0.03),
    "fake-recipes": (("image", "text"), 0.04),
}

# name: (family, absence, clean accuracy, loss without one modality, loss per noise severity, fit seconds)
FUSIONS = {
    "majority": ("control", "native", 0.25, 0.0, 0.0, 0.002),
    "best-unimodal": ("control", "mean", 0.80, 0.20, 0.025, 0.05),
    "early-logistic": ("early", "mean", 0.84, 0.22, 0.030, 0.08),
    "early-mlp": ("early", "mean", 0.86, 0.24, 0.030, 2.1),
    "late-mean": ("late", "native", 0.85, 0.10, 0.020, 0.11),
    "late-product": ("late", "native", 0.801, 0.12, 0.025, 0.12),
    "late-weighted": ("late", "native", 0.862, 0.08, 0.015, 0.14),
    "tensor-fusion": ("bilinear", "mean", 0.88, 0.30, 0.040, 6.5),
    "cross-attention": ("attention", "native", 0.90, 0.12, 0.030, 21.0),
    "gated-unit": ("gating", "native", 0.87, 0.09, 0.020, 4.2),
    "kernel-average": ("multiple-kernel", "mean", 0.83, 0.20, 0.030, 0.9),
    "multistream-hmm": ("graphical", "native", 0.74, 0.10, 0.020, 1.4),
}
"""Above best-unimodal: early, late-mean, late-weighted, tensor, attention, gated, kernel; below: majority,
hmm; equal: late-product. tensor-fusion is hurt on fake-scenes alone."""

NOISES = {
    "audio": ("noise-audio-white", "signal-to-noise ratio in dB", (20.0, 10.0, 5.0, 0.0, -5.0)),
    "video": ("noise-image-gaussian", "standard deviation, 1 = full scale", (0.1, 0.2, 0.3, 0.45, 0.6)),
    "image": ("noise-image-gaussian", "standard deviation, 1 = full scale", (0.1, 0.2, 0.3, 0.45, 0.6)),
    "text": ("noise-text-typos", "share of letters mistyped", (0.05, 0.1, 0.2, 0.35, 0.5)),
}

FAILED = ("tensor-fusion", "fake-posts", 1)
SKIPPED = ("multistream-hmm", "fake-recipes")
ABSENT = ("gated-unit", "fake-words", 2)
TRACEBACK = (
    'ValueError: <script>alert("trace")</script>\nTraceback (most recent call last):\n  File "x.py", line 3\n'
)
N_TEST = 400


def make_records(
    *,
    datasets: Sequence[str] = tuple(DATASETS),
    fusions: Sequence[str] = tuple(FUSIONS),
    seeds: Sequence[int] = (0, 1, 2),
    unimodal: bool = True,
    damaged: bool = True,
) -> pd.DataFrame:
    """Records of every cell; `damaged` plants a failed, three skipped and an absent cell."""
    rows = []
    for dataset in datasets:
        modalities = DATASETS[dataset][0]
        controls = [f"unimodal-{modality}" for modality in modalities] if unimodal else []
        for fusion in [*fusions, *controls]:
            for seed in seeds:
                rows += list(_make_cell(dataset, fusion, seed, damaged))
    return pd.DataFrame(rows)


def make_samples(records: pd.DataFrame, metric: str = "accuracy", n_samples: int = 60) -> pd.DataFrame:
    """Scores of single samples: right where the score exceeds the difficulty, which all strategies share."""
    done = records[(records["metric"] == metric) & (records["status"] == "done")]
    samples = pd.DataFrame({"sample": range(n_samples)})
    samples["difficulty"] = make_generator("difficulty").uniform(size=n_samples)
    rows = done.merge(samples, how="cross")
    rows["score"] = (rows["difficulty"] < rows["value"]).astype(float)
    return rows[list(SAMPLE_COLUMNS)]


def describe(fusion: str) -> tuple[str, str, float, float, float, float]:
    if fusion.startswith("unimodal-"):
        return ("control", "mean", 0.78 if fusion.endswith(("audio", "text")) else 0.62, 0.2, 0.02, 0.04)
    return FUSIONS[fusion]


def _make_cell(dataset: str, fusion: str, seed: int, damaged: bool) -> Iterator[dict[str, Any]]:
    family, absence, clean, loss, slope, cost = describe(fusion)
    shared = {
        "dataset": dataset,
        "fusion": fusion,
        "family": family,
        "absence": absence,
        "seed": seed,
        "key": f"{dataset}/{fusion}/{seed}",
    }
    nothing = {"scenario": "", "metric": "", "direction": "", "value": float("nan")}
    if damaged and (fusion, dataset, seed) == ABSENT:
        return
    if damaged and (fusion, dataset, seed) == FAILED:
        yield {**shared, **nothing, "status": "failed", "reason": TRACEBACK}
        return
    if damaged and (fusion, dataset) == SKIPPED:
        yield {**shared, **nothing, "status": "skipped", "reason": "no sequence view"}
        return
    if (dataset, fusion) == ("fake-scenes", "tensor-fusion"):
        clean -= 0.2
    easy = DATASETS[dataset][1] if fusion != "majority" else 0.0
    # The data set's and the seed's luck is shared by all fusions, as with common random numbers.
    luck = make_generator(dataset, seed).normal(0, 0.01)
    own = make_generator(dataset, fusion, seed).normal(0, 0.004)
    quirk = make_generator(dataset, fusion).normal(0, 0.006)
    start = clean + easy + luck + own + quirk
    for condition, damage in _conditions(DATASETS[dataset][0], fusion, loss, slope):
        accuracy = round(max(start - damage, min(start, 0.2)) * N_TEST) / N_TEST
        spent = {
            "fit_seconds": cost * (1 + 0.1 * seed),
            "predict_seconds": cost / 50,
            "fit_bytes": 1e7 * cost,
            "n_parameters": 1000 * cost,
            "n_test": N_TEST,
        }
        for metric, direction, value in (
            ("accuracy", "maximize", accuracy),
            ("log-loss", "minimize", 1.6 * (1 - accuracy) + 0.05),
            ("ece", "minimize", 0.02 + 0.1 * (1 - accuracy)),
        ):
            yield {**shared, **condition, **spent, "metric": metric, "direction": direction, "value": value}


def _conditions(
    modalities: Sequence[str], fusion: str, loss: float, slope: float
) -> Iterator[tuple[dict[str, Any], float]]:
    def hit(modality: str) -> float:
        """How much a fusion depends on a modality; a control of one modality depends on that one alone."""
        if fusion.startswith("unimodal-"):
            return 2.5 * (fusion == f"unimodal-{modality}")
        return 1.3 if modality == modalities[0] else 0.7

    yield {"scenario": "clean", "mechanism": "clean", "severity": 0}, 0.0
    for modality in modalities:
        yield (
            {
                "scenario": "missing-modality",
                "mechanism": "missing",
                "modality": modality,
                "severity": 5,
                "level": 1.0,
                "level_name": "share of samples without it",
            },
            loss * hit(modality),
        )
        name, level_name, levels = NOISES[modality]
        for severity, level in enumerate(levels, start=1):
            yield (
                {
                    "scenario": name,
                    "mechanism": "noise",
                    "modality": modality,
                    "severity": severity,
                    "level": level,
                    "level_name": level_name,
                },
                slope * severity * hit(modality),
            )
    for severity in range(1, 6):
        yield (
            {
                "scenario": "missing-rate",
                "mechanism": "missing",
                "severity": severity,
                "level": severity / 10,
                "level_name": "missing rate",
            },
            loss * severity / 10,
        )
