import re
from itertools import combinations
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
import pytest
from matplotlib import colormaps
from matplotlib.colors import to_hex

from fusebench.results.figures import scores as figures
from fusebench.results.figures.palette import FAMILY_COLOURS, FAMILY_MARKERS
from fusebench.results.figures.svg import Drawing
from fusebench.results.records import validate
from fusebench.results.statistics.robustness import relative_scores
from fusebench.results.statistics.stats import condition_intervals, condition_scores
from fusebench.results.tables.leaderboard import build_leaderboard

from ..fixtures import DATASETS, FUSIONS, make_records

LEVELS = ["dataset", "scenario", "modality", "severity"]


def draw_all(records: pd.DataFrame, dataset: str) -> list[Drawing]:
    """Every kind of figure once."""
    board = build_leaderboard(records)
    own = build_leaderboard(records[records["dataset"] == dataset])
    scores = condition_scores(records, "accuracy")
    intervals = condition_intervals(scores)
    levels = records.drop_duplicates(LEVELS)[[*LEVELS, "level", "level_name"]]
    drawn = [
        figures.draw_clean(intervals, board, "best-unimodal"),
        figures.draw_gain(board),
        figures.draw_cost(board, 1, "best-unimodal"),
        figures.draw_missing(relative_scores(scores, 1), own, dataset),
        figures.draw_severity(intervals, levels, own, dataset, "best-unimodal"),
    ]
    return [drawing for drawing in drawn if drawing]


@pytest.fixture(scope="module")
def drawings(records):
    return draw_all(records, "fake-posts")


def test_every_figure_has_a_title_and_words_for_those_who_do_not_see_it(drawings):
    assert len({drawing.name for drawing in drawings}) == 5
    for drawing in drawings:
        assert drawing.title
        assert len(drawing.alt) > 60
        assert drawing.svg.startswith("<svg viewBox=")
        name = drawing.name
        assert f'role="img" aria-labelledby="{name}-title" aria-describedby="{name}-desc"' in drawing.svg
        assert f'<title id="{name}-title">{drawing.title}</title>' in drawing.svg
        assert f'<desc id="{name}-desc">{escape(drawing.alt)}</desc>' in drawing.svg
        assert drawing.svg.count("<svg") == drawing.svg.count("</svg>") == 1


def test_the_same_records_give_the_same_bytes(drawings, records):
    assert draw_all(records, "fake-posts") == drawings


def test_nothing_is_loaded_rasterised_or_styled_outside_the_figure(drawings):
    for drawing in drawings:
        assert "<image" not in drawing.svg
        assert "<style" not in drawing.svg
        assert "http" not in drawing.svg
        assert "<!--" not in drawing.svg


def test_identifiers_do_not_clash_between_figures(drawings):
    identifiers = [set(re.findall(r' id="([^"]*)"', drawing.svg)) for drawing in drawings]
    for first, second in combinations(identifiers, 2):
        assert first.isdisjoint(second)
    for drawing, own in zip(drawings, identifiers, strict=True):
        used = set(re.findall(r'(?:url\(#|href="#)([^)"]*)', drawing.svg))
        assert used <= own


def test_text_and_lines_follow_the_theme_of_the_page(drawings):
    for drawing in drawings:
        assert "fill:currentColor" in drawing.svg
        if "missing" not in drawing.name:  # a heat map's colours are its data
            assert not re.findall(r"#[0-9a-f]{6}\b", drawing.svg)
            assert "var(--line)" in drawing.svg
            assert "var(--late)" in drawing.svg


def test_fusions_are_named_and_missing_ones_are_marked(drawings):
    by_name = {drawing.name: drawing.svg for drawing in drawings}
    assert all(f">{name}</text>" in by_name["figure-clean"] for name in FUSIONS if name != "majority")
    assert "majority" not in by_name["figure-clean"]
    heat = by_name["figure-missing-fake-posts"]
    assert heat.count(">–</text>") == 2  # tensor-fusion without each of two modalities
    assert ">without text</text>" in heat
    severity = by_name["figure-severity-fake-posts"]
    assert ">share of letters mistyped</text>" in severity
    assert ">0.35</text>" in severity


def test_every_pattern_of_absence_has_a_column(whole):
    own = whole[(whole["dataset"] == "fake-posts") & (whole["metric"] == "accuracy")]
    single = own[own["scenario"] == "missing-modality"].assign(scenario="missing-pattern")
    both = single[single["modality"] == "text"].assign(modality="image+text")
    third = single[single["modality"] == "text"].assign(modality="table")
    heat = next(
        d for d in draw_all(pd.concat([own, single, both, third]), "fake-posts") if "missing" in d.name
    )
    named = re.findall(r">without ([^<]*)</text>", heat.svg)
    assert named == ["image", "text", "table", "image + text"]


def test_times_within_a_decade_and_few_seeds_still_make_readable_axes(whole):
    """No tick is left to mathematical text, and bands that leave 0 to 1 do not flatten the lines."""
    two = whole[(whole["seed"] < 2) & (whole["dataset"] == "fake-digits")]
    two = two.assign(fit_seconds=0.02 + 0.01 * (two["fusion"] == "early-mlp"))
    wild = two.assign(value=(two["value"] + 0.3 * two["seed"] * (two["severity"] > 2)).clip(upper=1))
    by_name = {drawing.name: drawing.svg for drawing in draw_all(wild, "fake-digits")}
    assert "mathdefault" not in "".join(by_name.values())
    assert ">20 ms</text>" in by_name["figure-cost"]
    ticks = re.findall(
        r">([−\d.]+)</text>", by_name["figure-severity-fake-digits"].split(">missing-rate<")[0]
    )
    assert all(0 <= float(tick.replace("−", "-")) <= 1 for tick in ticks)


