"""The environment in which pages are rendered."""

from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["make_environment"]


def make_environment() -> "Environment":
    """Make it: templates of this package, everything escaped, no name left undefined."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["data_uri"] = _data_uri
    return environment


def _data_uri(content: str | bytes) -> str:
    """Write a file as an address: CSV so that it stays short, PDF in base 64."""
    if isinstance(content, bytes):
        return f"data:application/pdf;base64,{b64encode(content).decode()}"
    return f"data:text/csv;charset=utf-8,{quote(content, safe=',:;/()+*=@!$~')}"
