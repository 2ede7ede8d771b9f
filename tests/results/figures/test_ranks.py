import re
from xml.sax.saxutils import escape

import pandas as pd
import pytest

from fusebench.results.figures.ranks import draw_ranks, draw_wins
from fusebench.results.statistics.evidence import weigh_evidence
from fusebench.results.statistics.ranks import find_cliques
from fusebench.results.statistics.stats import clean_scores, condition_scores


@pytest.fixture(scope="module")
def scores(whole) -> pd.DataFrame:
    """Eighteen data sets, of which every three are alike."""
    clean = clean_scores(condition_scores(whole, "accuracy"))
    return pd.concat([clean.rename(index=lambda name, k=k: f"{name}{k}", level="dataset") for k in range(3)])


@pytest.fixture(scope="module")
def families(whole) -> pd.Series:
    return whole.drop_duplicates("fusion").set_index("fusion")["family"]


def test_names_ranks_and_a_bar_for_each_clique(scores, families):
    evidence = weigh_evidence(scores, 1, "best-unimodal")
    drawing = draw_ranks(evidence, families)
    for name, rank in evidence.test.ranks.items():
        assert re.search(rf">({name}  {rank:.2f}|{rank:.2f}  {name})</text>", drawing.svg), name
    cliques = find_cliques(evidence.test.ranks, evidence.test.pairs)
    assert cliques
    assert drawing.svg.count("stroke-width:2.5") == len(cliques)
    assert f"{len(cliques)} bars join" in drawing.alt


def test_nothing_is_drawn_of_ranks_that_are_not_testable(scores, families):
    few = scores.loc[["fake-digits0", "fake-words0"]]
    assert draw_ranks(weigh_evidence(few, 1, "best-unimodal"), families) is None


def test_the_matrix_shows_shares_of_data_sets(scores):
    evidence = weigh_evidence(scores, 1, "best-unimodal")
    drawing = draw_wins(evidence, "best-unimodal")
    texts = re.findall(r">(\d+)</text>", drawing.svg)
    assert len(texts) == 12 * 11  # none on the diagonal
    assert set(map(int, texts)) == {round(100 * share) for share in evidence.wins.stack() if share == share}


def test_of_many_fusions_the_best_and_the_baseline_are_shown(scores):
    more = {f"copy-{number:02}": scores["cross-attention"] + 0.001 * number for number in range(25)}
    drawing = draw_wins(weigh_evidence(scores.assign(**more), 1, "best-unimodal"), "best-unimodal")
    assert ">best-unimodal</text>" in drawing.svg
    assert ">late-mean</text>" not in drawing.svg
    assert "for 21 of 37 fusions" in drawing.alt


def test_a_single_data_set_has_no_matrix(scores):
    assert (
        draw_wins(weigh_evidence(scores.loc[["fake-digits0"]], 1, "best-unimodal"), "best-unimodal") is None
    )


def test_nothing_is_rasterised_and_bytes_repeat(scores, families):
    evidence = weigh_evidence(scores, 1, "best-unimodal")
    for draw in (lambda: draw_ranks(evidence, families), lambda: draw_wins(evidence, "best-unimodal")):
        first = draw()
        assert "<image" not in first.svg
        assert f"{first.title}</title><desc" in first.svg
        assert f"{escape(first.alt)}</desc>" in first.svg
        assert first == draw()