def test_dots_are_where_the_numbers_say(drawings, records):
    """Read the gains back from the drawing, with its own ticks as a ruler."""
    svg = next(drawing.svg for drawing in drawings if drawing.name == "figure-gain")
    ticks = re.findall(r'<text style="[^"]*middle[^"]*" x="([\d.]+)" y="[\d.]+">(-?\d\.\d+)</text>', svg)
    place, value = np.array(ticks, dtype=float).T
    slope, offset = np.polyfit(place, value, 1)
    dots = {float(y): float(x) for x, y in re.findall(r'<use [^>]*x="([\d.]+)" y="([\d.]+)"', svg)}
    gains = (
        build_leaderboard(records).query("family != 'control'")["gain"].dropna().sort_values(ascending=False)
    )
    drawn = [slope * dots[y] + offset for y in sorted(dots)][: len(gains)]
    assert drawn == pytest.approx(gains.to_list(), abs=0.001)


def test_hostile_names_are_text(whole):
    hostile = "$x$<script>alert(1)</script>&amp;\"' 1.23456 #1b1f24"
    records = whole[whole["dataset"] == "fake-digits"].replace({"fusion": {"cross-attention": hostile}})
    for drawing in draw_all(records, "fake-digits"):
        assert "<script" not in drawing.svg
        assert ">$x$&lt;script&gt;alert(1)&lt;/script&gt;&amp;amp;\"' 1.23456 #1b1f24</text>" in drawing.svg


def test_figures_stay_small_with_many_fusions():
    """As many as a full run: 48 fusions on 8 data sets, here the same 12 under other names."""
    parts = [
        part.assign(fusion=part["fusion"] + suffix, dataset=part["dataset"] + again)
        for suffix in ("", "-wide", "-deep", "-long")
        for again, names in (("", tuple(DATASETS)), ("-b", tuple(DATASETS)[:2]))
        for part in [make_records(datasets=names, unimodal=False, damaged=False)]
    ]
    records = pd.concat(parts)
    for drawing in draw_all(validate(records[records["metric"] == "accuracy"]), "fake-digits"):
        assert len(drawing.svg) < 150_000, drawing.name


def test_nothing_to_draw_gives_no_figure(whole):
    clean = whole[(whole["mechanism"] == "clean") & (whole["dataset"] == "fake-digits")]
    clean = clean.assign(fit_seconds=float("nan"))
    names = [drawing.name for drawing in draw_all(clean[clean["fusion"] != "best-unimodal"], "fake-digits")]
    assert names == ["figure-clean"]


def test_numbers_in_a_heat_map_can_be_read(drawings):
    heat = next(drawing.svg for drawing in drawings if "missing" in drawing.name)
    written = re.findall(r'<text style="([^"]*)"[^>]*>(\d\.\d\d)</text>', heat)
    assert len(written) > 20
    for style, text in written:
        background = linear(to_hex(colormaps["cividis"](float(text)))) @ [0.2126, 0.7152, 0.0722]
        light = 1.0 if "fill:#ffffff" in style else 0.0
        assert (max(light, background) + 0.05) / (min(light, background) + 0.05) > 4.4


def linear(colour: str) -> np.ndarray:
    channels = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def oklab(rgb: np.ndarray) -> np.ndarray:
    cones = [[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.63]]
    axes = [[0.2105, 0.7936, -0.0041], [1.978, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]]
    return np.array(axes) @ np.cbrt(np.array(cones) @ np.clip(rgb, 0, 1))


# What is seen without red or green cones (Machado, Oliveira and Fernandes 2009, severity 1).
PROTANOPIA = [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]
DEUTERANOPIA = [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]


@pytest.mark.parametrize(
    ("seen", "least"), [(np.eye(3), 0.11), (np.array(PROTANOPIA), 0.08), (np.array(DEUTERANOPIA), 0.08)]
)
def test_any_two_families_differ_in_colour_for_everyone(seen, least):
    colours = [oklab(seen @ linear(colour)) for colour in FAMILY_COLOURS.values()]
    assert min(np.linalg.norm(a - b) for a, b in combinations(colours, 2)) > least


def test_families_have_contrast_to_paper_and_markers_of_their_own():
    luminance = [linear(colour) @ [0.2126, 0.7152, 0.0722] for colour in FAMILY_COLOURS.values()]
    assert min(1.05 / (value + 0.05) for value in luminance) > 2.99
    assert len(set(FAMILY_MARKERS.values())) == len(FAMILY_COLOURS)


def test_panels_of_many_data_sets_are_wide_enough_to_be_read(whole):
    one = whole[(whole["dataset"] == "fake-digits") & (whole["mechanism"] == "clean")]
    names = [f"fake-digits [train: label-noise-{number}]" for number in range(11)]
    many = pd.concat([one.assign(dataset=name) for name in names])
    board = build_leaderboard(many)
    intervals = condition_intervals(condition_scores(many, "accuracy"))
    drawing = figures.draw_clean(intervals, board, "best-unimodal")
    assert drawing is not None
    places = re.findall(r"translate\((\S+) \S+\)\">\[train: label-noise-\d+\]<", drawing.svg)
    assert len(places) == 11
    assert len(set(places)) == 4  # columns
    assert ">fake-digits</text>" in drawing.svg
    assert drawing.note.endswith("Dashed: best-unimodal.")


def test_a_heat_map_says_what_its_numbers_are(drawings):
    heat = next(drawing for drawing in drawings if "missing" in drawing.name)
    assert "Share of its clean score" in heat.note
