"""The report of a large run."""

import pandas as pd
import pytest

from fusebench.results.curves import CURVE_COLUMNS
from fusebench.results.figures.palette import FAMILY_COLOURS
from fusebench.results.report.report import write_report
from fusebench.seeding import make_generator

MODALITIES = ("audio", "image", "text")
NOISES = ("noise-white", "noise-babble", "shift", "noise-blur", "occlusion", "noise-typos")


def make_large(n_fusions=60, n_datasets=6, n_seeds=5):
    """Records under 30 faulty conditions: five scenarios of five severities, and five patterns of absence."""
    conditions = [("clean", "clean", "", 0)]
    conditions += [(name, "noise", "audio", severity) for name in NOISES[:5] for severity in range(1, 6)]
    conditions += [("missing-modality", "missing", name, 5) for name in MODALITIES]
    conditions += [
        ("missing-pattern", "missing", f"{a}+{b}", 5) for a, b in (("audio", "image"), ("audio", "text"))
    ]
    fusions = ["majority", "best-unimodal", *(f"strategy-number-{k}" for k in range(n_fusions))]
    families = list(FAMILY_COLOURS)
    frame = pd.DataFrame(conditions, columns=["scenario", "mechanism", "modality", "severity"])
    frame["level"] = frame["severity"] / 7
    for name, values in (
        ("dataset", [f"data-{k}" for k in range(n_datasets)]),
        ("fusion", fusions),
        ("seed", range(n_seeds)),
        ("metric", ["accuracy", "ece"]),
    ):
        frame = frame.merge(pd.Series(values, name=name), how="cross")
    rng = make_generator("large")
    kinds = {name: families[1 + k % 13] if k > 1 else "control" for k, name in enumerate(fusions)}
    costs = {name: rng.lognormal() for name in fusions}
    return frame.assign(
        family=frame["fusion"].map(kinds),
        level_name="amount",
        direction=frame["metric"].map({"accuracy": "maximize", "ece": "minimize"}),
        value=rng.uniform(size=len(frame)),
        fit_seconds=frame["fusion"].map(costs),
        predict_seconds=0.01,
        n_test=1000,
        key=[f"{k:016x}" for k in range(len(frame))],
    ).query("fusion != 'strategy-number-7' or dataset != 'data-1'")  # these failed


def make_curves(cells):
    """Losses of 100 epochs of the networks among the strategies: every other one."""
    nets = cells[cells["fusion"].str.endswith(("0", "2", "4", "6", "8"))]
    epochs = pd.DataFrame({"epoch": range(1, 101), "max_epochs": 100})
    curves = nets.merge(epochs, how="cross").merge(
        pd.Series(["train", "validation"], name="part"), how="cross"
    )
    rng = make_generator("curves")
    return curves.assign(loss=1 / curves["epoch"] + rng.uniform(size=len(curves)))[list(CURVE_COLUMNS)]


def write_large(path):
    """Write the report of a large run."""
    records = make_large()
    lost = records[["dataset", "seed"]].drop_duplicates().query("dataset == 'data-1'")
    reason = "ValueError: no\n" + "Traceback (most recent call last):\n  File x.py, line 3\n" * 40
    failed = lost.assign(fusion="strategy-number-7", family="joint", status="failed", reason=reason)
    empty = failed.assign(scenario="", metric="", direction="", value=float("nan"))
    frame = pd.concat([records.assign(status="done", reason=""), empty])
    cells = frame[["dataset", "fusion", "seed"]].drop_duplicates()
    classes = pd.DataFrame({"label": range(20), "predicted": 0, "confidence": 0.5})
    outcomes = cells.merge(classes, how="cross")
    write_report(frame, {"command": "fusebench run"}, path, outcomes=outcomes, curves=make_curves(cells))


@pytest.mark.slow
def test_a_large_run_gives_less_than_five_megabytes(tmp_path):
    write_large(tmp_path / "report.html")
    assert 1e6 < (tmp_path / "report.html").stat().st_size < 5e6
