"""A run beside published results: what is compared, and what is left out and said."""

import pandas as pd
import pytest

from fusebench.errors import FusebenchError
from fusebench.results.placing import place_among
from fusebench.results.publications import Publication, write_publication
from fusebench.results.records import validate
from fusebench.results.tables.leaderboard import build_leaderboard
from fusebench.results.tables.markup import to_csv
from fusebench.results.tables.view import make_view

from .fixtures import make_records
from .test_publications import make_provenance

DATASETS = ("fake-digits", "fake-letters")
CONTROLS = ("majority", "best-unimodal")


def publish(name="tiny", provenance=None, **chosen):
    records = validate(make_records(**{"datasets": DATASETS, "damaged": False, **chosen}))
    return Publication(name, records, provenance or make_provenance(name))


@pytest.fixture
def mine():
    """A strategy of one's own, with the controls."""
    records = make_records(datasets=DATASETS, fusions=[*CONTROLS, "late-mean"], damaged=False)
    return records.replace({"fusion": {"late-mean": "my-fusion"}})


def test_ranks_are_those_of_one_run_with_all(mine):
    whole = make_records(datasets=DATASETS, damaged=False)
    placed = place_among(mine, make_provenance(), [publish()])
    assert "my-fusion" not in placed.fusions
    assert not set(placed.fusions) & set(mine["fusion"])
    board = build_leaderboard(placed.records).set_index("fusion")
    expected = build_leaderboard(whole).set_index("fusion")
    numbers = ["score", "low", "high", "gain", "gain_low", "gain_high", "mra_noise", "worst"]
    for fusion in ("late-weighted", "tensor-fusion", "majority"):
        assert board.loc[fusion, numbers].to_list() == pytest.approx(
            expected.loc[fusion, numbers].to_list(), nan_ok=True
        )
    assert (
        board.loc["my-fusion", "score"]
        == expected.loc["late-mean", "score"]
        == board.loc["late-mean", "score"]
    )
    assert len(placed.notices) == 1
    assert f"{len(placed.fusions)} published strategies of the suite tiny (Fusebench 1.0" in placed.notices[0]


def test_how_many_are_added_is_said(mine):
    theirs = publish(fusions=[*CONTROLS, "late-mean", "late-product"])
    placed = place_among(mine, make_provenance(), [theirs])
    assert placed.notices[0].startswith("Beside 2 published strategies of the suite tiny ")
    known = mine.replace({"fusion": {"my-fusion": "late-mean"}})
    placed = place_among(known, make_provenance(), [theirs])
    assert placed.notices[0].startswith("Beside 1 published strategy of the suite tiny ")
    placed = place_among(known, make_provenance(), [publish(fusions=CONTROLS, unimodal=False)])
    assert placed.fusions == []
    assert placed.notices[0].startswith("The run has every published strategy of the suite tiny ")


def test_equal_scores_stay_equal_beside_published_ones(mine, tmp_path):
    mine["value"] += 1 / 3e3
    theirs = mine.replace({"fusion": {"my-fusion": "late-mean"}})
    publication = write_publication(theirs, make_provenance(), tmp_path)
    scores = place_among(mine, make_provenance(), [publication]).records.set_index("fusion")["value"]
    assert scores["my-fusion"].to_list() == scores["late-mean"].to_list()


def test_most_conditions_then_most_strategies_decide_which_results_are_taken(mine):
    whole = publish("whole")
    few = publish("few", fusions=[*CONTROLS, "late-mean", "late-product"])
    more = publish("more")._replace(records=whole.records[whole.records["severity"] == 0])
    names = [
        place_among(mine, make_provenance(), some).notices[0]
        for some in ([few, more], [more, few], [few, whole, more], [more, few, whole])
    ]
    assert ["suite few" in name for name in names] == [True, True, False, False]
    assert ["suite whole" in name for name in names] == [False, False, True, True]


def test_times_of_another_machine_are_not_shown(mine):
    placed = place_among(mine, make_provenance(), [publish()])
    board = build_leaderboard(placed.records).set_index("fusion")
    assert board.loc[placed.fusions, ["fit_seconds", "latency", "fit_bytes"]].isna().all(axis=None)
    assert board.loc["my-fusion", "fit_seconds"] > 0


def test_a_strategy_in_both_is_shown_once_as_the_run_has_it(mine):
    changed = mine.replace({"fusion": {"my-fusion": "late-product"}}).assign(family=mine["family"])
    placed = place_among(changed, make_provenance(), [publish()])
    board = build_leaderboard(placed.records)
    assert (board["fusion"] == "late-product").sum() == 1
    assert "late-product" not in placed.fusions
    assert board.set_index("fusion").loc["late-product", "fit_seconds"] > 0


def test_published_rows_are_marked(mine):
    placed = place_among(mine, make_provenance(), [publish()])
    view = make_view(placed.records, published=placed.fusions, notice=placed.notices)
    sources = view.frame.set_index("fusion")["source"]
    assert sources["my-fusion"] == sources["majority"] == "this run"
    assert set(sources[placed.fusions]) == {"published"}
    assert "source" in to_csv(view).partition("\n")[0]
    assert placed.notices[0] in view.page.notices
    by_dataset = make_view(placed.records, by="dataset", published=placed.fusions)
    assert any(notice.startswith("Published: cross-attention, ") for notice in by_dataset.page.notices)
    assert "source" not in make_view(mine).frame


