"""Training scenarios: cells of their own, and never averaged with clean training."""

import json

import numpy as np
import pytest

from fusebench import FusebenchError
from fusebench.bench.features import FeatureCache
from fusebench.bench.planning.plan import make_plan
from fusebench.bench.run import run_plan
from fusebench.bench.suite import Suite
from fusebench.results.tables.leaderboard import build_leaderboard, by_dataset

SUITE = Suite(
    name="faulty",
    datasets=("synth-redundant",),
    fusions=("late-mean",),
    scenarios=("missing-modality",),
    training=("label-noise-5", "missing-modality-a-5", "small-training-3", "unpaired-5"),
    seeds=2,
    dataset_options={"synth-redundant": {"n_train": 200, "n_validation": 80, "n_test": 100}},
)
TRAININGS = {"clean", *SUITE.training}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run, with its cells."""
    cells = make_plan(SUITE)
    return run_plan(SUITE, cells, out=tmp_path_factory.mktemp("faulty")), cells


def test_every_training_scenario_has_cells_of_its_own_and_clean_is_always_there(finished):
    summary, cells = finished
    assert {cell.training for cell in cells} == TRAININGS
    assert len({cell.key for cell in cells}) == len(cells) == len(TRAININGS) * 2 * 5
    assert summary.failed == 0
    rows = summary.records.groupby("training").size()
    assert set(rows.index) == TRAININGS
    assert rows.nunique() == 1  # each is scored under every test scenario


def test_a_training_scenario_more_changes_no_clean_cell(finished):
    _, cells = finished
    alone = make_plan(SUITE.model_copy(update={"training": ("clean",)}))
    assert [cell.key for cell in alone] == [cell.key for cell in cells if cell.training == "clean"]


def features_of(finished, training, part):
    summary, cells = finished
    cell = next(cell for cell in cells if cell.training == training and cell.seed == 0)
    return FeatureCache(summary.folder / "features").load(cell.bundle, part, ("vector",))


def test_training_and_validation_are_changed_and_the_test_is_not(finished):
    clean = {part: features_of(finished, "clean", part) for part in ("train", "validation", "clean-0")}
    noisy = {part: features_of(finished, "label-noise-5", part) for part in clean}
    for part, share in (("train", 0.4), ("validation", 0.4), ("clean-0", 0)):
        assert (clean[part].labels != noisy[part].labels).mean() == pytest.approx(share, abs=0.01)
    for training in TRAININGS:
        test = features_of(finished, training, "clean-0")
        np.testing.assert_array_equal(test.modalities["a"].values, clean["clean-0"].modalities["a"].values)
        np.testing.assert_array_equal(test.labels, clean["clean-0"].labels)
        assert test.mask.all()
    assert not features_of(finished, "missing-modality-a-5", "train").has("a").any()
    assert (features_of(finished, "unpaired-5", "validation").mask.sum(axis=1) == 1).all()
    assert len(features_of(finished, "small-training-3", "train")) == 20


def test_faults_are_drawn_for_each_split_by_itself(finished):
    _, cells = finished
    bundle = next(cell.bundle for cell in cells if cell.training == "unpaired-5")
    data = bundle.dataset.load(0).test
    drawn = [
        bundle.training.apply(data, train=data, dataset="d", seed=0, split=split).mask
        for split in ("train", "validation", "test")
    ]
    assert (drawn[0] != drawn[1]).any()
    assert (drawn[1] != drawn[2]).any()


def test_what_is_learnt_shows_the_fault(finished):
    summary, _ = finished
    scores = by_dataset(summary.records).loc["unimodal-a"]
    clean, without = (scores[f"synth-redundant{label}"] for label in ("", " [train: missing-modality-a-5]"))
    assert clean > 0.8
    assert without == pytest.approx(0.5, abs=0.1)


def test_clean_and_faulty_training_are_never_averaged(finished):
    summary, _ = finished
    records = summary.records
    own = build_leaderboard(records[records["training"] == "clean"])
    both = build_leaderboard(records)
    assert both["score"].tolist() == own["score"].tolist()
    assert both["mra_missing"].tolist() == own["mra_missing"].tolist()
    with pytest.raises(FusebenchError, match="has one training scenario, however: label-noise-5, "):
        build_leaderboard(records[records["training"] != "clean"])
    faulty = build_leaderboard(records[records["training"] == "label-noise-5"])
    assert faulty["score"].tolist() != own["score"].tolist()


def test_the_outputs_say_what_they_leave_out(finished):
    summary, _ = finished
    for name in ("leaderboard.md", "leaderboard.csv", "report.html"):
        assert "Ranked after training on clean data" in (summary.folder / name).read_text(), name
    assert "synth-redundant [train: unpaired-5]" in summary.report.read_text()
    assert json.loads((summary.folder / "run.json").read_text())["suite"]["training"] == list(SUITE.training)


def test_the_masks_are_kept(finished):
    summary, _ = finished
    kept = sorted((summary.folder / "masks" / "synth-redundant").glob("*/*.npz"))
    assert {path.parent.name for path in kept} == TRAININGS
    assert len(kept) == len(TRAININGS) * 2
    with np.load(
        next(path for path in kept if path.parent.name == "unpaired-5"), allow_pickle=False
    ) as masks:
        assert masks["modalities"].tolist() == ["a", "b"]
        assert (masks["train"].sum(axis=1) == 1).all()
        assert masks["clean-0"].all()
        assert masks["missing-modality-a-5"].tolist() == [[False, True]] * 100


def test_globs_choose_training_scenarios_and_a_wrong_name_gets_a_suggestion():
    asked = SUITE.model_copy(update={"training": ("label-noise-*", "noise-vector-gaussian-b-[35]")})
    assert {cell.training for cell in make_plan(asked)} == {
        "clean",
        *(f"label-noise-{severity}" for severity in range(1, 6)),
        "noise-vector-gaussian-b-3",
        "noise-vector-gaussian-b-5",
    }
    with pytest.raises(FusebenchError, match=r"is 'label-nose-3'; did you mean label-noise-3"):
        make_plan(SUITE.model_copy(update={"training": ("label-nose-3",)}))
