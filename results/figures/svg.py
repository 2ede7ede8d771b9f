"""From a matplotlib figure to a small SVG that sits inside a page and follows its colours, and to PDF."""

import re
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape
from zlib import crc32

from .palette import FAMILY_COLOURS
from .style import FAINT, INK, LINE, PAPER

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

__all__ = ["Drawing", "finish", "slug", "to_pdf", "to_svg"]

_THEME = {INK: "currentColor", LINE: "var(--line)", FAINT: "var(--faint)", PAPER: "var(--paper)"} | {
    colour: f"var(--{family})" for family, colour in FAMILY_COLOURS.items()
}


class Drawing(NamedTuple):
    """A figure in every form.

    Parameters
    ----------
    name : str
        Its address in the page.
    title : str
        What it is about.
    alt : str
        What it shows, for those who do not see it.
    svg : str
        To stand inside a page.
    pdf : bytes
        To stand in an article.
    csv : str
        The numbers that it shows.
    note : str
        What everybody has to know to read it; may be "".
    """

    name: str
    title: str
    alt: str
    svg: str
    pdf: bytes
    csv: str
    note: str = ""


# What matplotlib writes and a page does not need: comments, metadata, a style sheet that would reach the
# whole page; and in the tags fonts (the page has its own), turns by nothing and what is so by default.
_NEEDLESS = re.compile(r"<!--.*?-->|<metadata>.*?</metadata>|<defs>\s*<style.*?</style>\s*</defs>", re.DOTALL)
_NEEDLESS_IN_TAGS = re.compile(
    r" font-family:[^;]*;| transform=\"rotate\(-0 [^)]*\)\"|(?<=<g) id=\"[^\"]*\""
    r"| stroke-dashoffset: 0;| stroke-linejoin: miter;"
)
# Shapes that cannot be seen, and groups that hold nothing or one thing.
_UNSEEN = re.compile(r"<path (?!id)[^>]*style=\"fill:none\"/>|<g/>|<g></g>")
_ALONE = re.compile(r"<g>(<(?:path|use|text) [^>]*(?:/>|>[^<]*</text>))</g>")


def to_svg(figure: "Figure", name: str, title: str, alt: str) -> str:
    """Save as inline SVG: no date, no fonts, the colours of the page's theme.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Drawn in the `drawing_style`.
    name : str
        Unique in the page: identifiers inside the figure depend on it, and clash with no other's.
    title : str
        What it is about.
    alt : str
        What the figure shows, for those who do not see it.

    Returns
    -------
    str
        One ``<svg>`` element; the same figure always gives the same text.
    """
    import matplotlib as mpl

    buffer = StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", metadata=nothing)
    text = buffer.getvalue()
    text = re.sub(r">\s+<", "><", _NEEDLESS.sub("", text[text.index("<svg") :]))
    text = re.sub(r"<[^>]*>", lambda tag: _shrink(tag[0]), text)
    text = _ALONE.sub(r"\1", _UNSEEN.sub("", text))
    width, height = (round(96 * inches) for inches in figure.get_size_inches())
    box = re.search(r'viewBox="[^"]*"', text)
    named = f'role="img" aria-labelledby="{name}-title" aria-describedby="{name}-desc"'
    told = f'<title id="{name}-title">{escape(title)}</title><desc id="{name}-desc">{escape(alt)}</desc>'
    opening = f'<svg {box[0] if box else ""} width="{width}" height="{height}" {named}>{told}'
    return f"{opening}{text[text.index('>') + 1 :]}".strip()


def to_pdf(figure: "Figure") -> bytes:
    """Save as PDF without a date, with fonts that journals accept.

    The same figure always gives the same bytes.
    """
    import matplotlib as mpl

    buffer = BytesIO()
    with mpl.rc_context({"pdf.fonttype": 42}):  # not type 3
        figure.savefig(buffer, format="pdf", metadata=dict.fromkeys(("CreationDate", "Creator", "Producer")))
    return buffer.getvalue()


def finish(
    figure: "Figure", name: str, title: str, alt: str, data: "pd.DataFrame", note: str = ""
) -> Drawing:
    """Save a figure drawn in the `drawing_style` in every form, with the numbers that it shows."""
    _lay_out(figure)
    svg = to_svg(figure, name, title, alt)
    csv = data.to_csv(index=False, float_format="%.5g", lineterminator="\n")
    return Drawing(name, title, alt, svg, to_pdf(figure), csv, note)


def _lay_out(figure: "Figure") -> None:
    """Put everything in its place once and for all; to save would do it, and draw twice."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine(None)


def slug(name: str) -> str:
    """Make an identifier for a page from a name; different names give different ones.

    Examples
    --------
    >>> slug("synth-xor"), slug("my data <2>")
    ('synth-xor', 'my-data-2-94b94408')
    """
    if re.fullmatch(r"[a-z0-9-]+", name):
        return name
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    return f"{plain}-{crc32(name.encode()):08x}"


def _shrink(tag: str) -> str:
    """Shorten a tag, and put the page's colours in; text between tags is left as it is."""
    tag = _NEEDLESS_IN_TAGS.sub("", tag)
    tag = re.sub(r' d="[^"]*"', lambda path: _round(re.sub(r" ?\n|(?<=[A-Z]) ", "", path[0]), 1), tag)
    tag = re.sub(r"(?<=[:;]) ", "", _round(tag, 2))
    for colour, variable in _THEME.items():
        tag = tag.replace(colour, variable)
    return tag


def _round(text: str, digits: int) -> str:
    def shorten(number: re.Match[str]) -> str:
        return f"{float(number[0]):.{digits}f}".rstrip("0").rstrip(".")

    return re.sub(rf"\d+\.\d{{{digits + 1},}}", shorten, text)
