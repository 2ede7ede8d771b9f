"""Records of a large run, made at once: a table of a million rows takes some seconds."""

import numpy as np
import pandas as pd

from fusebench.results.figures.palette import FAMILY_COLOURS
from fusebench.results.records import validate
from fusebench.seeding import make_generator

MODALITIES = ("audio", "image", "text")
CONTROLS = ("majority", "best-unimodal", *(f"unimodal-{name}" for name in MODALITIES))
METRICS = {
    "accuracy": "maximize",
    "macro-f1": "maximize",
    "log-loss": "minimize",
    "ece": "minimize",
    "brier": "minimize",
}
FAILED = ("strategy-07", "data-1")


def make_table(*, n_fusions: int, n_datasets: int, n_seeds: int, n_noises: int) -> pd.DataFrame:
    """Validated records of five metrics under clean data, absence, and noises of five severities each.

    The better strategies are those of the lower numbers; one failed on one data set.
    """
    conditions = [("clean", "clean", "", 0)]
    for k in range(n_noises):
        conditions += [(f"noise-{k:02d}", "noise", MODALITIES[k % 2], severity) for severity in range(1, 6)]
    conditions += [("missing-modality", "missing", name, 5) for name in MODALITIES]
    conditions += [("missing-pattern", "missing", f"{a}+image", 5) for a in ("audio", "text")]
    frame = pd.DataFrame(conditions, columns=["scenario", "mechanism", "modality", "severity"])
    frame["level"] = (frame["severity"] / 7).where(frame["severity"] > 0)
    fusions = [*CONTROLS, *(f"strategy-{k:02d}" for k in range(n_fusions - len(CONTROLS)))]
    for name, values in (
        ("dataset", [f"data-{k}" for k in range(n_datasets)]),
        ("fusion", fusions),
        ("seed", range(n_seeds)),
        ("metric", METRICS),
    ):
        frame = frame.merge(pd.Series(list(values), name=name), how="cross")
    families = list(FAMILY_COLOURS)
    kinds = [families[1 + k % 13] if k >= len(CONTROLS) else "control" for k in range(n_fusions)]
    place = frame["fusion"].map({name: k for k, name in enumerate(fusions)})
    luck = make_generator("large table").normal(0, 0.02, len(frame))
    failed = (frame["fusion"] == FAILED[0]) & (frame["dataset"] == FAILED[1])
    done = frame.assign(
        family=frame["fusion"].map(dict(zip(fusions, kinds, strict=True))),
        level_name="amount",
        direction=frame["metric"].map(METRICS),
        value=(0.9 - 0.005 * place - 0.05 * frame["severity"] + luck).clip(0, 1).round(4),
        fit_seconds=1.0 + place,
        predict_seconds=0.01,
        fit_bytes=1e7,
        n_parameters=1000.0,
        n_test=1000,
        key=frame["dataset"] + "/" + frame["fusion"] + "/" + frame["seed"].astype(str),
        status="done",
        reason="",
    )
    cells = done[failed].drop_duplicates(["dataset", "fusion", "seed"])
    nothing = {"scenario": "", "mechanism": "clean", "modality": "", "severity": 0, "level": np.nan}
    nothing |= {
        "metric": "",
        "direction": "",
        "value": np.nan,
        "status": "failed",
        "reason": "ValueError: no",
    }
    return validate(pd.concat([done[~failed], cells.assign(**nothing)], ignore_index=True))


def make_million() -> pd.DataFrame:
    """A little more: 66 strategies and controls, ten data sets, five seeds, 61 conditions, five metrics."""
    return make_table(n_fusions=66, n_datasets=10, n_seeds=5, n_noises=11)
