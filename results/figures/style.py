"""How figures look: colours, sizes, and fonts small enough to be put into every PDF quickly."""

import atexit
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

__all__ = ["FAINT", "INK", "LINE", "PAPER", "drawing_style"]

# The colours of the light theme, which no palette uses; in the page they become those of its theme.
INK = "#1b1f24"
LINE = "#dfe3e8"
FAINT = "#b4bcc6"
PAPER = "#fffffe"  # not white, which seaborn writes with on what is dark

_RC: Any = {
    "axes.axisbelow": True,
    "axes.edgecolor": LINE,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "font.size": 9,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "svg.fonttype": "none",
    "text.color": INK,
    "text.parse_math": False,  # a name may hold a dollar sign
    "xtick.color": INK,
    "xtick.labelsize": 8,
    "xtick.major.size": 0,
    "ytick.color": INK,
    "ytick.labelsize": 8,
    "ytick.major.size": 0,
}

_WHOLE = "DejaVu Sans"  # comes with matplotlib
_SMALL = "Fusebench Sans"
_CHARACTERS = [*range(0x20, 0x7F), *range(0xA0, 0x100), *map(ord, "–—…−≤≥→↑↓×")]


@contextmanager
def drawing_style() -> Iterator[None]:
    """Draw what is drawn inside in the style of the project."""
    import matplotlib as mpl

    with mpl.rc_context({**_RC, "font.family": _font_families()}):
        yield


@lru_cache(maxsize=1)
def _font_families() -> list[str]:
    """Give the sans-serif fonts to draw with: Latin letters and signs alone, then the font that has all.

    A PDF holds the characters that it shows. To pick them out of the whole font takes a fifth of a second a
    figure, since it has six thousand; so most of them are left out here, once.
    """
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont
    from matplotlib.font_manager import FontProperties, findfont, fontManager

    options = Options(layout_features=[], name_IDs=["*"], drop_tables=["FFTM", "GDEF", "GPOS", "GSUB"])
    folder = Path(mkdtemp(prefix="fusebench-fonts-"))  # read whenever something is drawn
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for weight, style in (("normal", "Regular"), ("bold", "Bold")):
        source = findfont(FontProperties(family=_WHOLE, weight=weight))
        font = TTFont(source, recalcTimestamp=False)  # so that the same figure gives the same bytes
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=_CHARACTERS)
        subsetter.subset(font)
        names = {1: _SMALL, 2: style}
        for record in font["name"].names:
            record.string = names.get(record.nameID, record.toUnicode())
        font.save(folder / f"{weight}.ttf")
        fontManager.addfont(folder / f"{weight}.ttf")
    return [_SMALL, _WHOLE]