@pytest.mark.parametrize(
    ("aspect", "value", "sentence"),
    [
        ("data", "another", "fake-letters is left out: its published scores are of other data"),
        ("protocol", 1, "fake-letters is left out: its published scores were made by another version"),
        (
            "sizes",
            [200, 100, 200],
            "fake-letters is left out: its published scores are of splits of other sizes",
        ),
    ],
)
def test_a_data_set_that_is_not_the_same_is_left_out(mine, aspect, value, sentence):
    told = make_provenance()
    told["data"]["fake-letters"] = {**told["data"]["fake-letters"], aspect: value}
    placed = place_among(mine, told, [publish()])
    assert any(notice.startswith(sentence) for notice in placed.notices)
    assert set(placed.records["dataset"]) == {"fake-digits"}
    told["data"]["fake-digits"] = {**told["data"]["fake-digits"], aspect: value}
    with pytest.raises(
        FusebenchError, match=r"Nothing of this run can stand beside .* fake-letters is left out"
    ):
        place_among(mine, told, [publish()])


def test_a_data_set_that_is_not_published_is_left_out(mine):
    provenance = make_provenance()
    del provenance["data"]["fake-letters"]
    placed = place_among(mine, make_provenance(), [publish(provenance=provenance, datasets=("fake-digits",))])
    assert "fake-letters is left out: it is not in the published suite tiny." in placed.notices
    assert set(placed.records["dataset"]) == {"fake-digits"}


def test_only_common_seeds_are_compared(mine):
    placed = place_among(mine, make_provenance(), [publish(seeds=(1, 2, 3))])
    assert set(placed.records["seed"]) == {1, 2}
    assert "Only seeds that both have are compared: 1, 2 on fake-digits, fake-letters." in placed.notices
    assert build_leaderboard(placed.records)["coverage"].eq(1).all()
    with pytest.raises(FusebenchError, match=r"no seed and training scenario in common"):
        place_among(mine, make_provenance(), [publish(seeds=(7,))])


def test_another_training_is_left_out(mine):
    noisy = mine.assign(training="label-noise-3")
    with pytest.raises(FusebenchError, match=r"no seed and training scenario in common"):
        place_among(noisy, make_provenance(), [publish()])


def test_conditions_of_other_levels_and_of_one_side_are_left_out(mine):
    mine.loc[mine["scenario"] == "noise-audio-white", "level"] += 1.0
    published = publish()
    kept = published.records["scenario"] != "missing-rate"
    placed = place_among(mine, make_provenance(), [published._replace(records=published.records[kept])])
    assert "Left out, since only one of them has it: missing-rate (10 conditions)." in placed.notices
    assert "Left out, since other levels: noise-audio-white (10 conditions)." in placed.notices
    assert set(placed.records["scenario"]) == {"clean", "missing-modality", "noise-image-gaussian"}
    assert build_leaderboard(placed.records)["mra_noise"].notna().all()


def test_controls_that_differ_are_told(mine):
    published = publish()
    records = published.records.copy()
    moved = (records["fusion"] == "best-unimodal") & (records["metric"] == "accuracy")
    records.loc[moved, "value"] -= 0.005
    placed = place_among(mine, make_provenance(), [published._replace(records=records)])
    assert any("controls score differently by up to 0.005" in notice for notice in placed.notices)


def test_other_settings_of_the_suite_are_told(mine):
    told = make_provenance()
    told["suite"] = {**told["suite"], "temper": True}
    placed = place_among(mine, told, [publish()])
    assert "Strategies were run with temper = True here, with None when published." in placed.notices


def test_of_several_that_with_most_in_common_is_taken(mine):
    few = publish("few", fusions=[*CONTROLS, "late-mean"])
    one = make_provenance("one")
    del one["data"]["fake-letters"]
    assert (
        "suite tiny "
        in place_among(mine, make_provenance(), [few, publish("one", one), publish()]).notices[0]
    )
    with pytest.raises(FusebenchError, match="No results are published"):
        place_among(mine, make_provenance(), [])


def test_a_run_that_does_not_tell_its_data_is_refused(mine):
    with pytest.raises(FusebenchError, match=r"run.json does not say of which data"):
        place_among(mine, {"version": "0.0"}, [publish()])


def test_failed_cells_are_kept_as_what_they_are(mine):
    published = publish()
    lost = (published.records["fusion"] == "gated-unit") & (published.records["seed"] == 1)
    cells = published.records[lost].drop_duplicates(["dataset", "fusion", "seed"])
    failed = cells.assign(
        scenario="", metric="", direction="", value=float("nan"), status="failed", modality="", severity=0
    )
    records = pd.concat([published.records[~lost], failed])
    board = build_leaderboard(
        place_among(mine, make_provenance(), [published._replace(records=records)]).records
    )
    row = board.set_index("fusion").loc["gated-unit"]
    assert row["coverage"] == pytest.approx(2 / 3)
    assert board.set_index("fusion")["rank"].isna().loc["gated-unit"]
