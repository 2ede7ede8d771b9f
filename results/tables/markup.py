"""A page in the formats that people paste and programs read."""

import json
import re
from collections.abc import Iterable
from html import escape
from typing import Any

import pandas as pd

from .page import Page
from .view import View

__all__ = ["escape_markdown", "records_of", "to_csv", "to_html", "to_json", "to_latex", "to_markdown"]

_MARKDOWN = str.maketrans({character: f"\\{character}" for character in "\\|<>*_`[]"})
_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        **{character: f"\\{character}" for character in "&%$#_{}"},
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "[": "{[}",  # at the start of a row it would be an option of the line break before it
        "±": r"$\pm$",
        "µ": r"$\mu$",
        "–": "--",
        "“": "``",
        "”": "''",
    }
)

_MINUS = re.compile(r"(?<!\S)-(?=\d)")


def to_markdown(page: Page, *, explain: bool = False) -> str:
    """Write a Markdown document.

    Parameters
    ----------
    page : Page
        What to write.
    explain : bool
        Whether to add what each column means.

    Returns
    -------
    str
        Ends with a newline.
    """
    lines = ["# Leaderboard", ""]
    for notice in page.notices:
        lines += [f"> **{escape_markdown(notice)}**", ""]
    lines.append(_markdown_row(heading.text for heading in page.headings))
    lines.append(_markdown_row("---:" if heading.numeric else "---" for heading in page.headings))
    lines += [_markdown_row(row) for row in page.rows]
    lines += ["", page.note, ""]
    if explain:
        lines += ["## Columns", ""]
        lines += [f"- **{escape_markdown(h.text)}**: {escape_markdown(h.meaning)}" for h in page.headings]
        lines.append("")
    if page.unfinished:
        lines += ["## Not done", "", *(f"- {escape_markdown(line)}" for line in page.unfinished), ""]
    return "\n".join(lines)


def to_html(page: Page, *, explain: bool = False) -> str:
    """Write a plain table to put into a page, all of it in ASCII; see `to_markdown`."""
    lines = [_element("p", notice, "strong") for notice in page.notices]
    lines += ["<table>", "<thead>", f"<tr>{_html_cells('th', [h.text for h in page.headings], page)}</tr>"]
    lines += ["</thead>", "<tbody>"]
    lines += [f"<tr>{_html_cells('td', row, page)}</tr>" for row in page.rows]
    lines += ["</tbody>", "</table>", _element("p", page.note)]
    if explain:
        pairs = [_element("dt", h.text) + _element("dd", h.meaning) for h in page.headings]
        lines += ["<dl>", *pairs, "</dl>"]
    if page.unfinished:
        lines += ["<p>Not done:</p>", "<ul>", *(_element("li", line) for line in page.unfinished), "</ul>"]
    return "\n".join([*lines, ""]).encode("ascii", "xmlcharrefreplace").decode()


def to_latex(page: Page, *, explain: bool = False) -> str:
    r"""Write a ``tabular`` for the package booktabs; notes are comments, notices a row; see `to_markdown`."""
    width = len(page.headings)
    lines = ["% \\usepackage{booktabs}", *_latex_comments([page.note])]
    if explain:
        lines += _latex_comments(f"{heading.text}: {heading.meaning}" for heading in page.headings)
    lines += _latex_comments(f"Not done: {line}" for line in page.unfinished)
    alignment = "".join("r" if heading.numeric else "l" for heading in page.headings)
    lines += [f"\\begin{{tabular}}{{{alignment}}}", "\\toprule"]
    for notice in page.notices:
        bold = f"\\textbf{{{_escape_latex(notice)}}}"
        lines.append(f"\\multicolumn{{{width}}}{{@{{}}p{{\\linewidth}}@{{}}}}{{{bold}}} \\\\")
    lines += [_latex_row([heading.text for heading in page.headings]), "\\midrule"]
    lines += [_latex_row(row) for row in page.rows]
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", ""])


def to_csv(view: View) -> str:
    """Write all columns in full precision; cautions are a last column, which is not there without any."""
    notices = view.page.notices
    frame = view.frame.assign(note="; ".join(notices)) if notices else view.frame
    return str(frame.to_csv(index=False, lineterminator="\n"))


def to_json(view: View) -> str:
    """Write all columns in full precision with what they mean, for programs; a missing number is null."""
    page = view.page
    document = {
        "metric": view.metric,
        "notices": list(page.notices),
        "note": page.note,
        "columns": {heading.name: heading.meaning for heading in page.headings},
        "rows": records_of(view.frame),
        "unfinished": list(page.unfinished),
    }
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def records_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Turn rows into what JSON can hold: Python numbers, and None for what is missing.

    Examples
    --------
    >>> records_of(pd.DataFrame({"seed": [0], "value": [float("nan")]}))
    [{'seed': 0, 'value': None}]
    """
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]


def escape_markdown(text: str) -> str:
    """Write text so that Markdown shows it as it is."""
    return text.translate(_MARKDOWN)


def _markdown_row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(escape_markdown(cell) for cell in cells)} |"


def _html_cells(tag: str, texts: Iterable[str], page: Page) -> str:
    right = ' style="text-align: right"'
    return "".join(
        f"<{tag}{right if heading.numeric else ''}>{escape(text)}</{tag}>"
        for heading, text in zip(page.headings, texts, strict=True)
    )


def _element(tag: str, text: str, inner: str = "") -> str:
    content = escape(text)
    return f"<{tag}>{f'<{inner}>{content}</{inner}>' if inner else content}</{tag}>"


def _latex_row(cells: Iterable[str]) -> str:
    return f"{' & '.join(map(_escape_latex, cells))} \\\\"


def _latex_comments(texts: Iterable[str]) -> list[str]:
    return [f"% {line}" for text in texts for line in text.splitlines()]


def _escape_latex(text: str) -> str:
    return _MINUS.sub("$-$", text.translate(_LATEX))
